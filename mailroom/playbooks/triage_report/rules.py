"""How often each rule spoke, how often it was right by the labels, and how often people overturned what it caused."""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import itemgetter
from typing import Any

import orjson

from mailroom.playbooks.breaker import MALICIOUS, OVERTURNED
from mailroom.playbooks.triage_report.model import RuleFigures
from mailroom.store.columns import load_json
from mailroom.store.reporting import Page
from mailroom.triage.evaluation import spoke_rightly

_OVERTURNED = frozenset({OVERTURNED, MALICIOUS})
_EMPTY = ("", "[]", None)
_ACTED, _WRONG = 1, 2

_Spoke = tuple[Any, ...]
"""What of an entry is counted, in the order of `_PARTS`. Few parts: each costs a report over many alerts a while."""
_PARTS = ("rule_id", "version", "points", "suggests")
_parts = itemgetter(*_PARTS)


class RuleTally:
    """Counts rules over pages of alerts. Rules in shadow are counted as if they had spoken."""

    def __init__(self) -> None:
        self._spoke: dict[tuple[str, int], Counter[_Spoke]] = defaultdict(Counter)
        """By label, and by whether something happened by itself and was overturned."""
        self._named: dict[tuple[Any, Any], tuple[str, str]] = {}
        """Title and status of each version of each rule, as first met."""

    def add(self, page: Page) -> None:
        """Count one page."""
        current = page.labels[page.labels["is_current"].astype(bool)]
        labels = dict(zip(current["alert_id"].tolist(), current["label"].tolist(), strict=True))
        automatic = page.actions[(page.actions["mode"] == "auto") & page.actions["state"].isin(["applied", "undone"])]
        happened = dict.fromkeys(automatic["alert_id"].tolist(), _ACTED)
        for alert_id in page.alerts.loc[page.alerts["handling"].isin(_OVERTURNED), "id"].tolist():
            if alert_id in happened:
                happened[alert_id] = _WRONG
        rows = [page.verdicts[name].tolist() for name in ("alert_id", "evidence", "shadow")]
        for alert_id, evidence, shadow in zip(*rows, strict=True):
            label = labels.get(alert_id, "")
            if evidence not in _EMPTY:
                self._count(self._spoke[label, happened.get(alert_id, 0)], evidence)
            if shadow not in _EMPTY:
                self._count(self._spoke[label, 0], shadow)

    def figures(self) -> list[RuleFigures]:
        """Every rule that spoke, the most labelled first."""
        known: dict[tuple[str, int], RuleFigures] = {}
        counted = ((*what, *entry, number) for what, spoke in self._spoke.items() for entry, number in spoke.items())
        for label, happened, rule_id, version, points, suggests, number in counted:
            if not points or not isinstance(rule_id, str) or not isinstance(points, int):
                continue  # an insight is worth nothing and cannot be wrong
            one = known.setdefault((rule_id, version or 0), RuleFigures(rule_id, version or 0))
            (one.title, one.status), one.points = self._named[rule_id, version], points
            one.spoke += number
            if label:
                one.labelled += number
                one.right += number * spoke_rightly(points, label, str(suggests))
            one.acted += number * bool(happened)
            one.overturned += number * (happened == _WRONG)
        return sorted(known.values(), key=lambda one: (-one.labelled, -one.spoke, one.rule_id, one.version))

    def _count(self, spoke: Counter[_Spoke], text: str) -> None:
        entries, known = read_entries(text), len(spoke)
        try:
            parts = list(map(_parts, entries))  # nearly all of a report's time would go into a loop in Python
        except KeyError:  # an entry that does not have them all
            parts = [tuple(map(entry.get, _PARTS)) for entry in entries]
        spoke.update(parts)
        if len(spoke) > known:
            for entry in entries:
                key = (entry.get("rule_id"), entry.get("version"))
                self._named.setdefault(key, (str(entry.get("title", "")), str(entry.get("status", ""))))


def read_entries(text: Any) -> list[dict[str, Any]]:
    """The entries of a verdict's evidence, as it is stored."""
    if text in _EMPTY:
        return []
    try:
        return list(orjson.loads(text))
    except orjson.JSONDecodeError:  # a number longer than 64 bits
        return list(load_json(text))
