"""Names, types and flags of attachments (H5, H17)."""

from __future__ import annotations

import binascii
import hashlib

import pytest

from mailroom.mail.parse import Limits, parse
from mailroom.mail.parse.names import safe_name
from mailroom.mail.parse.real_type import real_type


def named(disposition: bytes, content_type: bytes = b"application/octet-stream", content: bytes = b"content"):
    raw = b"Content-Type: " + content_type + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content
    return parse(raw).attachments[0]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"attachment; filename=a.pdf", "a.pdf"),
        (b'attachment; filename="with blank; and.pdf"', "with blank; and.pdf"),
        (b"attachment; filename=no quotes.pdf", "no quotes.pdf"),
        (b"attachment; filename*=utf-8''na%C3%AFve.pdf; filename=naive.pdf", "naïve.pdf"),
        (b"attachment; filename=naive.pdf; filename*=utf-8''na%C3%AFve.pdf", "naïve.pdf"),
        (b"attachment; filename*1*=%B6.txt; filename*0*=utf-8''%C3", "ö.txt"),
        (b'attachment; filename*0="long"; filename*1=" name.txt"', "long name.txt"),
        (b"attachment; filename*=bogus''%E4.txt", "ä.txt"),
        (b"attachment; filename*=plain.txt", "plain.txt"),
        (b'attachment; filename="=?utf-8?B?w7YudHh0?="', "ö.txt"),
        (b'attachment; filename="=?utf-8?Q?a=C3=B6?= =?utf-8?Q?b.txt?="', "aöb.txt"),
        (b'attachment; filename="caf\xe9.txt"', "café.txt"),
        (b'attachment; filename="caf\xc3\xa9.txt"', "café.txt"),
        (b"attachment;filename=a.txt;;size=3", "a.txt"),
        (b"attachment; filename=report(1).pdf; size=3", "report(1).pdf"),
        (b"attachment; filename=report.pdf (the first)", "report.pdf"),
        (b'attachment; filename=a.pdf size="3"', "a.pdf"),
        (b'attachment; size="3" filename="a.pdf"', "a.pdf"),
        (b'attachment; filename="open.pdf', "open.pdf"),
        (b"attachment; filename*0*=utf-8''nai%C3; filename*1*=%AF%7; filename*2*=6e.pdf", "naiïve.pdf"),
        (b"attachment; filename*0*=euc-kr''%C6%C4; filename*1*=euc-kr''%C0%CF", "파일"),
        (b"attachment filename*0*=utf-8''%C3%B6 filename*1=.pdf", "ö.pdf"),
        (b"attachment; filename*=Ann's and Bob's.pdf", "Ann's and Bob's.pdf"),
        (b"attachment; filename*0=it; filename*1*='s%20Ann's.pdf", "it's Ann's.pdf"),
        (b"attachment; filename*=UTF-8'%C3%B6.pdf", "ö.pdf"),
        (b"attachment; filename=whole.pdf; filename*1=end.pdf", "whole.pdf"),
        (b'attachment; filename="invoice.pdf".exe; size=3', "invoice.pdf.exe"),
        (b'attachment; filename=""a.pdf".pdf"', "a.pdf.pdf"),
        (b'attachment; filename="a.pdf"size=3; x=y', "a.pdf"),
        (b'attachment; filename=\\"a.pdf\\"', "a.pdf"),
        (b'attachment; filename=\\"a b.pdf\\"; size=3', "a b.pdf"),
        (b'attachment; name="a.pdf"', "a.pdf"),
    ],
)
def test_names_are_found_in_every_form(disposition, name):
    assert named(disposition).name == name


def test_the_name_of_the_content_type_is_the_last_resort_and_all_are_kept():
    made = named(b"attachment; filename=a.pdf", b'application/pdf; name="b.pdf"')
    assert (made.name, made.original_names) == ("a.pdf", ("a.pdf", "b.pdf"))
    assert named(b"attachment", b'application/pdf; name="b.pdf"').name == "b.pdf"
    assert named(b"attachment", b'application/pdf; filename="c.pdf"').name == "c.pdf"
    assert named(b"attachment; name=d.pdf", b'application/pdf; name="b.pdf"').original_names == ("b.pdf",)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        (b"Photo25.jpg", "Photo25.jpg"),
        (b"=?utf-8?q?=C3=B6.jpg?=", "ö.jpg"),
        (b"http://a.example/Photo25.jpg", "part-1.jpg"),
        (b"CID:3a9f@a.example", "part-1.jpg"),
        (b"..", "part-1.jpg"),
    ],
)
def test_a_location_that_is_only_a_file_name_names_a_part_that_has_none(location, name):
    assert named(b"inline\r\nContent-Location: " + location, b"image/jpeg").name == name
    assert named(b"inline; filename=a.jpg\r\nContent-Location: " + location, b"image/jpeg").name == "a.jpg"


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow", "shadow"),
        ("C:\\Windows\\evil.exe", "evil.exe"),
        ("C:evil.exe", "evil.exe"),
        ("a\x00b.txt", "ab.txt"),
        ("inv\u202egpj.exe", "invgpj.exe"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("dots...", "dots"),
        (". hidden", "hidden"),
        ("a<b>:c?.txt", "a_b__c_.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("new\nline.txt", "newline.txt"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("क्\u200dष.pdf", "क्\u200dष.pdf"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200b.pdf", "\U0001f468\u200d\U0001f469\u200d\U0001f467.pdf"),
        ("in\u200dvoice\u200c.pdf", "invoice.pdf"),
        ("\u200dсчет\u200d.pdf", "счет.pdf"),
        ("   ", ""),
        ("..", ""),
    ],
)
def test_names_are_made_safe(written, safe):
    assert safe_name(written) == safe


def test_long_names_keep_their_extension():
    made = safe_name("ü" * 4000 + ".pdf")
    assert made.endswith(".pdf")
    assert len(made.encode()) <= 240


@pytest.mark.parametrize("name", ["ж" * 116 + ".docx", "報告" * 39 + ".pdf"])
def test_names_that_a_file_system_takes_are_kept_whole(name):
    assert named(b'attachment; filename="' + name.encode() + b'"').name == name


def test_a_part_without_a_usable_name_gets_one():
    assert named(b'attachment; filename="../.."', b"application/pdf").name == "part-1.pdf"
    assert named(b"attachment", b"application/x-strange").name == "part-1.bin"


@pytest.mark.parametrize(
    ("name", "content", "flag"),
    [
        (b"invoice.pdf.exe", b"x", "double_extension"),
        ("cod\u202efdp.exe".encode(), b"x", "rlo"),
        (b"picture.jpg", b"MZ" + b"\x00" * 100, "type_mismatch"),
        (b"setup.exe", b"MZ" + b"\x00" * 100, "executable"),
        (b"report.pdf", b"PK\x03\x04" + b"\x00" * 40, "type_mismatch"),
        (b"secret.zip", b"PK\x03\x04\x14\x00\x01\x00" + b"\x00" * 40, "encrypted"),
        (b"../up.txt", b"x", "path_in_name"),
    ],
)
def test_suspicious_attachments_are_flagged(name, content, flag):
    assert flag in named(b'attachment; filename="' + name + b'"', content=content).flags


def test_an_honest_attachment_has_no_flags():
    assert named(b"attachment; filename=a.pdf", content=b"%PDF-1.7").flags == ()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"<svg xmlns=x>", "image/svg+xml"),
        (b"\r\n<!DOCTYPE html><html>", "text/html"),
        (b"BEGIN:VCALENDAR", "text/calendar"),
        (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
        (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml word/document.xml",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"\x00" * 32769 + b"CD001", "application/x-iso9660-image"),
        (b"From: a@b\r\nTo: c@d\r\nSubject: x\r\n\r\n", "message/rfc822"),
        (b"MZ is how this text begins", ""),
        (b"just words", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_the_real_type_is_told_by_the_first_octets(content, kind):
    assert real_type(content) == kind


def test_what_is_over_the_limit_is_measured_and_hashed_but_not_kept():
    content = b"y" * 5000
    raw = b"Content-Type: application/pdf; name=a.pdf\r\n\r\n" + content
    mail = parse(raw, limits=Limits(attachment=1000))
    made = mail.attachments[0]
    assert (made.content, made.size, made.sha256) == (None, 5000, hashlib.sha256(content).hexdigest())
    assert "attachment_too_large" in mail.defects


def uuencoded(content: bytes, name: str) -> bytes:
    lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n".encode() + b"".join(lines) + b"`\nend\n"


def test_files_that_stand_uuencoded_in_a_text_are_attachments():
    program = b"MZ\x90\x00" + bytes(100)
    text = (
        b"See below.\n\n" + uuencoded(program, "Gr\u00fc\u00dfe.exe") + b"\n" + uuencoded(b"Hello", "a.txt") + b"Bye\n"
    )
    for raw in (b"Subject: s\n\n" + text, b"Subject: s\r\n\r\n" + text.replace(b"\n", b"\r\n")):
        mail = parse(raw)
        assert mail.text == "See below.\n\n\nBye\n"
        assert [(entry.name, entry.content) for entry in mail.attachments] == [
            ("Gr\u00fc\u00dfe.exe", program),
            ("a.txt", b"Hello"),
        ]
        assert {"uuencoded", "executable"} <= set(mail.attachments[0].flags)


@pytest.mark.parametrize("end", [b"`\nend\n", b" \nend\n", b"\nend\n", b"end\n"])
def test_a_uuencoded_file_may_have_lost_the_blanks_at_the_end_of_its_last_line(end):
    mail = parse(b"Subject: s\n\nSee below.\nbegin 644 a.txt\n#0V%T\n%2&5L;&\\\n" + end)
    assert mail.text == "See below.\n"
    assert mail.attachments[0].content == b"CatHello"


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 words\nTHESE WORDS STAY\n`\nend\n",
        "begin 644 words\n#0V%T\n-THESE WORDS\n`\nend\n",
        "begin 644 words\n#0V\n#0V%T\n`\nend\n",
        "begin 644 cut.txt\n%2&5L;&\\\n",
        "begin 644 no.txt\nend\n",
        "Let us begin 644 times\nand end\n",
    ],
)
def test_words_cannot_be_hidden_as_a_uuencoded_file(text):
    mail = parse(b"Subject: s\r\n\r\n" + text.encode())
    assert (mail.text, mail.attachments) == (text, ())
