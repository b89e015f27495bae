"""Headers written by the sender: unescaped once, unfolded, cut at limits."""

from __future__ import annotations

import pytest

from mailroom.mimecast.header_block import BLOCK_LIMIT, HEADER_LIMIT, VALUE_LIMIT, read_header_block


def headers(text):
    return read_header_block(text).headers


def test_pre_is_stripped_and_entities_are_unescaped_exactly_once():
    assert headers("<pre>\nSubject: &amp;lt;b&amp;gt; &quot;x&quot; &#39;y&#39;\r\n</pre>") == [
        ("Subject", "&lt;b&gt; \"x\" 'y'")
    ]


def test_only_whole_entities_are_unescaped():
    assert headers("Subject: a=1&copy=2&notit") == [("Subject", "a=1&copy=2&notit")]


def test_folded_lines_are_joined():
    assert headers("To: a@b.example,\r\n c@d.example,\r\n\te@f.example\r\nX: y") == [
        ("To", "a@b.example, c@d.example, e@f.example"),
        ("X", "y"),
    ]


def test_repeated_headers_keep_their_order():
    block = read_header_block("From: one\nfrom: two\nFROM : three\n")
    assert block.all("from") == ["one", "two", "three"]


def test_nothing_after_the_first_empty_line_is_a_header():
    assert headers("A: 1\r\n\r\nAuthentication-Results: relay.mimecast.com; spf=pass") == [("A", "1")]


def test_a_bare_cr_does_not_start_a_header():
    assert headers("Subject: x\rAuthentication-Results: relay.mimecast.com; spf=pass\nB: 2") == [
        ("Subject", "x Authentication-Results: relay.mimecast.com; spf=pass"),
        ("B", "2"),
    ]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_other_line_separators_do_not_start_a_header(separator):
    assert [name for name, _ in headers(f"Subject: x{separator}From: y@z.example\n")] == ["Subject"]


def test_lines_that_are_no_headers_are_skipped_and_flagged():
    block = read_header_block("A: 1\nno colon here\n its fold\nbad name: x\nGood: y")
    assert block.headers == [("A", "1"), ("Good", "y")]
    assert set(block.defects) == {"header_fold_without_header", "header_line_unreadable"}


def test_everything_is_cut_at_its_limit_and_flagged():
    assert "header_value_cut" in read_header_block("A: " + "x" * (VALUE_LIMIT + 1)).defects
    assert len(headers("A: " + "x" * (VALUE_LIMIT + 1))[0][1]) == VALUE_LIMIT
    many = read_header_block("A: 1\n" * (HEADER_LIMIT + 1))
    assert (len(many.headers), many.defects) == (HEADER_LIMIT, ("header_count_cut",))
    assert "header_block_cut" in read_header_block("A: x\n" * BLOCK_LIMIT).defects


@pytest.mark.parametrize("text", [None, 7, [], {}, "", "<pre></pre>", "\r\n\r\n", "&" * 300_000, "&#9999999999;"])
def test_no_text_breaks_the_reader(text):
    read_header_block(text)


def test_character_references_beyond_unicode_do_not_break_it():
    assert headers("A: &#x110000; &#0; &#xD800;")
