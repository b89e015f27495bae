"""Boundaries, parts, mails in mails (H15, and the hazards of the structure)."""

from __future__ import annotations

import base64
import hashlib

import pytest

from mailroom.mail.parse import parse

PLAIN = b"Content-Type: text/plain\r\n\r\n"


def test_parts_come_in_order_and_preamble_and_epilogue_do_not_show():
    raw = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\r\none\r\n--x\r\n\r\n"
        b"two\r\n--x--\r\nepilogue\r\n"
    )
    assert parse(raw).text == "one\ntwo"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r"])
def test_every_kind_of_line_end_is_read(end):
    raw = (
        b"From: a@b.example\nSubject: s\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\none\n"
        b"--x\nContent-Type: text/html\n\n<p>two\n--x--\n"
    )
    mail = parse(raw.replace(b"\n", end))
    assert (mail.subject, mail.text, mail.html) == ("s", "one", "<p>two")


def test_a_line_end_with_one_octet_too_many_hides_no_attachment_and_changes_no_hash():
    raw = (
        b"Subject: s\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nbody\n"
        b"--x\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nSGVs\nbG8=\n--x--\n"
    ).replace(b"\n", b"\r\r\n")
    mail = parse(raw)
    assert (mail.text, mail.attachments[0].content) == ("body", b"Hello")
    assert (mail.size, mail.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_headers_that_end_lines_with_cr_only_may_stand_before_a_body_with_other_line_ends():
    mail = parse(b"From: a@b.example\rSubject: a\r b\r\rbody\r\nmore\r\n")
    assert (mail.author.address, mail.subject, mail.text) == ("a@b.example", "a b", "body\nmore\n")


def test_a_first_line_of_any_length_says_how_lines_end():
    long = b"X: " + b"a" * 10_000
    assert parse(long + b"\r\nSubject: s\r\n\r\nbody\r\n").subject == "s"
    assert parse(long + b"\rSubject: s\r\rbody\r").subject == "s"


def test_a_blank_line_with_cr_behind_a_line_without_it_ends_the_headers():
    mail = parse(b"Subject: s\n\r\nbody\n")
    assert (mail.subject, mail.text) == ("s", "body\n")


def test_line_ends_may_be_mixed():
    raw = b"From: a@b.example\nSubject: s\r\nTo: c@d.example\n\r\nbody\n"
    mail = parse(raw)
    assert (mail.subject, mail.to[0].address, mail.text) == ("s", "c@d.example", "body\n")


def test_a_missing_end_boundary_loses_nothing():
    mail = parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n\r\ntwo\r\n")
    assert mail.text == "one\ntwo\n"
    assert "end_boundary_missing" in mail.defects


INNER = b"--x\r\nContent-Type: multipart/alternative; boundary=y\r\n"
PAGE = (
    b"--y\r\nContent-Type: text/html\r\n\r\n<p>page\r\n--y--\r\n--x\r\nContent-Type: image/png\r\n\r\npng\r\n--x--\r\n"
)


@pytest.mark.parametrize("gap", [b"", b"\r\n", b"\r\n\r\n"], ids=["headers run together", "a blank line", "two"])
def test_a_first_part_whose_delimiter_was_lost_is_read(gap):
    lost = b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    mail = parse(b"Content-Type: multipart/related; boundary=x\r\n\r\n" + INNER + gap + lost + PAGE)
    assert (mail.text, mail.html) == ("Grüße", "<p>page")
    assert [item.mime_type for item in mail.attachments] == ["image/png"]
    assert "first_boundary_missing" in mail.defects


def test_a_preamble_is_no_part_even_where_a_type_is_named_twice():
    twice = b"Content-Type: multipart/mixed; boundary=y\r\nContent-Type: text/plain\r\n\r\n"
    assert parse(twice + b"For old programs.\r\n--y\r\n\r\none\r\n--y--\r\n").text == "one"
    inner = INNER + b"\r\nFor old programs.\r\n" + PAGE
    assert parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + inner).text == ""


def test_an_end_boundary_may_hang_on_the_last_line():
    mail = parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n\r\ntwo--x--\r\n\r\n")
    assert mail.text == "one\ntwo"


def test_parts_after_the_end_are_seen_and_flagged():
    mail = parse(
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--\r\n--x\r\n\r\nhidden\r\n--x--\r\n"
    )
    assert "hidden" in mail.text
    assert "parts_after_end" in mail.defects


def test_a_boundary_that_starts_like_another_one_is_not_that_one():
    raw = (
        b"Content-Type: multipart/mixed; boundary=AB\r\n\r\n--AB\r\n"
        b"Content-Type: multipart/alternative; boundary=AB-1\r\n\r\n"
        b"--AB-1\r\n\r\ntext\r\n--AB-1\r\nContent-Type: text/html\r\n\r\n<p>html\r\n--AB-1--\r\n--AB\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--AB--\r\n"
    )
    mail = parse(raw)
    assert (mail.text, mail.html, mail.attachments[0].name) == ("text", "<p>html", "a.pdf")


def test_a_boundary_inside_a_line_is_text(multipart):
    assert (
        multipart(PLAIN + b"not --b a boundary\r\n--bogus\r\nnor this").text == "not --b a boundary\n--bogus\nnor this"
    )


def test_a_boundary_of_a_thousand_characters_works():
    long = b"y" * 1000
    assert (
        parse(
            b"Content-Type: multipart/mixed; boundary="
            + long
            + b"\r\n\r\n--"
            + long
            + b"\r\n\r\nhi\r\n--"
            + long
            + b"--"
        ).text
        == "hi"
    )


@pytest.mark.parametrize("parameter", [b"", b"; boundary=", b"; boundary=other"])
def test_a_boundary_that_is_not_given_or_wrong_is_guessed(parameter):
    raw = (
        b"Content-Type: multipart/mixed"
        + parameter
        + b"\r\n\r\n--zz\r\nContent-Type: text/plain\r\n\r\nfound\r\n--zz--\r\n"
    )
    assert parse(raw).text == "found"


def test_a_boundary_and_a_charset_may_come_encoded_and_in_sections():
    mail = parse(
        b"Content-Type: multipart/mixed; boundary*0*=us-ascii'en'one%20; boundary*1=two\r\n\r\n--one two\r\n"
        b"Content-Type: text/plain; charset*=us-ascii''iso-8859-5\r\n\r\n\xb0\xb1\r\n--one two--\r\n"
    )
    assert mail.text == "\u0410\u0411"
    assert "boundary_missing" not in mail.defects


def test_a_boundary_with_blanks_at_its_end_ends_the_multipart():
    raw = b'Content-Type: multipart/mixed; boundary="x y  "\r\n\r\n--x y  \r\n\r\nin\r\n--x y  --\r\nout\r\n'
    mail = parse(raw)
    assert mail.text == "in"
    assert "end_boundary_missing" not in mail.defects


def test_a_multipart_without_any_part_shows_its_text():
    mail = parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\njust text\r\n")
    assert mail.text == "just text\n"
    assert "boundary_not_found" in mail.defects


def test_a_part_may_have_no_headers_and_no_blank_line(multipart):
    assert multipart(b"straight text\r\nmore").text == "straight text\nmore"


def test_a_body_without_a_blank_line_before_it_is_kept():
    mail = parse(b"From: a@b.example\r\nSubject: s\r\nHello there, this is text\r\nmore\r\n")
    assert (mail.subject, mail.text) == ("s", "Hello there, this is text\nmore\n")
    assert "body_without_blank_line" in mail.defects


def test_a_boundary_without_a_blank_line_before_it_ends_the_headers():
    lines = (b"Content-Type: multipart/mixed; boundary=x", b"--x", b"Content-Type: text/html", b"", b"<p>hi", b"--x--")
    assert parse(b"\r\n".join(lines)).html == "<p>hi"


def test_a_parameter_whose_line_lost_its_blank_still_belongs_to_its_header():
    lines = (b"Content-Type: multipart/mixed;", b'boundary="x"', b"Subject: s", b"", b"--x", b"", b"in", b"--x--", b"")
    mail = parse(b"\r\n".join(lines))
    assert (mail.subject, mail.text, mail.content_type_parameters) == ("s", "in", (("boundary", "x"),))
    last = parse(b"\r\n".join((lines[2], *lines[:2], *lines[3:])))
    assert (last.text, last.content_type_parameters) == ("in", (("boundary", "x"),))


def test_the_separator_of_a_mailbox_file_is_passed_over():
    mail = parse(b"From someone@x.example Thu Jan  1 00:00:00 1970\r\nSubject: s\r\n\r\nbody")
    assert (mail.subject, mail.text) == ("s", "body")


def test_blank_lines_and_a_byte_order_mark_before_the_headers_are_passed_over():
    assert parse(b"\r\n\r\nSubject: s\r\n\r\nbody").subject == "s"
    assert parse(b"\xef\xbb\xbfSubject: s\r\n\r\nbody").subject == "s"


def test_a_blank_line_that_a_relay_put_into_the_headers_hides_no_sender():
    for blank in ("\r\n", "\n   \n\n"):
        mail = parse(
            f"Received: by relay.example\nX-Rule: 7\n{blank}From: ann@x.example\nSubject: s\n\nHello\n".encode()
        )
        assert (mail.author.address, mail.subject, mail.text) == ("ann@x.example", "s", "Hello\n")
        assert mail.header("X-Rule") == "7"
        assert "blank_line_in_headers" in mail.defects


@pytest.mark.parametrize("first", ["From: bo@x.example", "Subject: s", "Content-Type: text/plain"])
def test_headers_quoted_at_the_start_of_a_body_stay_body(first):
    mail = parse(f"{first}\r\n\r\nFrom: ann@x.example\r\n\r\nHello\r\n".encode())
    assert mail.text == "From: ann@x.example\n\nHello\n"
    assert mail.author.address != "ann@x.example"


def test_a_nested_mail_is_cut_out_octet_by_octet(multipart):
    inner = b"From: x@y.example\r\nSubject:  odd   spacing \r\n\r\nline\r\n\r\n"
    mail = multipart(PLAIN + b"see below", b"Content-Type: message/rfc822\r\n\r\n" + inner)
    assert mail.nested_raw == (inner,)
    assert mail.nested[0].sha256 == hashlib.sha256(inner).hexdigest()
    assert mail.text == "see below"
    assert mail.attachments[0].flags == ("nested_mail",)
    assert mail.attachments[0].name == "odd   spacing.eml"


def test_a_nested_mail_in_base64_is_decoded_first(multipart):
    inner = b"Subject: inner\r\n\r\nhello\r\n"
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(inner)
    mail = multipart(part)
    assert mail.nested[0].subject == "inner"
    assert mail.nested_raw == (inner,)


def test_an_attached_eml_file_is_a_nested_mail_whatever_its_type_says(multipart):
    part = b"Content-Type: application/octet-stream; name=report.eml\r\n\r\nSubject: inner\r\n\r\nx"
    mail = multipart(PLAIN + b"hi", part)
    assert (mail.nested[0].subject, mail.attachments[0].name) == ("inner", "report.eml")


def test_defects_of_a_nested_mail_stay_with_it(multipart):
    mail = multipart(PLAIN + b"hi", b"Content-Type: message/rfc822\r\n\r\nSubject: a\r\nSubject: b\r\n\r\nx")
    assert "duplicate_header" in mail.nested[0].defects
    assert "duplicate_header" not in mail.defects


def test_nesting_stops_at_its_limit():
    raw = b"Subject: innermost\r\n\r\nx"
    for level in range(8):
        raw = b"Subject: level %d\r\nContent-Type: message/rfc822\r\n\r\n" % level + raw
    mail, depth = parse(raw), 0
    while mail.nested:
        mail, depth = mail.nested[0], depth + 1
    assert depth == 5
    assert "nested_too_deep" in mail.defects
    assert mail.attachments  # what was not opened is still there


def test_a_digest_holds_mails(multipart):
    mail = multipart(b"\r\nSubject: one\r\n\r\nx", b"\r\nSubject: two\r\n\r\ny", kind="digest")
    assert [inner.subject for inner in mail.nested] == ["one", "two"]


def test_partial_and_external_bodies_are_listed_and_never_followed(multipart):
    mail = multipart(
        b"Content-Type: message/partial; id=1; number=1\r\n\r\nSubject: x\r\n\r\ny",
        b"Content-Type: message/external-body; access-type=URL; URL=http://x.example/\r\n\r\n"
        b"Content-Type: image/png\r\n\r\n",
    )
    assert not mail.nested
    assert [made.mime_type for made in mail.attachments] == ["message/partial", "message/external-body"]


def test_an_encoded_multipart_is_decoded():
    inner = b"--x\r\nContent-Type: text/plain\r\n\r\nfound\r\n--x--\r\n"
    raw = (
        b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(inner)
    )
    assert parse(raw).text == "found"


def test_an_unreadable_content_type_is_text():
    for written in (b"text", b"", b"nonsense here", b";;;"):
        assert parse(b"Content-Type: " + written + b"\r\n\r\nhello").text == "hello"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (b"text/plain>", "text/plain"),
        (b"charset=utf-8; format=flowed", "text/plain"),
        (b'multipart/mixed boundary="x"', "multipart/mixed"),
        (b'nonsense; name="a.dat"', "application/octet-stream"),
        (b'; name="a.dat"', "application/octet-stream"),
    ],
)
def test_a_damaged_content_type_is_read_as_far_as_possible(written, kind):
    assert parse(b"Content-Type: " + written + b"\r\n\r\nhello").content_type == kind


def test_nothing_at_all_is_still_a_mail():
    for raw in (b"", b"\r\n", b"\x00", b"no headers whatever"):
        assert parse(raw).size == len(raw)
