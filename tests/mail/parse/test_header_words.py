"""Encoded words and raw octets in headers."""

from __future__ import annotations

import pytest

from mailroom.mail.parse import parse
from mailroom.mail.parse.header_text import decode_header


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?ISO-8859-1?Q?Ren=E9?= Dupont", "René Dupont"),
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("=?US-ASCII*en?Q?Jane_Roe?=", "Jane Roe"),
        ("=?us-ascii?q?with blank?=", "with blank"),
        ("[=?UTF-8?B?ZsOzcnVt?=]=?UTF-8?B?IHNww6M=?=", "[fórum] spã"),
        ("=?us-ascii?b?Zg==Zg==?=", "ff"),
        ("=?us-ascii?b?Zm!!9!v?=", "foo"),
        ("=?UTF-8?Q?=C3?= =?UTF-8?Q?=A1?=", "á"),
        ("=?UTF-8?B?w6?= =?UTF-8?B?k=?=", "é"),
        ("=?UTF-8?B?JQ?= =?UTF-8?B?JQ?=", "%%"),
        ("=?utf-8?Q?Is this it??=", "Is this it?"),
        ("=?NONE?B?VEVTVA=?=", "TEST"),
        ("=?UTF-8?B?w6k====?= =?UTF-8?B?===Zg==?=", "éf"),
        ("=?x-unknown?Q?caf=E9?=", "café"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?gb2312?B?1tDOxA==?=", "中文"),
        ("=?windows-1252?Q?=80_5?=", "€ 5"),
        ("keep =?iso-8859-1? broken =? things", "keep =?iso-8859-1? broken =? things"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?q?a=0D=0ABcc=3A_x=40y?=", "a Bcc: x@y"),
        ("=?utf-8?q?nul=00?=", "nul"),
    ],
)
def test_encoded_words_are_read_as_senders_write_them(written, text):
    assert decode_header(written) == text


def test_raw_utf_8_and_raw_latin_1_are_both_read(headers):
    assert headers(b"Subject: Gr\xc3\xbc\xc3\x9fe").subject == "Grüße"
    assert headers(b"Subject: Gr\xfc\xdfe").subject == "Grüße"


def test_raw_octets_are_read_in_the_charset_of_the_body(headers):
    subject = "Добрый день".encode("koi8-r")
    assert headers(b"Subject: " + subject, b"Content-Type: text/plain; charset=koi8-r").subject == "Добрый день"


def test_raw_japanese_in_seven_bits_is_read(headers):
    assert headers(b"Subject: \x1b$BF|K\\\x1b(B mail").subject == "日本 mail"


def test_folding_becomes_one_blank(headers):
    assert headers("Subject: one\r\n   two\r\n\tthree").subject == "one two three"


def test_text_is_composed(headers):
    assert headers("Subject: e\u0301").subject == "\u00e9"


def test_the_first_of_several_subjects_counts_and_all_are_kept(headers):
    mail = headers("Subject: one", "From: a@b.example", "subject: two")
    assert mail.subject == "one"
    assert mail.header_all("Subject") == ("one", "two")
    assert "duplicate_header" in mail.defects


def test_header_names_are_data_and_never_attributes(headers):
    """H30."""
    mail = headers("headers: x", "text: y", "__class__: z", "Content Type Oddly: v", "X-\u00fc: w", "From: a@b.example")
    assert mail.header("headers") == "x"
    assert mail.header("__class__") == "z"
    assert mail.header("content type oddly") == "v"
    assert mail.text == "body\n"
    assert mail.author.address == "a@b.example"


def test_a_line_that_is_no_header_hides_nothing_after_it(headers):
    mail = headers("From: a@b.example", "what is this", "Subject: here", "To: c@d.example")
    assert (mail.subject, mail.to[0].address) == ("here", "c@d.example")
    assert "header_line_unreadable" in mail.defects


def test_a_first_header_with_a_blank_before_it_is_read(headers):
    mail = headers(" From: a@b.example", "Subject: x")
    assert mail.author.address == "a@b.example"
    assert "header_name_unusual" in mail.defects


def test_a_private_header_whose_name_holds_a_blank_is_no_body(headers):
    mail = headers("Subject: s", "X-Odd Name: v")
    assert (mail.text, mail.header("x-odd name")) == ("body\n", "v")


_RAW = [
    ("gb2312", "gb18030", "你好，订单确认"),
    ("shift_jis", "cp932", "日本語の件名"),
    ("koi8-r", "koi8-r", "Добрый день"),
    ("big5", "cp950", "訂單確認"),
    ("windows-1255", "cp1255", "שלום לכם"),
]


@pytest.mark.parametrize(("label", "codec", "words"), _RAW)
def test_raw_octets_of_headers_and_names_are_in_the_charset_that_any_text_of_the_mail_declares(label, codec, words):
    raw = words.encode(codec)
    mail = parse(
        b"Subject: " + raw + b'\r\nFrom: "' + raw + b'" <a@b.example>\r\n'
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n"
        b"--b\r\nContent-Type: text/html; charset=" + label.encode() + b"\r\n\r\nx\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=" + raw + b".pdf\r\n\r\n"
        b"--b--"
    )
    assert (mail.subject, mail.author.name) == (words, words)
    assert mail.attachments[0].name == f"{words}.pdf"


def test_a_part_that_declares_a_charset_itself_has_its_name_in_it():
    raw = "Добрый день".encode("koi8-r")
    mail = parse(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=gb2312\r\n\r\nx\r\n"
        b"--b\r\nContent-Type: text/csv; charset=koi8-r; name=" + raw + b".csv\r\n\r\nx\r\n--b--"
    )
    assert mail.attachments[0].name == "Добрый день.csv"


def test_a_single_part_has_raw_names_in_its_own_charset():
    raw = "订单".encode("gb18030")
    mail = parse(b"Content-Type: application/pdf; charset=gbk\r\nContent-Disposition: attachment; filename=" + raw)
    assert mail.attachments[0].name == "订单"


def test_unicode_that_a_text_declares_says_nothing_about_raw_octets_that_are_none():
    mail = parse(b"Subject: caf\xe9\r\nContent-Type: text/plain; charset=utf-16\r\n\r\nx")
    assert mail.subject == "café"
