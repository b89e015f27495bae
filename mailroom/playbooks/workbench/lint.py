"""Hints about rules that load and pass their tests, and may still not mean what somebody wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailroom.triage.decide import SUSPICIOUS
from mailroom.triage.packaged import starter_rules
from mailroom.triage.rules import Rule
from mailroom.triage.ruleset import RuleSet

_SHORT = 4
_PLAIN_WORDS = re.compile(r"(\(\?i\))?[\w \-@.]*[\w \-@]")
_VALUE = re.compile(r"\{[a-z_.]+\}")


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to look at. `where` is `path:line`."""

    where: str
    rule_id: str
    text: str


def lint(ruleset: RuleSet, *, all_rules: bool = False) -> list[Hint]:
    """Hints about a site's own rules (with `all_rules` about the packaged ones too). Pure; loading found no error.

    Args:
        ruleset: What was loaded; its warnings (expired entries, empty lists) come first.
        all_rules: Look at the packaged rules too.
    """
    packaged = str(starter_rules())
    rules = [one for one in ruleset.rules if all_rules or not Path(one.where).is_relative_to(packaged)]
    found = [Hint("", "", warning) for warning in ruleset.warnings]
    for rule in rules:
        found += [Hint(rule.document.at(*path), rule.id, text) for path, text in _of_rule(rule, ruleset)]
    return found + list(_twins(rules))


def _of_rule(rule: Rule, ruleset: RuleSet) -> Iterator[tuple[tuple[str | int, ...], str]]:
    data = rule.document.data
    if rule.kind == "rule" and not data.get("false_positives"):
        yield ("id",), "false_positives is missing: which honest mail will it hit?"
    if not _VALUE.search(data["explain"]):
        yield ("explain",), "explain shows no value of the mail; {field} would"
    if rule.kind == "rule" and rule.score >= SUSPICIOUS and not rule.absolute:
        yield ("score",), f"{rule.score} points make a mail suspicious without any other rule"
    if rule.kind == "exclusion" and rule.status == "shadow":
        yield ("status",), "an exclusion in shadow silences nothing"
    names = [test["name"] for test in data["tests"]]
    if len(set(names)) < len(names):
        yield ("tests",), "two tests have the same name"
    if rule.silences:
        shadows = {one.id for one in ruleset.rules if one.status == "shadow"}
        if idle := sorted(shadows.intersection(rule.silences)):
            yield ("silences",), f"silences {', '.join(idle)}, which is in shadow and does not count anyway"
    for record in data.get("evaluation", ()):
        if record["rule_version"] != rule.version:
            yield ("evaluation",), f"the record for {record['action']} is about version {record['rule_version']}"
    for name, search in data["match"].items():
        for one in search if isinstance(search, list) else [search]:
            for key, value in one.items():
                yield from ((("match", name), text) for text in _of_line(key, value))


def _of_line(key: str, value: Any) -> Iterator[str]:
    values = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    modifier = key.rpartition("|")[2] if "|" in key else ""
    if modifier == "re":
        yield from (f"{key}: {one!r} is plain words; words_any sees through look-alike letters, a pattern does not"
                    for one in values if _PLAIN_WORDS.fullmatch(one))  # fmt: skip
    if modifier in {"contains", "startswith", "endswith"}:
        short = (one for one in values if len(one) < _SHORT and one.isalnum())
        yield from (f"{key}: {one!r} is so short that it stands in many words" for one in short)


def _twins(rules: Iterable[Rule]) -> Iterator[Hint]:
    seen: dict[str, str] = {}
    for rule in rules:
        data = rule.document.data
        text = json.dumps([data.get("when"), data["match"], data["condition"]], sort_keys=True, default=str)
        if text in seen:
            yield Hint(rule.where, rule.id, f"asks for exactly what {seen[text]} asks for")
        seen.setdefault(text, rule.id)
