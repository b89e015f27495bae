"""Patterns of users: linear where possible, bounded in time always, switched off when they misbehave."""

from __future__ import annotations

import time

import pytest

from mailroom.errors import InvalidInputError
from mailroom.indicators import compile_user, parse_rules
from mailroom.indicators.patterns import BUDGET, MAX_PATTERN, STRIKES

LONG = "a" * 100_000 + "!"


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(\w+\s?)*$", r"(x+x+)+y", r"<a.*?>.*?</a>", r"(?:a|aa)+$"])
def test_patterns_that_hang_elsewhere_are_linear_here(pattern: str) -> None:
    compiled = compile_user(pattern)
    begin = time.process_time()
    compiled.findall(LONG)
    assert compiled.linear
    assert time.process_time() - begin < 0.5


def test_look_behind_works_on_the_other_engine() -> None:
    pattern = compile_user(r"(?<=Subject: ).*")
    assert not pattern.linear
    assert pattern.findall("Subject: hello\nDate: now") == ["hello"]


def test_the_first_group_is_the_value_and_without_groups_the_whole_match() -> None:
    assert compile_user(r"id=(\d+)").findall("id=7 id=8") == ["7", "8"]
    assert compile_user(r"(a)|(b)").findall("ab") == ["a", "b"]
    assert compile_user(r"id=\d+").findall("id=7 id=8") == ["id=7", "id=8"]


def test_letters_beyond_ascii_are_letters() -> None:
    assert compile_user(r"Kunde: (\w+)").findall("Kunde: Müller") == ["Müller"]
    assert compile_user(r"\b\w+\b").findall("größer als") == ["größer", "als"]
    assert compile_user("straße", ignore_case=True).search("STRAßE")


def test_text_beyond_ascii_cannot_switch_a_linear_pattern_off() -> None:
    pattern = compile_user(r"(?:\w|\w\w)+$")
    text = "é" + "a" * 60_000 + "!"
    for _ in range(STRIKES + 1):
        assert pattern.findall(text) == []
    assert not pattern.disabled


def test_pythons_end_of_text_is_understood() -> None:
    assert compile_user(r"end\Z").linear
    assert compile_user(r"end\Z").search("the end")
    assert not compile_user(r"end\Z").search("the end\n")


def test_case_matters_unless_told_otherwise() -> None:
    assert not compile_user("subject").search("SUBJECT")
    assert compile_user("subject", ignore_case=True).search("SUBJECT")


def test_a_pattern_that_takes_too_long_is_stopped_and_after_three_times_switched_off() -> None:
    pattern = compile_user(r"(?<=x)(?:a|aa)+$")
    text = "x" + "a" * 60_000 + "!"
    for _ in range(STRIKES):
        begin = time.process_time()
        assert pattern.findall(text) == []
        assert time.process_time() - begin < BUDGET * 4
    assert pattern.disabled
    assert pattern.findall("xaa") == []
    assert not pattern.search("xaa")


@pytest.mark.parametrize("pattern", ["", "(", "a{5000}{5000}", "[z-a]", "(?P<x>a)(?P<x", "x" * (MAX_PATTERN + 1)])
def test_what_is_no_pattern_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(InvalidInputError):
        compile_user(pattern)


def test_matches_are_counted() -> None:
    assert len(compile_user("a").findall(LONG)) == 2_000
    assert len(compile_user("a").findall(LONG, limit=5)) == 5


def test_the_rules_of_a_dynamic_list_are_read_line_by_line() -> None:
    rules = parse_rules(
        "# what we look for\n"
        "subject: (?<=Subject: ).*\n"
        "\n"
        "urls: http[s]?://(?:[a-zA-Z]|[0-9]|[$-_@.&+]|[!*(),]|(?:%[0-9a-fA-F][0-9a-fA-F]))+\n"
        "ticket number: TCK-\\d+\n"
    )
    text = "Subject: hello\nsee https://northwind.com/a?b=1 TCK-7 TCK-7"
    assert {rule.name: rule.findall(text) for rule in rules} == {
        "subject": ["hello"],
        "urls": ["https://northwind.com/a?b=1"],
        "ticket number": ["TCK-7"],
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("no colon here", "rule 1 is not"), ("a: b\na: c", "rule 2 has the name 'a'"), ("x: (", r"rule 1 \(x\)")],
)
def test_a_wrong_rule_is_named(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        parse_rules(text)
