"""Addresses: what mail programs make of what senders write (H9, H25)."""

from __future__ import annotations

import pytest

from mailroom.mail.parse.addresses import read_addresses


def pairs(written, **options):
    return [(entry.name, entry.address) for entry in read_addresses(written, **options)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("John Doe <john@x.example>", [("John Doe", "john@x.example")]),
        ("john@x.example", [("", "john@x.example")]),
        ('"Doe, John" <john@x.example>, ann@y.example', [("Doe, John", "john@x.example"), ("", "ann@y.example")]),
        ("john@x.example (John Doe)", [("John Doe", "john@x.example")]),
        ("John (Sales) <john@x.example>", [("John (Sales)", "john@x.example")]),
        ("'j@x.example' <j@x.example>", [("j@x.example", "j@x.example")]),
        ("a@x.example;b@y.example", [("", "a@x.example"), ("", "b@y.example")]),
        ("Team: Ed <c@a.example>, joe@b.example; d@e.example",
         [("Ed", "c@a.example"), ("", "joe@b.example"), ("", "d@e.example")]),
        ("Undisclosed recipients:;", []),
        ("Name: Company <a@b.example>", [("Name: Company", "a@b.example")]),
        ("Smith, John <j@x.example>", [("Smith, John", "j@x.example")]),
        ("\"'Jo' Day\" <j@x.example>, 'n Dok <n@x.example>", [("'Jo' Day", "j@x.example"), ("'n Dok", "n@x.example")]),
        ("'A' and 'B' <ab@x.example>", [("'A' and 'B'", "ab@x.example")]),
        ("''Jo'' <j@x.example>, \"'K'\" <k@x.example>", [("Jo", "j@x.example"), ("K", "k@x.example")]),
        ("The  Little\t Prince <p@x.example>", [("The Little Prince", "p@x.example")]),
        ("=?utf-8?Q?J=C3=B6?= <j@x.example> =?utf-8?q?=2C?= Ann <a@x.example>",
         [("Jö", "j@x.example"), ("Ann", "a@x.example")]),
        ('"Big \\"Box\\"; Inc" <b@x.example>', [('Big "Box"; Inc', "b@x.example")]),
        ("=?utf-8?Q?Doe=2C_J=C3=B6rg?= <j@x.example>, k@y.example",
         [("Doe, Jörg", "j@x.example"), ("", "k@y.example")]),
        ('"=?utf-8?Q?J=C3=B6rg?=" <j@x.example>', [("Jörg", "j@x.example")]),
        ("<a@x.example<mailto:a@x.example>>", [("", "a@x.example")]),
        ("Name [mailto:a@x.example]", [("Name", "a@x.example")]),
        ("mailto:a@x.example", [("", "a@x.example")]),
        ("Mary <@relay.example:mary@x.example>, , jd@test  . example",
         [("Mary", "mary@x.example"), ("", "jd@test.example")]),
        ("Pete <pete(his account)@silly.example(his host)>", [("Pete", "pete@silly.example")]),
        ('"a b"@x.example', [("", '"a b"@x.example')]),
        ('Ben <">"@x.example>', [("Ben", '">"@x.example')]),
        ("a@[192.0.2.1]", [("", "a@[192.0.2.1]")]),
        ("a@[IPv6:2001:db8::1]", [("", "a@[ipv6:2001:db8::1]")]),
        ("Foo <a@b.example", [("Foo", "a@b.example")]),
        ("Foo <a@b.example, Bar <c@d.example>", [("Foo", "a@b.example"), ("Bar", "c@d.example")]),
        ("Foo <a@b.example; <c@d.example>, e@f.example",
         [("Foo", "a@b.example"), ("", "c@d.example"), ("", "e@f.example")]),
        ('Foo <"a,<b"@c.example>, d@e.example', [("Foo", '"a,<b"@c.example'), ("", "d@e.example")]),
        ("undisclosed-recipients:", []),
        ("Team: ann@a.example, Bo <bo@b.example>", [("", "ann@a.example"), ("Bo", "bo@b.example")]),
        ("Mary <,@one.example,,@two.example:mary@x.example>", [("Mary", "mary@x.example")]),
        ("Mary <mary(at (her) desk)@x.example>", [("Mary", "mary@x.example")]),
        ('"unclosed <a@b.example>', [("unclosed", "a@b.example")]),
        ("(c):", [("c", "")]),
        ("MAILER-DAEMON (Mail System)", [("Mail System", "mailer-daemon")]),
        ("<Undisclosed-Recipient:;>", []),
        ('"undisclosed-recipients" <undisclosed-recipients:;>', []),
        ("Undisclosed-Recipient:;@relay.example;;;", []),
        ("list:;@relay.example, a@x.example", [("", "a@x.example")]),
        ("Administrator (admin@x.example)", [("Administrator", "admin@x.example")]),
        ("A, B, C <s@x.example>", [("A, B, C", "s@x.example")]),
        ("Lee </o=Org/ou=Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=lee>",
         [("Lee", "/o=org/ou=group (fydibohf23spdlt)/cn=recipients/cn=lee")]),
        ("=?utf-8?Q?=22Ann_=22Mr=22_Lee=22?= <a@x.example>", [('Ann "Mr" Lee', "a@x.example")]),
        ("Nobody <>", [("Nobody", "")]),
        (", a@b.example,,", [("", "a@b.example")]),
    ],
)  # fmt: skip
def test_addresses_are_read_as_mail_programs_show_them(written, expected):
    assert pairs(written) == expected


def test_the_address_in_angles_wins_over_the_one_in_the_name():
    (entry,) = read_addresses("admin@good.example <evil@bad.example>", author=True)
    assert (entry.address, entry.name) == ("evil@bad.example", "admin@good.example")
    assert "display_contains_other_address" in entry.flags


def test_of_several_angles_the_last_is_the_author_and_the_others_are_kept():
    entries = read_addresses("<admin@good.example> <evil@bad.example>", author=True)
    assert [entry.address for entry in entries] == ["evil@bad.example", "admin@good.example"]
    assert all("several_addresses" in entry.flags for entry in entries)


def test_addresses_with_only_blanks_between_them_are_all_read():
    found = read_addresses("a@b.example c@d.example\te@f.example")
    assert [entry.address for entry in found] == ["a@b.example", "c@d.example", "e@f.example"]
    assert all(entry.flags == ("several_addresses",) for entry in found)
    author = read_addresses("a@b.example c@d.example", author=True)
    assert [entry.address for entry in author] == ["c@d.example", "a@b.example"]


def test_the_name_of_an_author_stays_when_nobody_stands_in_the_angles():
    assert pairs("Your Bank <bank:;>", author=True) == [("Your Bank", "")]


def test_recipients_without_a_comma_between_them_keep_their_order():
    assert pairs("A <a@x.example> B <b@y.example>") == [("A", "a@x.example"), ("B", "b@y.example")]


def test_an_address_hidden_in_an_encoded_word_is_found_and_flagged():
    (entry,) = read_addresses("=?utf-8?q?Bank_=3Cbank=40good.example=3E?=", author=True)
    assert (entry.name, entry.address) == ("Bank", "bank@good.example")
    assert "address_in_encoded_word" in entry.flags


def test_comments_and_quotes_cannot_change_who_is_meant():
    for written in (
        "[ ( ] <victim@good.example> ) <evil@bad.example>",
        '["] <victim@good.example> ["] <evil@bad.example>',
    ):
        assert [entry.address for entry in read_addresses(written)] == ["evil@bad.example"]


def test_every_from_is_extracted_and_disagreement_is_a_defect(headers):
    mail = headers("From: a@good.example", "From: b@bad.example")
    assert [entry.address for entry in mail.from_] == ["a@good.example", "b@bad.example"]
    assert {"multiple_from", "multiple_from_headers"} <= set(mail.defects)


def test_addresses_have_a_canonical_form():
    (entry,) = read_addresses("J\u00f6rg <J\u00f6rg@EX\u00c4MPLE.example.>".encode().decode("latin-1"))
    assert entry.address == "jörg@xn--exmple-cua.example"
    assert entry.name == "Jörg"
    assert {"idn", "non_ascii"} <= set(entry.flags)
    assert read_addresses("A+Tag@X.Example.")[0].address == "a+tag@x.example"


def test_addresses_of_absurd_length_are_kept_as_they_are():
    address = "a" * 400 + "@" + "b" * 300 + ".example"
    assert read_addresses(address)[0].address == address


@pytest.mark.parametrize("written", ["two@@x.example", "a b@", "@x.example", "root"])
def test_what_is_no_address_is_kept_and_not_valid(written):
    assert not any(entry.valid for entry in read_addresses(written))


def test_sender_and_from_are_kept_apart(headers):
    mail = headers("From: boss@x.example", "Sender: bot@y.example", "Reply-To: other@z.example")
    assert mail.author.domain == "x.example"
    assert (mail.sender[0].address, mail.reply_to[0].address) == ("bot@y.example", "other@z.example")
