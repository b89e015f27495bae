"""Which mails a mailbox filter lets through: OR inside a field, AND across fields, NOT excludes."""

from __future__ import annotations

import itertools

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.imap import MailFilters, parse_list
from mailroom.mail.imap.commands import encoded
from mailroom.mail.model import Attachment, Mail, MailAddress


def address(text: str, name: str = "") -> MailAddress:
    return MailAddress(text, name, f"{name} <{text}>")


def mail(**fields) -> Mail:
    usual = {
        "from_": (address("alice@example.com", "Alice Ä. Example"),),
        "to": (address("soc@corp.example"),),
        "subject": "Your  INVOICE for\n\tMärz",
        "text": "Please pay the\r\nfull amount.",
        "headers": (("X-Spam", "Yes, score=9"), ("Subject", "x")),
    }
    return Mail(sha256="", size=0, **{**usual, **fields})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a, b\\, c", ("a", "b, c")),
        ("", ()),
        (" , ,", ()),
        ("one", ("one",)),
        ("a\\\\,b", ("a\\", "b")),
        ("a\\b, c\\", ("a\\b", "c\\")),
        ("Inbox,Sent\\, old , x", ("Inbox", "Sent, old", "x")),
    ],
)
def test_lists_are_split_at_commas_that_are_not_escaped(text, values):
    assert parse_list(text) == values


@pytest.mark.parametrize(
    ("sender", "value", "hit"),
    [
        ("a@example.com", "example.com", True),
        ("a@example.com", "@example.com", True),
        ("a@example.com", "EXAMPLE.com", True),
        ("a@notexample.com", "example.com", False),
        ("a@example.com.evil.org", "example.com", False),
        ("a@sub.example.com", "example.com", False),
        ("example.com@evil.org", "example.com", False),
        ("a@example.com", "a@example.com", True),
        ("aa@example.com", "a@example.com", False),
        ("a@example.com", "A@Example.COM", True),
        ("a@xn--mnchen-3ya.de", "münchen.de", True),
        ("a@xn--mnchen-3ya.de", "a@münchen.de", True),
        ("a@xn--mnchen-3ya.de", "xn--mnchen-3ya.de", True),
        ("alice@example.com", "alice", True),
        ("bob@example.com", "alice", False),
    ],
)
def test_a_domain_never_hits_its_look_alikes(sender, value, hit):
    from_one = mail(from_=(MailAddress(sender, raw=sender),))
    assert MailFilters(from_=(value,)).matches(from_one) is hit
    assert MailFilters(not_from=(value,)).matches(from_one) is not hit


def test_text_is_compared_without_case_width_and_line_breaks():
    assert MailFilters(subject=("invoice for märz",)).matches(mail())
    assert MailFilters(subject=("ＩＮＶＯＩＣＥ",)).matches(mail())
    assert MailFilters(body=("pay the full",)).matches(mail())
    assert MailFilters(from_=("ALICE ä.",)).matches(mail())
    assert not MailFilters(subject=("receipt",)).matches(mail())


def test_attachment_names_and_html_count_as_body():
    attached = mail(
        attachments=(Attachment("Rechnung 7.pdf", 1, "", "application/pdf", original_names=("r\u202efdp.exe",)),)
    )
    assert MailFilters(body=("rechnung 7",)).matches(attached)
    assert MailFilters(body=("fdp.exe",)).matches(attached)
    assert not MailFilters(not_body=(".pdf",)).matches(attached)
    shown = mail(text="", html="<p>Please <b>verify</b> your&nbsp;account</p>")
    assert MailFilters(body=("please verify your account",)).matches(shown)


def test_headers_by_name_with_or_without_values():
    assert MailFilters(header=("x-spam", ("nope", "score=9"))).matches(mail())
    assert MailFilters(header=("X-Spam", ())).matches(mail())
    assert not MailFilters(header=("X-Absent", ())).matches(mail())
    assert not MailFilters(not_header=("X-Spam", ())).matches(mail())


def test_the_truth_table_of_or_and_and_not():
    for sender, subject, unwanted in itertools.product((False, True), repeat=3):
        filters = MailFilters(
            from_=("nobody@x.org", "alice@example.com" if sender else "bob@x.org"),
            subject=("zzz", "invoice" if subject else "yyy"),
            not_body=("zzz", "pay" if unwanted else "yyy"),
        )
        assert filters.matches(mail()) is (sender and subject and not unwanted)


def test_an_empty_filter_lets_everything_pass():
    assert MailFilters().matches(mail())
    assert MailFilters().matches(Mail(sha256="", size=0))
    assert MailFilters().server_part() is None


def words(filters: MailFilters, **how) -> str:
    part = filters.server_part(**how)
    return "" if part is None else b"|".join(encoded("S", part.to_imap("UTF-8"))).decode().removeprefix("S ")


def test_the_servers_part_is_wider_than_the_filter():
    filters = MailFilters(
        from_=("alice@example.com", "@corp.example", "bob"),
        subject=("invoice",),
        body=("x",),
        header=("X-Spam", ("yes",)),
        not_from=("evil.org",),
        not_subject=("ok",),
    )
    expected = 'OR FROM "example.com" OR FROM "corp.example" FROM "bob" SUBJECT "invoice" HEADER "X-Spam" "yes"'
    assert words(filters) == expected
    assert words(filters, ask_text=False) == ""
    assert 'BODY "x"' in words(filters, ask_body=True)


def test_domains_with_two_spellings_are_left_to_our_own_eyes():
    assert words(MailFilters(from_=("münchen.de", "example.com"))) == ""
    assert words(MailFilters(from_=("xn--mnchen-3ya.de",))) == ""
    assert words(MailFilters(from_=tuple(f"d{n}.example" for n in range(60)))) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_": "alice"},
        {"subject": ("a\r\nb",)},
        {"body": ("",)},
        {"to": (5,)},
        {"header": ("X Y", ())},
        {"not_header": ("X", ("a\0",))},
    ],
)
def test_values_that_are_none_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        MailFilters(**wrong)


def test_the_server_is_asked_for_ascii_words_because_it_need_not_fold_anything_else():
    assert words(MailFilters(subject=("RECHNUNG FÜR  März",))) == 'SUBJECT "RECHNUNG" SUBJECT "rz"'
    assert words(MailFilters(subject=("für", "x"))) == ""
    assert words(MailFilters(header=("X-Kind", ("Prüfung",)))) == 'HEADER "X-Kind" "Pr" HEADER "X-Kind" "fung"'
