"""States, priorities and values of fields: what is accepted, and what is said about the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.cases.states import PRIORITIES, STATES, changed_state, priority_name, priority_of
from mailroom.cases.values import FieldType, check_name, fitting, plain_value, readings
from mailroom.errors import InvalidInputError, RefusedError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING, st.sampled_from(["text", "number", "boolean", "choice", "date", "list"]))
def test_a_field_takes_its_kind_or_says_what_it_takes_and_taking_it_again_changes_nothing(
    value: Any, kind: str
) -> None:
    field = FieldType("amount", kind, choices=("a", "b") if kind == "choice" else ())
    try:
        made = field.fit(value)
    except InvalidInputError as error:
        assert "Field 'amount' takes" in str(error) or "A field takes" in str(error)
    else:
        assert field.fit(made) == made


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_a_value_without_a_type_is_kept_or_refused(value: Any) -> None:
    try:
        made = plain_value(value)
    except InvalidInputError:
        return
    assert plain_value(made) == made


@pytest.mark.parametrize("name", ["", "Amount", "1st", "a-b", "x" * 61, "a b", "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="no name of a field"):
        check_name(name)


def test_what_a_person_types_may_mean_several_things() -> None:
    assert readings("3") == ("3", 3)
    assert readings("yes") == ("yes", True)
    assert readings("parcel") == ("parcel",)
    assert fitting({"amount": "3.50"}, {"amount": FieldType("amount", "number")}) == {"amount": 3.5}


def test_priorities_have_names_and_numbers() -> None:
    assert [priority_of(name) for name in PRIORITIES] == list(PRIORITIES.values())
    assert [priority_name(n) for n in (-1, 39, 40, 79, 80, 100)] == [
        "informational", "informational", "low", "medium", "high", "critical",
    ]  # fmt: skip
    for wrong in ("urgent", "101", "-2", "٣"):
        with pytest.raises(InvalidInputError):
            priority_of(wrong)


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_closing_and_opening_again_need_a_reason_and_nothing_else_does(old: str, new: str) -> None:
    if old == new:
        assert changed_state(old, new, why="") == {}
    elif "closed" in (old, new):
        with pytest.raises(InvalidInputError, match="say why"):
            changed_state(old, new, why=" ")
        assert changed_state(old, new, why="done")["closed"] == (new == "closed")
    else:
        assert changed_state(old, new, why="") == {"state": new, "closed": False, "reason": ""}


def test_open_tasks_stop_a_closing_and_merged_is_no_state_to_set() -> None:
    with pytest.raises(RefusedError, match="one task is still open"):
        changed_state("open", "closed", why="done", open_tasks=1)
    assert changed_state("open", "closed", why="done", open_tasks=1, leave_tasks=True)["state"] == "closed"
    with pytest.raises(InvalidInputError, match="no state of a case"):
        changed_state("open", "merged", why="x")
