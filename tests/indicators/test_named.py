"""Named patterns: found by the names people know, right on the text they are for."""

from __future__ import annotations

import pytest

from mailroom.indicators import NAMED, named

TEXT = """From: Jane <jane@northwind.com>
Seen 2026-01-28 11:21:04 from 192.0.2.1 and 2001:db8::1, see www.northwind.com and https://contoso.com/a.
MD5 5d41402abc4b2a76b9719d911017c592
"""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("IP", ["192.0.2.1", "2001:db8::1"]),
        ("Email", ["jane@northwind.com"]),
        ("URL", ["www.northwind.com", "https://contoso.com/a"]),
        ("Domain", ["northwind.com", "www.northwind.com", "contoso.com"]),
        ("MD5", ["5d41402abc4b2a76b9719d911017c592"]),
        ("SHA1", []),
        ("SHA256", []),
        ("DateTime", ["2026-01-28 11:21:04"]),
    ],
)
def test_a_named_pattern_finds_what_its_name_says(name: str, found: list[str]) -> None:
    assert NAMED[name].findall(TEXT) == found


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ip address", "IP"),
        ("e-mail address", "Email"),
        ("SHA-256", "SHA256"),
        ("date-time", "DateTime"),
        ("attachment file names", "Email Attachments Filename"),
        ("master card", "MasterCard"),
        ("Visa Mastercard", "Visa/MasterCard"),
        ("KoreanLocalCard", "Korean local Card"),
    ],
)
def test_a_name_is_found_however_it_is_written(written: str, name: str) -> None:
    pattern = named(written)
    assert pattern is not None
    assert pattern.name == name


def test_an_unknown_name_is_none() -> None:
    assert named("IBAN") is None


def test_attachment_names_are_read_from_headers() -> None:
    headers = (
        'Content-Disposition: attachment;\r\n filename="Offer, final.pdf"\r\n'
        "Content-Type: application/zip; name=data.zip\r\nfilename: notes.txt,,\r\n"
    )
    names = NAMED["Email Attachments Filename"].findall(headers)
    assert names == ["Offer, final.pdf", "data.zip", "notes.txt"]
