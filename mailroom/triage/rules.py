"""One rule: parsed, checked and compiled from its YAML document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailroom.rulelang.condition import Evaluate
from mailroom.rulelang.explain import Fill, compile_sentence
from mailroom.rulelang.matching import compile_match
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.yaml_source import Document
from mailroom.triage.evaluation import passed_actions
from mailroom.triage.fields import FIELDS


@dataclass(frozen=True)
class Rule:
    """A rule as the engine uses it; see `json_schemas/rule.schema.json` for what each part means.

    `evaluate` takes the results of the rule set's tests, by number. `fields` are the fields it asks for.
    `auto_actions` are the actions it may drive automatically. `content` is what the digest covers.
    """

    id: str
    version: int
    status: str
    kind: str
    title: str
    level: str
    severity: str
    owner: str
    score: int
    group: str
    absolute: bool
    proves_identity: bool
    silences: tuple[str, ...]
    verdict: str
    suggests_verdict: str
    suggests_action: str
    auto_actions: frozenset[str]
    fields: frozenset[str]
    explain: Fill
    evaluate: Evaluate
    content: Mapping[str, Any]
    where: str
    document: Document


def compile_rule(document: Document, bank: TestBank, default_kind: str, problems: list[str]) -> Rule | None:
    """Compile a document that fits the schema; problems are added as `path:line: message`.

    Args:
        document: What was read.
        bank: Where the rule's tests go.
        default_kind: Kind for a rule that does not name one.
        problems: Collects what is wrong; None is returned when anything is.
    """
    data = document.data
    before = len(problems)
    evaluate, fields = compile_match(document, bank, problems)
    explain: Fill = str
    try:
        explain = compile_sentence(data["explain"], FIELDS)
    except ValueError as error:
        problems.append(f"{document.at('explain')}: explain {error}")
    kind = data.get("kind", default_kind)
    auto_actions = _check_meaning(document, kind, fields, problems)
    if len(problems) > before or evaluate is None:
        return None

    suggest = data.get("suggest", {})
    return Rule(
        id=data["id"],
        version=data["version"],
        status=data["status"],
        kind=kind,
        title=data["title"],
        level=data["level"],
        severity=data.get("severity", "info"),
        owner=data["owner"],
        score=data.get("score", 0),
        group=data.get("group", ""),
        absolute="absolute" in data,
        proves_identity="proves" in data,
        silences=tuple(data.get("silences", ())),
        verdict=data.get("verdict", ""),
        suggests_verdict=suggest.get("verdict", ""),
        suggests_action=suggest.get("action", ""),
        auto_actions=auto_actions,
        fields=fields,
        explain=explain,
        evaluate=evaluate,
        content={**{key: value for key, value in data.items() if key != "tests"}, "kind": kind},
        where=document.at("id"),
        document=document,
    )


def _check_meaning(document: Document, kind: str, fields: frozenset[str], problems: list[str]) -> frozenset[str]:
    """Rules between the parts of a rule that a schema cannot say."""
    data = document.data
    deeper = sorted(name for name in fields if name in FIELDS and FIELDS[name].level > data["level"])
    if deeper:
        needed = max(FIELDS[name].level for name in deeper)
        problems.append(f"{document.at('level')}: asks for {', '.join(deeper)}, which needs level {needed}")
    if kind == "rule":
        problems += [
            f"{document.at()}: a rule that counts needs `{needed}` (or make it an insight)"
            for needed in ("score", "group")
            if needed not in data
        ]
    elif "score" in data or "absolute" in data or "proves" in data:
        problems.append(f"{document.at()}: an {kind} cannot have score, absolute or proves")
    if kind == "exclusion" and not ("verdict" in data or "silences" in data):
        problems.append(f"{document.at()}: an exclusion needs `verdict` or `silences`")
    if kind != "exclusion" and ("verdict" in data or "silences" in data):
        problems.append(f"{document.at()}: only exclusions have `verdict` or `silences`")
    if data.get("score", 0) < 0 and data.get("group") not in ("history", "identity"):
        problems.append(f"{document.at('score')}: only history and identity can speak for a mail")
    if data.get("score", 0) < 0 and "auth.dmarc_pass" not in fields:
        problems.append(f"{document.at('score')}: a rule that lowers the score must ask for auth.dmarc_pass")
    if "proves" in data and "auth.dmarc_pass" not in fields:
        problems.append(f"{document.at('proves')}: a rule that proves identity must ask for auth.dmarc_pass")
    expected = {str(test["expect"]).lower() for test in data["tests"]}
    problems += [
        f"{document.at('tests')}: no test expects {outcome}; a rule needs one each of true, false, unknown"
        for outcome in ("true", "false", "unknown")
        if outcome not in expected
    ]
    passed, refused = passed_actions(data.get("evaluation", ()), data["version"])
    if data["status"] == "auto" and not passed:
        why = "; ".join(refused) or "it has no evaluation record"
        problems.append(f"{document.at('status')}: status auto is not earned: {why}. Use advise until it is")
    return passed if data["status"] == "auto" else frozenset()
