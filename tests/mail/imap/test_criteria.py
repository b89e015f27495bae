"""Criteria as tokens: never injected, never asking for less than is wanted."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailroom.errors import InvalidInputError
from mailroom.mail.imap.commands import encoded
from mailroom.mail.imap.criteria import (
    And,
    Bcc,
    Before,
    Body,
    Cc,
    Everything,
    From,
    GmailRaw,
    Header,
    Keyword,
    Larger,
    MessageId,
    Not,
    Or,
    Seen,
    Since,
    Smaller,
    Subject,
    Text,
    To,
    Uid,
    Unseen,
)
from mailroom.mail.imap.uids import uid_set


def line(criterion, charset=None) -> str:
    pieces = encoded("SEARCH", criterion.to_imap(charset))
    return b"|".join(pieces).decode().removeprefix("SEARCH ")


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (Everything(), "ALL"),
        (From("a b"), 'FROM "a b"'),
        (To("a"), 'TO "a"'),
        (Cc("a"), 'CC "a"'),
        (Bcc("a"), 'BCC "a"'),
        (Text('say "x" \\'), r'TEXT "say \"x\" \\"'),
        (Header("X-Foo", ""), 'HEADER "X-Foo" ""'),
        (MessageId("<a@b>"), 'HEADER "Message-ID" "<a@b>"'),
        (GmailRaw("has:attachment"), 'X-GM-RAW "has:attachment"'),
        (And(Unseen(), Seen()), "UNSEEN SEEN"),
        (Or(Unseen(), Larger(5), Smaller(6)), "OR UNSEEN OR LARGER 5 SMALLER 6"),
        (Or(Unseen(), And(Seen(), Keyword("$A"))), "OR UNSEEN (SEEN KEYWORD $A)"),
        (Not(And(Seen(), Keyword("$A"))), "NOT (SEEN KEYWORD $A)"),
        (Not(And(Seen())), "NOT SEEN"),
        (And(Not(Seen()), And(Unseen(), Or(Seen()))), "NOT SEEN UNSEEN SEEN"),
        (Not(Or(Seen(), Unseen())), "NOT OR SEEN UNSEEN"),
        (Since(datetime(2026, 3, 1, 12, tzinfo=UTC)), "SINCE 27-Feb-2026"),
        (Before(date(2026, 12, 31)), "BEFORE 2-Jan-2027"),
        (Not(Since(date(2026, 3, 1))), "NOT SINCE 3-Mar-2026"),
        (Uid(5), "UID 5"),
        (Uid(5, 9), "UID 5:9"),
        (Uid(5, open_end=True), "UID 5:*"),
        (Uid([9, 1, 2, 3, 9]), "UID 1:3,9"),
    ],
)
def test_criteria_become_the_servers_words(criterion, expected):
    assert line(criterion) == expected


def test_non_ascii_text_is_whole_with_utf8_and_in_runs_without():
    both = Or(Subject("Größe 42"), From("a"))
    assert line(both, "UTF-8") == 'OR SUBJECT |Größe 42| FROM "a"'
    assert line(both) == 'OR (SUBJECT "Gr" SUBJECT "e 42") FROM "a"'
    assert line(Or(Subject("ü"), From("a"))) == "ALL"
    assert line(And(Subject("ü"), From("a"))) == 'FROM "a"'
    assert line(Not(Subject("Größe"))) == "ALL"
    assert line(Not(Not(Subject("Gräfin")))) == 'NOT NOT (SUBJECT "Gr" SUBJECT "fin")'
    assert line(Header("X-Foo", "ü")) == 'HEADER "X-Foo" ""'


@pytest.mark.parametrize("bad", ["a\r\nx LOGOUT", "a\nb", "a\0b", "", "x" * 1001, "a\udc80b", None, b"a", 5])
def test_text_that_could_break_out_is_refused(bad):
    for kind in (From, To, Cc, Bcc, Subject, Body, Text, GmailRaw):
        with pytest.raises(InvalidInputError):
            kind(bad)


@pytest.mark.parametrize(
    "bad", ["a@b", "<a b>", "<>", "<a@b>\r\n", "<a\0@b>", "<a@b", "<" + "a" * 981 + ">", "<ä@b>", None, "<a<b>"]
)
def test_message_ids_are_checked_as_a_whole(bad):
    with pytest.raises(InvalidInputError):
        MessageId(bad)


def test_other_odd_values_are_refused():
    for make in (
        lambda: Header("X Foo", "a"),
        lambda: Header("X-Foo\r\nA", "a"),
        lambda: Header("X-Foo", "a\r\nb"),
        lambda: Keyword("\\Seen"),
        lambda: Keyword("a b"),
        lambda: Keyword(""),
        lambda: Larger(-1),
        lambda: Larger(True),
        lambda: Larger(2**32),
        lambda: Uid(0),
        lambda: Uid(2**32),
        lambda: Uid("1:*"),
        lambda: Uid([]),
        lambda: Uid([1, "2"]),
        lambda: Since("2026-01-01"),
        lambda: And(),
        lambda: Or("UNSEEN"),
        lambda: Not(None),
    ):
        with pytest.raises(InvalidInputError):
            make()


@given(st.text(max_size=60))
def test_no_text_ever_leaves_its_place_in_the_command(text):
    try:
        pieces = encoded("SEARCH", Subject(text).to_imap("UTF-8"))
    except InvalidInputError:
        return
    if len(pieces) == 3:
        assert pieces == [b"SEARCH SUBJECT ", text.encode(), b""]
        return
    (only,) = pieces
    inside = only.removeprefix(b'SEARCH SUBJECT "').removesuffix(b'"')
    assert only == b'SEARCH SUBJECT "' + inside + b'"'
    plain = inside.replace(b"\\\\", b"").replace(b'\\"', b"")
    assert b'"' not in plain
    assert b"\\" not in plain
    assert not any(octet < 0x20 or octet > 0x7E for octet in only)


def _truth(criterion, hits: dict[str, bool], known: set[str]) -> bool:
    """What a server that knows only some leaves would answer, evaluated by hand on widened trees."""
    if isinstance(criterion, Or):
        return any(_truth(part, hits, known) for part in criterion.parts)
    if isinstance(criterion, And):
        return all(_truth(part, hits, known) for part in criterion.parts)
    if isinstance(criterion, Not):
        return not _truth(criterion.part, hits, known)
    assert criterion.text in known
    return hits[criterion.text]


_LEAVES = st.sampled_from([Subject("aa"), Subject("bb"), Subject("ü"), Subject("é")])
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(*parts)),
        inner.map(Not),
    ),
    max_leaves=8,
)


@given(_TREES)
def test_the_servers_part_never_excludes_what_is_wanted(tree):
    names = ["aa", "bb", "ü", "é"]
    wide = tree.widened(ascii_only=True)
    for values in itertools.product((False, True), repeat=4):
        hits = dict(zip(names, values, strict=True))
        if _truth(tree, hits, set(names)):
            assert wide is None or _truth(wide, hits, {"aa", "bb"})


def test_uid_sets_are_short_and_sorted():
    assert uid_set([5, 3, 4, 9, 4294967295]) == "3:5,9,4294967295"
    assert uid_set(range(1, 100_001)) == "1:100000"
