"""Outlook's own formats: .msg, winmail.dat, and HTML inside RTF (H16)."""

from __future__ import annotations

import base64

from parse_containers import attachment, embedded, message, ole, tnef, tnef_properties

from mailroom.mail.parse import parse, parse_safely
from mailroom.mail.parse.rtf import decompress_rtf, unwrap_rtf

# The examples that Microsoft prints for its compressed RTF.
COMPRESSED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
REPEATED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
WRAPPED = (
    rb"{\rtf1\ansi\ansicpg1251\fromhtml1{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Courier;}}\uc1\pard\f0\fs24 "
    rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 \'cf\'f0\'e8\u1074 ?\'e5\'f2 \{x\}"
    rb"{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 "
    rb"{\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 bold{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 {\*\htmltag72 </p>}}"
)


def uncompressed(rtf: bytes) -> bytes:
    return len(rtf).to_bytes(4, "little") * 2 + b"MELA" + b"\x00" * 4 + rtf


def a_message(**more):
    texts = {0x37: "Grüße", 0x1000: "Hello\r\nworld", 0x0C1A: "Jörg", 0x5D01: "joerg@x.example", 0x1035: "<id@x>"}
    return message(texts, recipients=[("Ann", "ann@x.example", 1), ("Bob", "bob@x.example", 2)], **more)


def test_an_outlook_file_is_a_mail():
    inner = message({0x37: "Inner", 0x1000: "Inner body"}, header=24)
    files = [attachment("report.pdf", b"%PDF" + b"x" * 9000), attachment("small.txt", b"hi"), embedded(inner)]
    raw = ole(
        a_message(fixed={0x39: (0x40, 132500000000000000)}, binary={0x1013: "<p>Hällo".encode()}, attachments=files)
    )
    mail = parse(raw)
    assert (mail.subject, mail.text, mail.html) == ("Grüße", "Hello\nworld", "<p>Hällo")
    assert (mail.author.name, mail.author.address) == ("Jörg", "joerg@x.example")
    assert (mail.to[0].address, mail.cc[0].address, mail.message_id) == ("ann@x.example", "bob@x.example", "<id@x>")
    assert mail.date is not None
    assert mail.date.isoformat() == "2020-11-16T11:33:20+00:00"
    assert [(made.name, made.size) for made in mail.attachments] == [("report.pdf", 9004), ("small.txt", 2)]
    assert (mail.nested[0].subject, mail.nested[0].text) == ("Inner", "Inner body")


def test_internet_headers_of_an_outlook_file_are_used():
    texts = {0x37: "s", 0x007D: "From: Eve <eve@x.example>\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\nX-Spam: no\r\n"}
    mail = parse(ole(message(texts)))
    assert (mail.author.address, mail.header("X-Spam")) == ("eve@x.example", "no")
    assert mail.date is not None


def test_html_is_won_from_rtf():
    mail = parse(ole(a_message(binary={0x1009: uncompressed(WRAPPED)})))
    assert mail.html == "<p>Привет {x}&nbsp;<b>bold</b></p>"


def test_an_attached_outlook_file_is_a_nested_mail(multipart):
    part = b"Content-Type: application/octet-stream; name=a.msg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = ole(a_message())
    mail = multipart(part + base64.encodebytes(raw))
    assert mail.nested[0].subject == "Grüße"
    assert mail.nested_raw == (raw,)
    assert mail.attachments[0].real_type == "application/vnd.ms-outlook"


def test_an_outlook_file_is_read_in_a_child_process():
    raw = ole(a_message())
    assert parse_safely(raw) == parse(raw)


def test_other_ole_files_and_broken_ones_are_no_mails():
    assert parse(ole({"WordDocument": b"x" * 5000})).defects == ("not_a_mail",)
    whole = ole(a_message())
    for cut in range(8, len(whole), 700):
        parse(whole[:cut])
    assert parse(whole[:600]).defects == ("msg_unreadable",)


def test_what_is_inside_winmail_dat_is_listed():
    names = tnef_properties([(0x1F, 0x3707, "Lang ä.zip\0".encode("utf-16-le")), (3, 0x3705, b"\x01\0\0\0")])
    raw = tnef(
        [
            (1, 0x00069007, b"\xe4\x04\0\0\0\0\0\0"),
            (
                1,
                0x00069003,
                tnef_properties([(0x1F, 0x37, "Sübject\0".encode("utf-16-le")), (0x1E, 0x1000, b"Body\r\n\0")]),
            ),
            (2, 0x00069002, b"\0" * 14),
            (2, 0x0006800F, b"PK\x03\x04data"),
            (2, 0x00018010, b"SHORT.ZIP\0"),
            (2, 0x00069005, names),
        ]
    )
    mail = parse(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n" + raw)
    assert mail.text == "Body\n"
    assert [made.name for made in mail.attachments] == ["winmail.dat", "Lang ä.zip"]
    assert "from_tnef" in mail.attachments[1].flags


def test_a_mail_inside_winmail_dat_is_a_nested_mail():
    inner = tnef([(1, 0x00069003, tnef_properties([(0x1E, 0x37, b"Inner\0"), (0x1E, 0x1000, b"Deep\0")]))])
    data = tnef_properties([(3, 0x3705, b"\x05\0\0\0"), (0x0D, 0x3701, b"g" * 16 + inner)])
    raw = tnef([(2, 0x00069002, b"\0" * 14), (2, 0x00069005, data)])
    mail = parse(b"Content-Type: application/ms-tnef\r\n\r\n" + raw)
    assert (mail.nested[0].subject, mail.nested[0].text, mail.nested_raw) == ("Inner", "Deep", (inner,))


def test_broken_winmail_dat_is_kept_and_flagged():
    raw = tnef([(1, 0x00069003, tnef_properties([(0x1E, 0x37, b"Subject\0")])), (2, 0x0006800F, b"x" * 500)])
    for cut in range(8, len(raw), 7):
        mail = parse(b"Content-Type: application/ms-tnef\r\n\r\n" + raw[:cut])
        assert mail.attachments[0].size == cut


def test_compressed_rtf_is_unpacked():
    assert decompress_rtf(COMPRESSED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress_rtf(REPEATED) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert decompress_rtf(b"nonsense" * 4) == b""


def test_plain_rtf_becomes_text():
    assert unwrap_rtf(rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}Hello\tab w\'f6rld\par \u8364 ?}") == (
        "Hello\twörld\n€",
        "",
    )
