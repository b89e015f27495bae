"""The From parser sees every sender a mail program might show."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.rulelang.from_header import decode_words, find_addresses, read_from


@pytest.mark.parametrize(
    ("values", "addresses", "defect"),
    [
        (["A <a@a.test>", "B <b@b.test>"], {"a@a.test", "b@b.test"}, "several_from_headers"),
        (["a@a.test, b@b.test"], {"a@a.test", "b@b.test"}, "several_addresses"),
        (["<a@a.test><b@b.test>"], {"a@a.test", "b@b.test"}, "several_addresses"),
        (["Doe, John <j@a.test>"], {"j@a.test"}, "unquoted_comma"),
        (["Team: a@a.test, b@b.test;"], {"a@a.test", "b@b.test"}, "group_syntax"),
        (["a@a.test (b@b.test)"], {"a@a.test"}, "address_in_comment"),
        (["=?utf-8?B?Ym9zc0Bjb3JwLnRlc3Q=?= <x@evil.test>"], {"x@evil.test"}, "address_in_encoded_word"),
        (["=?utf-8?Q?boss=40corp=2Etest?="], set(), "address_in_encoded_word"),
        (["boss@corp.test\x00 <x@evil.test>"], {"x@evil.test"}, "nul"),
        (["John <john@a.test"], {"john@a.test"}, "unbalanced"),
        (["<@relay.test:john@a.test>"], {"john@a.test"}, "source_route"),
        (["Help Desk"], set(), "no_address"),
        ([""], set(), "from_empty"),
        ([], set(), "from_missing"),
    ],
)
def test_every_reading_is_kept_and_the_disagreement_is_named(values, addresses, defect):
    reading = read_from(values)

    assert {mailbox.address for mailbox in reading.mailboxes} == addresses
    assert defect in reading.defects
    assert reading.ambiguous


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        ('"Doe, John" <John.Doe@Corp.Test>', "john.doe@corp.test", "Doe, John"),
        ("john@corp.test", "john@corp.test", ""),
        ("john@corp.test (John)", "john@corp.test", "John"),
        ("John <john@corp.test.>", "john@corp.test", "John"),
        ("=?iso-8859-1?Q?J=F6rg?= <j@corp.test>", "j@corp.test", "Jörg"),
        ("=?utf-8?B?SsO2cmc=?=\r\n =?utf-8?Q?_B?= <j@corp.test>", "j@corp.test", "Jörg B"),
        ('"odd \\"quoted\\"" <j+tag@corp.test>', "j+tag@corp.test", 'odd "quoted"'),
        ("J <j@münchen.test>", "j@xn--mnchen-3ya.test", "J"),
        ('"very odd"@corp.test', "very odd@corp.test", ""),
    ],
)
def test_a_plain_header_has_one_reading_and_no_defect(value, address, name):
    reading = read_from([value])

    assert (reading.address, reading.display_name) == (address, name)
    assert not reading.ambiguous


def test_an_address_hidden_in_a_quoted_name_is_found_but_is_not_the_sender():
    reading = read_from(['"ceo@corp.test" <x@evil.test>'])

    assert reading.address == "x@evil.test"
    assert reading.others == ("ceo@corp.test",)
    assert not reading.ambiguous


def test_a_gateway_that_saw_another_sender_is_a_defect():
    reading = read_from(["A <a@a.test>"], vendor_address="b@b.test")

    assert "vendor_disagrees" in reading.defects
    assert {mailbox.address for mailbox in reading.mailboxes} == {"a@a.test", "b@b.test"}


def test_without_the_header_block_the_gateways_reading_is_used():
    reading = read_from(None, "A@Corp.test", "Ann")

    assert (reading.address, reading.display_name, reading.defects) == ("a@corp.test", "Ann", ())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from('ab@.<>",;:()[]\\=?_ \x00\r\n\té\u200b'), max_size=80), max_size=3))
def test_no_text_makes_the_parser_raise(values):
    reading = read_from(values)

    assert all(mailbox.address.count("@") >= 1 for mailbox in reading.mailboxes)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_arbitrary_unicode_does_not_make_it_raise(value):
    read_from([value, value], value, value)
    find_addresses(value)
    decode_words(value)


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 200_000,
        '"' * 200_000,
        "<" * 200_000,
        "a@" * 100_000,
        "@" * 200_000,
        "=?" * 100_000,
        "=?utf-8?B?" * 20_000,
        "a," * 100_000,
        "x" * 1_000_000,
        "\\" * 200_000,
        " " * 500_000 + "@a.test",
        "\r\n " * 100_000,
        ("a" * 63 + ".") * 10_000 + "@" + ("b" * 63 + ".") * 10_000,
        "a\u0301\u0323" * 100_000,
    ],
)
def test_hostile_headers_cost_little(hostile):
    start = time.process_time()
    reading = read_from([hostile] * 20)

    # Twenty headers of up to a megabyte: generous for a slow machine, far below anything quadratic.
    assert time.process_time() - start < 2
    assert "too_long" in reading.defects
