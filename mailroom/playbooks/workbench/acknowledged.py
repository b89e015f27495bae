"""The file in which people acknowledge lost and gained matches, kept beside the rules and reviewed with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mailroom.errors import InvalidInputError
from mailroom.playbooks.workbench.backtest import Change

_KEYS = frozenset({"rule", "change", "alerts", "why", "by"})
_LARGEST = 1_000_000
_HEADER = "# Write why, and who says so. An entry without both counts for nothing.\nacknowledged:\n"


@dataclass(frozen=True)
class Acknowledged:
    """What people have looked at and accept. `entries` are (rule, kind of change, alert)."""

    entries: frozenset[tuple[str, str, int]] = field(default_factory=frozenset)

    def open_ones(self, changes: Iterable[Change]) -> list[Change]:
        """The changes that nobody has acknowledged."""
        return [one for one in changes if (one.rule_id, one.kind, one.alert_id) not in self.entries]

    def stale(self, changes: Iterable[Change]) -> list[tuple[str, str, int]]:
        """Entries about changes that do not happen (any more)."""
        return sorted(self.entries - {(one.rule_id, one.kind, one.alert_id) for one in changes})


def read_acknowledged(path: Path) -> Acknowledged:
    """Read the file.

    Raises:
        InvalidInputError: it cannot be read, or an entry has no reason, no name, or a part that means nothing.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidInputError(f"{path} is larger than 1 MB; acknowledge fewer changes, or correct the rules")
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InvalidInputError(f"{path} cannot be read: {type(error).__name__}") from error
    if not isinstance(document, dict) or document.keys() != {"acknowledged"}:
        raise InvalidInputError(f"{path} needs exactly one key, `acknowledged`, with a list of entries")
    entries: set[tuple[str, str, int]] = set()
    rows = document["acknowledged"] or []
    if not isinstance(rows, list):
        raise InvalidInputError(f"{path}: `acknowledged` is a list of entries")
    for number, entry in enumerate(rows, 1):
        entries |= _entry(f"{path}: entry {number}", entry)
    return Acknowledged(frozenset(entries))


def as_file(changes: Sequence[Change]) -> str:
    """The changes as a file to be completed: the reasons are for people to write."""
    together: dict[tuple[str, str], list[int]] = {}
    for one in changes:
        together.setdefault((one.rule_id, one.kind), []).append(one.alert_id)
    rows = [
        f'  - {{ rule: {rule}, change: {kind}, alerts: {sorted(alerts)}, why: "", by: "" }}\n'
        for (rule, kind), alerts in sorted(together.items())
    ]
    return _HEADER + "".join(rows)


def _entry(where: str, entry: Any) -> set[tuple[str, str, int]]:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise InvalidInputError(f"{where} needs the keys {', '.join(sorted(_KEYS))} and no others")
    if entry["change"] not in {"lost", "gained"}:
        raise InvalidInputError(f"{where}: change is `lost` or `gained`")
    for name in ("rule", "why", "by"):
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise InvalidInputError(f"{where}: `{name}` is empty")
    alerts = entry["alerts"]
    if not isinstance(alerts, list) or not all(isinstance(one, int) for one in alerts):
        raise InvalidInputError(f"{where}: `alerts` is a list of alert numbers")
    return {(entry["rule"], entry["change"], alert_id) for alert_id in alerts}
