"""Download, source, analysis and expressions: what comes out, and where files may not go."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.actions.analyze import analyze, analyze_attached
from mailroom.mail.actions.criteria import criteria_from
from mailroom.mail.actions.download import download
from mailroom.mail.actions.eml import get_eml
from mailroom.mail.actions.extract import body_regex, expressions, header_regex
from mailroom.mail.actions.ping import ping
from mailroom.mail.actions.safe_files import SafeFolder
from mailroom.mail.parse import parse

Write = Callable[..., bytes]


def inside(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# downloads ----------------------------------------------------------------------------------------------------------


def test_every_attachment_of_every_mail_that_fits_is_saved(box: Any, mail: Write, tmp_path: Path) -> None:
    box.put(
        mail(1, files=[("a.pdf", b"one"), ("b.txt", b"two")]),
        mail(2, files=[("a.pdf", b"three")]),
        mail(3, Subject="other", files=[("c.pdf", b"four")]),
    )
    found = download(box.session, criteria_from(subject="Mail"), tmp_path / "new" / "folder")
    assert inside(tmp_path / "new" / "folder") == {"a.pdf", "a (2).pdf", "b.txt"}
    assert sorted(found.attachments_local_paths.split(",")) == sorted(map(str, (tmp_path / "new/folder").iterdir()))
    assert {Path(path).read_bytes() for path in found.paths} == {b"one", b"two", b"three"}
    assert box.flags()[1] == set()


def test_a_second_download_writes_nothing_again(box: Any, mail: Write, tmp_path: Path) -> None:
    box.put(mail(1, files=[("a.pdf", b"one")]))
    first = download(box.session, criteria_from(), tmp_path)
    again = download(box.session, criteria_from(), tmp_path)
    assert first.paths == again.paths
    assert [one.written for one in (*first.files, *again.files)] == [True, False]
    assert inside(tmp_path) == {"a.pdf"}


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.sh",
        "/etc/passwd",
        "..",
        "C:\\Windows\\evil.exe",
        "a/../../b",
        "~/.ssh/authorized_keys",
        "...",
        "\u202egpj.exe",
    ],
)
def test_nothing_is_written_outside_the_path(box: Any, mail: Write, tmp_path: Path, name: str) -> None:
    target = tmp_path / "deep" / "down"
    raw = mail(1, files=[("placeholder", b"x")]).replace(b'filename="placeholder"', f'filename="{name}"'.encode())
    box.put(raw)
    found = download(box.session, criteria_from(), target)
    assert len(found.paths) == 1
    assert Path(found.paths[0]).parent == target
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [Path(found.paths[0])]
    assert "\u202e" not in found.paths[0]


def test_a_link_that_waits_under_the_name_is_not_followed(box: Any, mail: Write, tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    victim.write_bytes(b"keep me")
    folder.mkdir()
    (folder / "a.pdf").symlink_to(victim)
    (folder / "a (2).pdf").symlink_to(tmp_path / "not there yet")
    os.link(victim, folder / "a (3).pdf")
    os.mkfifo(folder / "a (4).pdf")
    box.put(mail(1, files=[("a.pdf", b"keep me")]))
    found = download(box.session, criteria_from(), folder)
    assert [Path(path).name for path in found.paths] == ["a (5).pdf"]
    assert victim.read_bytes() == b"keep me"
    assert not (tmp_path / "not there yet").exists()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"mine")
    with SafeFolder(tmp_path) as folder:
        path, written = folder.write("a.pdf", b"theirs")
    assert (path.name, written) == ("a (2).pdf", True)
    assert (tmp_path / "a.pdf").read_bytes() == b"mine"
    assert path.stat().st_mode & 0o777 == 0o600


def test_names_have_no_comma_because_paths_stand_in_a_list(box: Any, mail: Write, tmp_path: Path) -> None:
    box.put(mail(1, files=[("a, b.pdf", b"x")]))
    found = download(box.session, criteria_from(), tmp_path)
    assert found.attachments_local_paths == str(tmp_path / "a_ b.pdf")
    assert found.files[0].name == "a, b.pdf"


def test_very_long_names_are_shortened_and_keep_their_ending(box: Any, mail: Write, tmp_path: Path) -> None:
    box.put(mail(1, files=[("ü" * 300 + ".pdf", b"x")]), mail(2, files=[("ü" * 300 + ".pdf", b"y")]))
    found = download(box.session, criteria_from(), tmp_path)
    assert len(found.paths) == 2
    assert all(path.endswith(".pdf") for path in found.paths)


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_a_path_that_is_none_is_refused(box: Any, path: str) -> None:
    with pytest.raises(InvalidInputError, match="download path"):
        download(box.session, criteria_from(), path)


def test_a_file_in_place_of_the_folder_is_refused(box: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidInputError, match="cannot be used as a folder"):
        download(box.session, criteria_from(), tmp_path / "file")


# source -------------------------------------------------------------------------------------------------------------


def test_the_source_is_what_lies_on_the_server(box: Any, mail: Write) -> None:
    raw = mail(1, Subject="Grüße", text="äöü\n")
    box.put(raw)
    wanted = criteria_from(message_id="<m1@example.org>")
    assert base64.b64decode(get_eml(box.session, wanted).eml_base64) == raw
    assert get_eml(box.session, wanted, base64_encode=False).eml_base64.encode() == raw
    assert box.flags()[1] == set()


def test_octets_that_are_no_utf_8_are_kept_as_text_too(box: Any, mail: Write) -> None:
    raw = mail(1) + b"\xe4\xff\r\n"
    box.put(raw)
    text = get_eml(box.session, criteria_from(email_uid="1"), base64_encode=False).eml_base64
    assert text.encode("latin-1") == raw


@pytest.mark.parametrize("given", [{}, {"message_id": "<a@b.example>, <c@d.example>"}, {"subject": "Mail"}])
def test_exactly_one_mail_has_to_be_named(box: Any, given: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="exactly one"):
        get_eml(box.session, criteria_from(**given))


def test_a_mail_that_is_not_there_is_said_to_be_so(box: Any) -> None:
    with pytest.raises(NotFoundError, match="was it moved"):
        get_eml(box.session, criteria_from(message_id="<nobody@example.org>"))


# analysis -----------------------------------------------------------------------------------------------------------


def test_an_attached_mail_is_read_without_being_saved(mail: Write) -> None:
    inner = mail(7, Subject="inner", html='<a href="https://bad.example/x">click</a>', files=[("in.zip", b"PK")])
    outer = parse(mail(1, files=[("report.eml", inner), ("else.pdf", b"x")]))
    (found,) = analyze_attached(outer)
    assert (found["name"], found["subject"], found["sender"]) == ("report.eml", "inner", "p7@example.org")
    assert [one["name"] for one in found["attachments"]] == ["in.zip"]
    assert {"kind": "url", "value": "https://bad.example/x", "where": "html"} in found["indicators"]
    assert ["Subject", "inner"] in found["headers"]


def test_only_what_was_chosen_is_extracted(mail: Write) -> None:
    found = analyze(mail(1), ["text"])
    assert "plaintext_body" in found
    assert not {"headers", "html_body", "attachments", "indicators", "sender"} & found.keys()
    with pytest.raises(InvalidInputError, match="choose from"):
        analyze(mail(1), ["everything"])


def test_an_attachment_that_is_not_there_is_an_error_that_repeats_no_strangers_words(mail: Write) -> None:
    with pytest.raises(NotFoundError, match="1 attachments") as caught:
        analyze_attached(parse(mail(1, files=[("else.pdf", b"x")])), attachment="report.eml")
    assert "else.pdf" not in str(caught.value)


def test_octets_that_are_no_mail_are_no_error() -> None:
    assert analyze(b"\xff\x00\xfe" * 50)["size"] == 150


# expressions --------------------------------------------------------------------------------------------------------


def test_own_and_named_expressions_find_values_in_the_body(mail: Write) -> None:
    html = '<p>Call 0170-123</p><a href="https://bad.example/login">here</a>'
    found = parse(mail(1, text="ticket T-17 and T-18, from 10.0.0.1\n", html=html))
    wanted = expressions(r"T-\d+", names=["url", "IP Address"], rules="phone: Call (\\S+)")
    assert body_regex(found, wanted).matches == {
        "regex": ["T-17", "T-18"], "phone": ["0170-123"], "URL": ["https://bad.example/login"], "IP": ["10.0.0.1"],
    }  # fmt: skip


def test_a_header_expression_sees_one_field_or_all(mail: Write) -> None:
    found = parse(mail(1, X_Ticket="T-17", Subject="Re: T-18"))
    wanted = expressions(r"T-\d+")
    assert header_regex(found, wanted).matches == {"regex": ["T-18", "T-17"]}
    assert header_regex(found, wanted, "x-ticket").matches == {"regex": ["T-17"]}
    assert header_regex(found, expressions(r"(?<=Subject: ).*")).matches == {"regex": ["Re: T-18"]}


def test_names_of_attachments_are_found_by_their_expression_though_they_stand_in_the_parts(mail: Any) -> None:
    found = parse(mail(1, files=[("bill, May.pdf", b"x"), ("日本.docx", b"y")]))
    wanted = expressions(names=["Email Attachments Filename"])
    assert header_regex(found, wanted).matches == {"Email Attachments Filename": ["bill, May.pdf", "日本.docx"]}
    assert header_regex(found, wanted, "Subject").matches == {"Email Attachments Filename": []}


def test_an_expression_that_would_hang_ends_in_time_and_says_so(mail: Write) -> None:
    started = time.monotonic()
    found = body_regex(parse(mail(1, text="a" * 20_000 + "!")), expressions(r"(?=(a+)+b)(a|aa)+\1$"))
    assert time.monotonic() - started < 5
    assert not found.is_found


@pytest.mark.parametrize("given", [{}, {"names": ["nothing"]}, {"regex": "("}, {"rules": "no colon"}])
def test_what_is_no_expression_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        expressions(**given)


# ping ---------------------------------------------------------------------------------------------------------------


def test_a_mailbox_without_any_server_does_not_succeed() -> None:
    from mailroom.mail.account import MailAccount

    report = ping(MailAccount("soc", "soc@northwind.example", None, None))
    assert (report.is_succeed, report.imap, report.smtp) == (False, None, None)
    assert report.message == "Neither IMAP nor SMTP is configured."
