"""An investigation for pages, programs and files: who may see what.

Pages of Prefect are open to everybody who reaches it, so of a sender they show the domain, of recipients the number,
and every text harmless. JSON for programs and CSV files hold everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.investigate.result import Investigation
from mailroom.playbooks.investigate.words import sentence
from mailroom.redact import without_mailboxes

_LONG = 400
_FEW = 20


def page_rows(found: Investigation, most: int = 100) -> Iterator[dict[str, Any]]:
    """What anyone may see of the newest messages."""
    for message in found.messages[:most]:
        yield {
            "when": f"{message.at:%Y-%m-%d %H:%M}" if message.at else "",
            "sender domain": message.sender.rpartition("@")[2],
            "recipients": message.recipient_count,
            "subject": without_mailboxes(message.subject),
            "status": message.status,
            "risk": message.risk,
            "direction": "from us" if message.outgoing else "to us",
            "received": len(message.received_by),
            "clicked": len(message.clicked_by),
            "why": without_mailboxes("; ".join(message.notes)),
            "done": without_mailboxes("; ".join(message.done)),
            "seen in": ", ".join(message.seen_in),
        }


def markdown(found: Investigation, *, written_to: Iterable[str] = ()) -> str:
    """The summary page: the sentence, counts, sources, next steps. Nobody's address is in it."""
    lines = [f"**{sentence(found, named=False)}**", "", f"Period: {found.period}", ""]
    statuses = found.by_status
    if statuses:
        lines += ["| " + " | ".join(statuses) + " |", "|" + " ---: |" * len(statuses)]
        lines += ["| " + " | ".join(map(str, statuses.values())) + " |", ""]
        lines.append(
            f"It reached {_count(len(found.received_by), 'mailbox', 'mailboxes')}. Clicked: "
            f"{_count(len(found.clicked_by), 'person', 'people')}."
        )
        lines.append("")
    lines += authentication_lines(found)
    lines += ["## Sources", "", "| source | | rows | |", "| --- | --- | ---: | --- |"]
    lines += [f"| {row.name} | {row.state} | {row.found} | {_safe(row.detail)} |" for row in found.sources]
    lines.append("")
    lines += [f"- {_safe(note)}" for note in found.notes]
    if found.store.measures:
        lines += ["", "## Done about it", ""]
        lines += [f"- {at:%Y-%m-%d %H:%M} {harmless(words)}" for at, words in found.store.measures[:_FEW]]
    if found.suggestions:
        lines += ["", "## Next", ""]
        lines += [f"- {step.why}{f' Deployment *{step.flow}*.' if step.flow else ''}" for step in found.suggestions]
        lines += ["", "The command line gives the same with names: `mailroom investigate --help`."]
    lines += [f"\nWritten on the worker: {harmless(path, _LONG)}" for path in written_to if path]
    return "\n".join(lines) + "\n"


def authentication_lines(found: Investigation) -> list[str]:
    """How mail of the sender authenticated, by our store; nothing when the store does not know."""
    seen = found.store.authentication
    if not seen.mails:
        return []
    parts = []
    for method, results in seen.results.items():
        words = ", ".join(f"{count} {result}" for result, count in sorted(results.items(), key=lambda i: (-i[1], i[0])))
        parts.append(f"{method.upper()} {words}")
    return [f"Authentication of {_count(seen.mails, 'mail', 'mails')} in our store: {'; '.join(parts)}.", ""]


def as_json(found: Investigation) -> dict[str, Any]:
    """Everything as plain values, addresses included."""
    return {
        "inquiry": asdict(found.inquiry),
        "period": {"start": _instant(found.period.start), "end": _instant(found.period.end)},
        "sentence": sentence(found),
        "by_status": found.by_status,
        "by_day": {day.isoformat(): counts for day, counts in found.by_day.items()},
        "by_recipient": found.by_recipient,
        "people": found.people,
        "first_seen": _instant(found.first_seen),
        "last_seen": _instant(found.last_seen),
        "received_by": found.received_by,
        "clicked_by": found.clicked_by,
        "before": {
            "asked": found.before.asked,
            "last_seen": _instant(found.before.last_seen),
            "first_in_store": _instant(found.before.first_in_store),
        },
        "authentication": {
            "mails": found.store.authentication.mails,
            **{method: dict(results) for method, results in found.store.authentication.results.items()},
        },
        "verdicts": dict(found.store.verdicts),
        "measures": [{"at": _instant(at), "what": words} for at, words in found.store.measures],
        "sources": [asdict(row) for row in found.sources],
        "notes": found.notes,
        "messages": found.rows(),
        "clicks": [asdict(click) | {"at": _instant(click.at)} for click in found.clicks],
        "suggestions": [asdict(step) for step in found.suggestions],
    }


def _safe(text: str) -> str:
    return harmless(without_mailboxes(text), _LONG)


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
