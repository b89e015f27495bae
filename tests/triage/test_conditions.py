"""Three-valued logic: unknown is not false."""

from __future__ import annotations

import itertools

import pytest

from mailroom.rulelang.condition import ConditionError, compile_condition, numbered
from mailroom.rulelang.ternary import UNKNOWN, at_least

VALUES = (True, False, None)
ORDER = (False, None, True)
"""Kleene's logic: unknown lies between false and true, "and" is the least, "or" the greatest, "not" turns it round."""
SEARCHES = {name: numbered([index]) for index, name in enumerate(("a", "b", "c"))}


def run(text, *values):
    return compile_condition(text, SEARCHES)[0](values)


def all_of(values):
    return ORDER[min(map(ORDER.index, values))]


def any_of(values):
    return ORDER[max(map(ORDER.index, values))]


def negate(value):
    return ORDER[2 - ORDER.index(value)]


@pytest.mark.parametrize("values", list(itertools.product(VALUES, repeat=3)))
def test_connectives_follow_kleene(values):
    a, b, c = values

    assert run("a and b and c", *values) is all_of(values)
    assert run("a or b or c", *values) is any_of(values)
    assert run("not a", *values) is negate(a)
    assert run("all of them", *values) is all_of(values)
    assert run("any of them", *values) is any_of(values)
    assert run("2 of them", *values) is at_least(2, values)
    assert run("a or b and not c", *values) is any_of([a, all_of([b, negate(c)])])
    assert run("(a or b) and not c", *values) is all_of([any_of([a, b]), negate(c)])


@pytest.mark.parametrize("values", list(itertools.product(VALUES, repeat=2)))
def test_more_knowledge_never_overturns_a_known_answer(values):
    for text in ("a and b", "a or b", "not (a and not b)", "1 of them"):
        answer = run(text, *values, False)
        if answer is None:
            continue
        for filled in itertools.product(*[(value,) if value is not None else (True, False) for value in values]):
            assert run(text, *filled, False) is answer


@pytest.mark.parametrize(
    "text", ["", "and", "a and", "not", "a b", "a)", "()", "0 of them", "x of them", "a & b", "1 of"]
)
def test_nonsense_is_refused(text):
    with pytest.raises(ConditionError):
        run(text, True, True, True)


@pytest.mark.parametrize("text", ["(" * 500 + "a" + ")" * 500, "not " * 400 + "a", "a and " * 1_000 + "a"])
def test_deep_or_long_conditions_are_refused(text):
    with pytest.raises(ConditionError):
        run(text, True, True, True)


def test_unknown_does_not_count_as_true_in_a_plain_if():
    assert not UNKNOWN
    assert repr(UNKNOWN) == "UNKNOWN"
