"""What a person typed, before any call."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mimecast import field_checks as check
from mailroom.mimecast.managed_urls import UrlWish


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Billing@Evil.Example ", "billing@evil.example"),
        ("o'neil+x@sub.evil.example", "o'neil+x@sub.evil.example"),
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
    ],
)
def test_addresses(text, expected):
    assert check.checked_address(text, "Sender") == expected


@pytest.mark.parametrize(
    "text",
    ["", "@evil.example", "evil.example", "a@", "a@b", "a@b..example", "a b@c.example", "A <a@c.example>",
     "a@c.example,", "a@c.example;b@c.example", "a@-c.example", "a\n@c.example", "a@c.example\x00",
     "x" * 65 + "@c.example", "a@[192.0.2.1]"],
)  # fmt: skip
def test_what_is_no_single_address(text):
    with pytest.raises(InvalidInputError, match="Sender"):
        check.checked_address(text, "Sender")


@pytest.mark.parametrize(
    "text", ["", "*.evil.example", "evil", "http://evil.example", "a@evil.example", "evil.example/x"]
)
def test_what_is_no_domain(text):
    with pytest.raises(InvalidInputError, match="Domain"):
        check.checked_domain(text, "Domain")


def test_domains_are_written_in_one_way():
    assert check.checked_domain("@Evil.Example", "Domain") == "evil.example"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("Strasse.example", "strasse.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("日本。example", "xn--wgv71a.example"),
    ],
)
def test_an_international_name_never_becomes_that_of_another_owner(typed, written):
    assert check.checked_domain(typed, "Domain") == written
    assert check.checked_address(f"a@{typed}", "Sender") == f"a@{written}"


@pytest.mark.parametrize(
    "value", ["2025-03-07T16:03:00Z", "2025-03-07T17:03:00+01:00", "2025-03-07T16:03:00.250+00:00"]
)
def test_times(value):
    assert check.checked_time(value, "End") == datetime(2025, 3, 7, 16, 3, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2025-03-07", "2025-03-07T16:03:00", "now", "99999-01-01T00:00:00Z"])
def test_what_is_no_time_with_a_zone(value):
    with pytest.raises(InvalidInputError, match="time zone"):
        check.checked_time(value, "End")


@pytest.mark.parametrize("value", ["true", 1, None, "no"])
def test_only_real_booleans_are_booleans(value):
    with pytest.raises(InvalidInputError, match="true or false"):
        check.checked_flag(value, "Enforced")


def test_choices_do_not_mind_case():
    assert check.checked_choice(" block  SENDER ", ("No Action", "Block Sender"), "Response") == "Block Sender"


@pytest.mark.parametrize(("text", "expected"), [("a@x.example", "<a@x.example>"), ("<a@x.example>", "<a@x.example>")])
def test_message_ids_get_their_brackets(text, expected):
    assert check.checked_message_id(text, "Message-ID") == expected


@pytest.mark.parametrize("text", ["", "<>", "a b", "<a><b>"])
def test_what_is_no_message_id(text):
    with pytest.raises(InvalidInputError):
        check.checked_message_id(text, "Message-ID")


@pytest.mark.parametrize(
    "text",
    ["", "javascript:alert(1)", "http://", "http://evil", "file:///x", "http://a b.example", "http://x.example:bad"],
)
def test_what_is_no_web_address(text):
    with pytest.raises(InvalidInputError):
        check.checked_url(text, "URL")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://x.example/a", "https://x.example/a", True),
        ("x.example", "http://X.example", True),
        ("http://x.example/a", "http://x.example/b", False),
        ("http://x.example/a?b", "http://x.example/a", False),
        ("http://x.example:8080/", "http://x.example/", False),
    ],
)
def test_the_place_of_a_url_is_what_mimecast_keeps_one_entry_for(one, other, same):
    assert (UrlWish(url=one).place == UrlWish(url=other).place) is same
    assert UrlWish(url=one, match_type="domain").place == ("domain", "x.example")
