"""Write the generated parts of `docs/rules.md` from the code and the files they speak of.

    .venv/bin/python scripts/rules_page.py          writes the page
    .venv/bin/python scripts/rules_page.py --check  exit code 1 when it is out of date

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from pydantic.fields import FieldInfo

from mailroom.cli.settings import PolicySection
from mailroom.rulelang.fields import Field
from mailroom.rulelang.schemas import load_schema
from mailroom.triage.evaluation import max_harm, passed_actions
from mailroom.triage.fields import DECISION_FIELDS, FIELDS
from mailroom.triage.packaged import starter_rules
from mailroom.triage.rails import RailSettings
from mailroom.triage.rules import Rule
from mailroom.triage.ruleset import RuleSet, load_ruleset

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rules.md"
_PART = re.compile(r"(<!-- generated: ([a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MOST_DECISIONS = 20_000


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def example(path: str) -> str:
    """A file of the repository as a code block."""
    return f"`{path}`:\n\n```yaml\n{(ROOT / path).read_text(encoding='utf-8').strip()}\n```"


def _fields(known: dict[str, Field]) -> str:
    rows = [(f"`{name}`", field.type, field.level, field.meaning) for name, field in known.items()]
    return table(("Field", "Type", "Level", "What it says"), rows)


def _starter() -> RuleSet:
    return load_ruleset(today=date.min)  # no list entry has expired


def starter_rule_tables() -> str:
    """The packaged rules, file by file."""
    files: dict[str, list[Rule]] = {}
    for rule in _starter().rules:
        name = Path(rule.document.file).relative_to(starter_rules()).as_posix()
        files.setdefault(name, []).append(rule)
    parts = []
    for name in sorted(files):
        rules = sorted(files[name], key=lambda rule: rule.document.line)
        rows = [(f"`{rule.id}`", _worth(rule), rule.group, rule.level, rule.status, rule.title) for rule in rules]
        parts.append(f"**{name}**\n\n" + table(("Rule", "Worth", "Group", "Level", "Status", "Title"), rows))
    return "\n\n".join(parts)


def _worth(rule: Rule) -> str:
    if rule.kind == "insight":
        return "shown"
    if rule.kind == "exclusion":
        silenced = ", ".join(f"`{name}`" for name in rule.silences)
        return f"verdict {rule.verdict}" if rule.verdict else f"silences {silenced}"
    extra = " and the verdict" if rule.absolute else " and proves identity" if rule.proves_identity else ""
    return f"{rule.score:+d}{extra}"


def starter_list_table() -> str:
    """The packaged lists."""
    lists = _starter().lists
    rows = [(f"`{name}`", lists[name].kind, len(lists[name].entries), lists[name].title) for name in sorted(lists)]
    return table(("List", "Kind", "Entries", "Title"), rows)


def gates() -> str:
    """What an evaluation record must show, worked out with the gate itself."""
    record = load_schema("mailroom.triage", "rule")["properties"]["evaluation"]["items"]
    actions = record["properties"]["action"]["enum"]
    rows = [
        (f"`{action}`", f"{max_harm(action):.1%}", *(_least(action, wrong) for wrong in (0, 1, 2)))
        for action in actions
    ]
    return table(("Action", "Most harm", "Decisions with none wrong", "with one wrong", "with two wrong"), rows)


def _least(action: str, wrong: int) -> str:
    low, high = 1, _MOST_DECISIONS
    if not _earned(action, wrong, high):
        return "never"
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _earned(action, wrong, middle) else (middle + 1, high)
    return f"{low:,}"


def _earned(action: str, wrong: int, decisions: int) -> bool:
    record = {"action": action, "rule_version": 1, "decisions": decisions, "wrong": wrong}
    return bool(passed_actions([record], 1)[0])


def rail_settings() -> str:
    """Settings of the rails that a site can change."""

    def default(field: FieldInfo) -> str:
        value = field.get_default(call_default_factory=True)
        return "none" if value in ({}, frozenset()) else str(value).lower()

    rows = [
        (f"`{name}`", default(field), field.description)
        for name, field in RailSettings.model_fields.items()
        if name in PolicySection.model_fields
    ]
    return table(("Setting", "Default", "Meaning"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "example_rule": lambda: example("examples/rules/suppliers.yml"),
    "example_list": lambda: example("examples/lists/suppliers.yml"),
    "example_exclusion": lambda: example("examples/rules/exclusions/scanners.yml"),
    "gates": gates,
    "rail_settings": rail_settings,
    "fields": lambda: _fields(FIELDS),
    "decision_fields": lambda: _fields(DECISION_FIELDS),
    "starter_rules": starter_rule_tables,
    "starter_lists": starter_list_table,
}


def render(page: str) -> str:
    """The page with its generated parts made anew.

    Raises:
        KeyError: The page names a part that does not exist.
    """
    return _PART.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n\n{match[3]}", page)


def main(arguments: Sequence[str]) -> int:
    """Write or check the page."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = render(text)
    if "--check" in arguments:
        if fresh != text:
            print("docs/rules.md is out of date: run .venv/bin/python scripts/rules_page.py")
        return int(fresh != text)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
