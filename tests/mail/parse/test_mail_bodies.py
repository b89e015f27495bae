"""Which text is shown, and how it was encoded (H13, H14)."""

from __future__ import annotations

import base64
import quopri

import pytest

from mailroom.mail.parse import parse

TEXT = b"Content-Type: text/plain\r\n\r\n"
HTML = b"Content-Type: text/html\r\n\r\n"


def body(content: bytes, *lines: bytes):
    return parse(b"\r\n".join((b"Subject: s", *lines)) + b"\r\n\r\n" + content)


def in_charset(content: bytes, label: str):
    return body(content, b"Content-Type: text/plain; charset=" + label.encode())


def test_text_and_html_of_an_alternative_are_both_kept(multipart):
    mail = multipart(TEXT + b"plain", HTML + b"<p>rich", kind="alternative")
    assert (mail.text, mail.html, mail.attachments) == ("plain", "<p>rich", ())


def test_text_parts_before_and_after_an_attachment_are_joined(multipart):
    mail = multipart(TEXT + b"before", b"Content-Type: image/png; name=a.png\r\n\r\n\x89PNG", TEXT + b"after")
    assert mail.text == "before\nafter"


def test_a_text_that_is_declared_an_attachment_is_not_the_body(multipart):
    mail = multipart(TEXT + b"body", b"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile")
    assert mail.text == "body"
    assert mail.attachments[0].size == 4


def test_a_named_text_is_an_attachment_and_the_body_only_when_there_is_no_other(multipart):
    named = b"Content-Type: text/plain; name=notes.txt\r\n\r\nnotes"
    assert multipart(TEXT + b"body", named).text == "body"
    alone = multipart(named)
    assert (alone.text, alone.attachments[0].name) == ("notes", "notes.txt")


def test_a_named_part_whose_type_is_nowhere_said_is_an_attachment(multipart):
    picture = b'Content-Disposition: inline; filename="a.png"\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo='
    mail = multipart(TEXT + b"plain", picture, kind="alternative")
    assert (mail.text, [part.name for part in mail.attachments]) == ("plain", ["a.png"])


def test_a_named_text_that_is_declared_inline_is_shown_and_listed(multipart):
    named = b"Content-Type: text/plain\r\nContent-Disposition: inline; filename=notes.txt\r\n\r\nnotes"
    mail = multipart(TEXT + b"body", named)
    assert (mail.text, mail.attachments[0].name) == ("body\nnotes", "notes.txt")


def test_html_resources_of_a_related_part_are_attachments(multipart):
    mail = multipart(HTML + b"<p>page", b"Content-Type: text/html\r\nContent-ID: <f1>\r\n\r\n<p>frame", kind="related")
    assert mail.html == "<p>page"
    assert mail.attachments[0].content_id == "f1"


_PICTURE = b"Content-Type: image/png; name=a.png\r\nContent-ID: <i>\r\n\r\n\x89PNG"
_PAGE = b"Content-Type: text/html\r\nContent-ID: <page>\r\n\r\n<p>page"
_FRAME = b"Content-Type: text/html\r\nContent-ID: <frame>\r\n\r\n<p>frame"
_PLAIN_ONLY = b"Content-Type: multipart/alternative; boundary=z\r\n\r\n--z\r\n" + TEXT + b"plain\r\n--z--"


@pytest.mark.parametrize(
    ("parts", "parameters", "attached"),
    [
        ((_PICTURE, _PAGE), "", ["a.png"]),
        ((_PICTURE, _PAGE, _FRAME), "", ["a.png", "part-2.html"]),
        ((_PICTURE, _PAGE), '; start="<page>"', ["a.png"]),
        ((TEXT + b"plain", _PAGE), "", []),
        ((_PLAIN_ONLY, _PAGE), "", []),
    ],
)
def test_the_page_of_a_related_part_may_stand_behind_its_pictures_or_the_plain_text(
    multipart, parts, parameters, attached
):
    mail = multipart(*parts, kind="related", parameters=parameters)
    assert mail.html == "<p>page"
    assert [part.name for part in mail.attachments] == attached


def test_the_page_that_a_related_part_names_is_shown_whatever_stands_before_it(multipart):
    mail = multipart(HTML + b"<p>cover", _PAGE, _FRAME, kind="related", parameters='; start="<page>"')
    assert mail.html == "<p>cover\n<p>page"
    assert [part.content_id for part in mail.attachments] == ["frame"]


def test_html_outside_of_a_related_part_makes_no_resource_of_its_page(multipart):
    related = b"Content-Type: multipart/related; boundary=z\r\n\r\n--z\r\n%s\r\n--z\r\n%s\r\n--z--" % (_PICTURE, _PAGE)
    assert multipart(HTML + b"<p>banner", related).html == "<p>banner\n<p>page"


def test_a_page_with_a_file_name_behind_the_plain_text_is_listed_too(multipart):
    page = b"Content-Type: text/html; name=page.html\r\nContent-ID: <page>\r\n"
    mail = multipart(TEXT + b"plain", page + b"Content-Disposition: inline\r\n\r\n<p>page", kind="related")
    assert (mail.html, [part.name for part in mail.attachments]) == ("<p>page", ["page.html"])


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"), ("ISO-8859-1", "cp1252"), ("'windows-1252'", "cp1252"), ("iso-8859-15", "iso8859-15"),
        ("koi8-r", "koi8-r"), ("windows-1251", "cp1251"), ("gb2312", "gb18030"), ("x-gbk", "gb18030"),
        ("big5", "cp950"), ("euc-kr", "cp949"), ("ks_c_5601-1987", "cp949"), ("shift_jis", "cp932"),
        ("iso-2022-jp", "iso2022_jp"), ("euc-jp", "euc_jp"), ("iso-8859-8-i", "iso8859-8"), ("windows-874", "cp874"),
        ("utf-16", "utf-16"), ("utf-16le", "utf-16-le"), ("utf-7", "utf-7"), ("hz-gb-2312", "hz"),
    ],
)  # fmt: skip
def test_declared_charsets_are_read(label, codec):
    samples = {"koi8-r": "привет", "cp1251": "привет", "gb18030": "你好中文", "cp950": "你好中文",
               "cp949": "안녕하세요", "cp932": "こんにちは①", "iso2022_jp": "こんにちは",
               "euc_jp": "こんにちは", "iso8859-8": "שלום",
               "cp874": "สวัสดี", "hz": "你好", "cp1252": "Grüße", "iso8859-15": "100 € für"}  # fmt: skip
    text = samples.get(codec, "Grüße für 100 €")
    assert in_charset(text.encode(codec), label).text == text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("windows-932", "cp932"), ("x-ms-cp932", "cp932"), ("windows31j", "cp932"), ("cp51932", "euc_jp"),
        ("windows-936", "gb18030"), ("windows-949", "cp949"), ("ksc-5601", "cp949"), ("x-windows-950", "cp950"),
        ("ms874", "cp874"), ("win-1251", "cp1251"), ("windows1251", "cp1251"), ("cp-1251", "cp1251"),
        ("ansi-1251", "cp1251"), ("cp65001", "utf-8"), ("koi8r", "koi8-r"), ("iso88595", "iso8859-5"),
        ("csISO88598I", "iso8859-8"), ("cn-big5", "cp950"), ("cp20866", "koi8-r"),
        ("134", "gb18030"), ("204", "cp1251"),
        ("x-mac-ce", "mac_latin2"), ("macCE", "mac_latin2"), ("x-mac-centraleurroman", "mac_latin2"),
        ("x-mac-icelandic", "mac_iceland"), ("eucJP-ms", "euc_jp"), ("latin-9", "iso8859-15"),
        ("8859-15", "iso8859-15"), ("de_DE.ISO-8859-15", "iso8859-15"), ("iso-ir-111", "koi8-r"),
        ("ucs2", "utf-16-le"), ("utf-32", "utf-32"),
    ],
)  # fmt: skip
def test_charsets_are_known_under_every_spelling(label, codec):
    words = {"cp932": "日本語", "euc_jp": "日本語", "gb18030": "中文信件", "cp949": "한국어", "cp950": "中文信件",
             "cp874": "สวัสดี", "iso8859-8": "שלום", "mac_latin2": "Příliš žluťoučký", "mac_iceland": "Það er gott",
             "iso8859-15": "für 100 €", "utf-16-le": "日本"}  # fmt: skip
    text = words.get(codec, "привет")
    assert in_charset(text.encode(codec), label).text == text


@pytest.mark.parametrize(
    "label", ["x-nobody-knows", "utf8mb4", "binary", "idna", "base64", "undefined", "unicode_escape", ""]
)
def test_labels_that_mean_nothing_fall_back(label):
    assert in_charset("Grüße".encode(), label).text == "Grüße"
    assert in_charset("Grüße".encode("latin-1"), label).text == "Grüße"


def test_utf_8_wins_over_a_wrong_label():
    assert in_charset("Grüße".encode(), "iso-8859-1").text == "Grüße"
    assert in_charset("すみません。".encode(), "iso-2022-jp").text == "すみません。"
    assert in_charset("すみません。".encode("cp932"), "iso-2022-jp").text == "すみません。"


def test_latin_1_under_a_utf_8_label_is_read():
    mail = in_charset("Grüße aus Köln".encode("latin-1"), "utf-8")
    assert (mail.text, mail.charset) == ("Grüße aus Köln", "cp1252")


def test_one_bad_octet_does_not_change_the_charset():
    mail = in_charset("Грүße — ünïcödé".encode() + b"\xff", "utf-8")
    assert mail.text.startswith("Грүße — ünïcödé")
    assert "charset_replaced" in mail.defects


def test_a_short_text_cut_inside_a_character_stays_utf_8():
    mail = in_charset("Gr\u00fc\u00df".encode()[:-1], "utf-8")
    assert (mail.text, mail.charset) == ("Gr\u00fc\ufffd", "utf-8")


def test_plain_text_under_a_utf_16_label_is_read():
    assert in_charset(b"plain", "utf-16le").text == "plain"
    assert in_charset(b"plain", "utf-16").text == "plain"


def test_vendor_characters_in_seven_bit_japanese_are_read():
    assert in_charset(b"\x1b$B-!\x1b(B", "iso-2022-jp").text == "①"
    assert in_charset(b"\x1b$B|b\x1b(B-\x1b(I1\x1b(B", "iso-2022-jp").text == "髙-ｱ"


def test_the_label_may_carry_an_escape_sequence():
    assert in_charset("日本".encode("iso2022_jp"), "_iso-2022-jp$ESC").text == "日本"


def test_html_says_its_charset_itself():
    page = "<meta charset=windows-1251><p>привет".encode("cp1251")
    assert body(page, b"Content-Type: text/html").html.endswith("привет")


def test_a_long_text_without_a_label_is_guessed():
    text = "Добрый день, это довольно длинное письмо без указания кодировки, и всё же его надо прочитать. " * 3
    assert body(text.encode("koi8-r")).text == text


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "euc_kr"])
def test_a_short_text_without_a_label_is_known_by_its_letters_in_japanese_and_korean(codec):
    text = "네, 보내 주세요." if codec == "euc_kr" else "はい、お願いします。"
    assert body(text.encode(codec)).text == text


@pytest.mark.parametrize("text", ["Grüße, schöne Straße äöü ÄÖÜ", "où êtes-vous allés? déjà", "£££ ¥¥¥¥ ¤¤¤¤ «»«»"])
def test_a_short_western_text_without_a_label_stays_western(text):
    assert body(text.encode("cp1252")).text == text


def test_nul_and_surrogates_never_reach_the_text():
    assert in_charset(b"a\x00b", "us-ascii").text == "a\ufffdb"
    assert in_charset(b"+2AA-", "utf-7").text == "\ufffd"
    assert in_charset(b"\xed\xa0\x80 \xc0\xaf", "utf-8").text.encode()


@pytest.mark.parametrize(
    ("written", "content"),
    [
        (b"SGVsbG8=", b"Hello"),
        (b"SGVs\r\nbG8=\r\n", b"Hello"),
        (b"SGVsbG8", b"Hello"),
        (b"SGVsbG8hA", b"Hello!"),
        (b"SGV*sb(G8=", b"Hello"),
        (b"SGVsbG8=SGVsbG8=", b"HelloHello"),
        (b"SGVsbG8=\r\n-- a list footer --", b"Hello"),
        (b"", b""),
    ],
)
def test_base64_is_read_as_far_as_it_goes(written, content):
    mail = body(written, b"Content-Type: application/x-test", b"Content-Transfer-Encoding: base64")
    assert mail.attachments[0].content == content


@pytest.mark.parametrize(
    "encoding", [b"quoted-printable", b"Quoted-Printable;", b'"quoted-printable"', b"quoted printable", b"qp"]
)
def test_quoted_printable_is_read_however_it_is_spelled(encoding):
    content = quopri.encodestring("Grüße = gut".encode())
    mail = body(content, b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: " + encoding)
    assert mail.text == "Grüße = gut"


def test_bad_quoted_printable_is_kept():
    mail = body(b"50=% =ZZ done=\r\n", b"Content-Transfer-Encoding: quoted-printable")
    assert mail.text == "50=% =ZZ done"


def test_an_equals_sign_that_encodes_nothing_is_itself():
    mail = body(b"a==b ===3D ==C3=A9 =3D=3D =\r\nend", b"Content-Transfer-Encoding: quoted-printable")
    assert mail.text == "a==b === =\u00e9 == end"


def test_blanks_behind_the_equals_sign_at_the_end_of_a_line_change_nothing():
    mail = body(b"one = \r\nline=\t \nand = more\r\n", b"Content-Transfer-Encoding: quoted-printable")
    assert mail.text == "one lineand = more\n"


@pytest.mark.parametrize(
    "words",
    ["Dear customer,\r\n\r\nyour parcel waits.\r\n", "<p>Hi, you</p>", "Gr\u00fc\u00dfe, J\u00f6rg", "Hello World"],
)
def test_words_that_are_declared_base64_are_read_as_they_stand(words):
    mail = body(words.encode(), b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: base64")
    assert mail.text == words.replace("\r\n", "\n")
    assert "transfer_encoding_wrong" in mail.defects


@pytest.mark.parametrize(
    "written",
    [
        b"SGVsbG8=\r\n-- \r\nA list footer, in words\r\n",
        b"\r\n SGVs \r\nbG8= \r\n",
        b"SGVsbG8hIEhlbGxvIQ*==",
        b" S G V s b G 8 =",
        b"SGVsbG 8gd\r\n29ybGQ=",
    ],
)
def test_junk_is_no_reason_not_to_read_base64(written):
    mail = body(written, b"Content-Type: text/plain", b"Content-Transfer-Encoding: base64")
    assert mail.text.startswith("Hello")


def test_uuencode_is_read():
    mail = body(b"begin 644 a.txt\r\n%2&5L;&\\\r\n`\r\nend\r\n", b"Content-Transfer-Encoding: x-uuencode")
    assert mail.text == "Hello"


@pytest.mark.parametrize("encoding", [b"7-bit", b"utf-8", b"", b"text/html", b"yEnc"])
def test_unknown_transfer_encodings_leave_the_text_as_it_is(encoding):
    assert body(b"SGVsbG8=", b"Content-Transfer-Encoding: " + encoding).text == "SGVsbG8="


def test_flowed_text_is_joined():
    mail = body(b"one \r\ntwo\r\n> quoted \r\n> on\r\n-- \r\nme\r\n", b"Content-Type: text/plain; format=flowed")
    assert mail.text == "one two\n> quoted on\n-- \nme\n"


def test_flowed_text_may_drop_the_blank():
    assert (
        body("日本 \r\n語\r\n".encode(), b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes").text
        == "日本語\n"
    )


def test_base64_bodies_are_text():
    mail = body(
        base64.encodebytes("Grüße".encode()),
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64",
    )
    assert mail.text == "Grüße"
