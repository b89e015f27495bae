"""What a person is shown of an approval before deciding. Addresses stay out; every text of a mail is made harmless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailroom.effects.changes import CHANGES, change_of
from mailroom.playbooks.approvals.requesting import SEVERAL, needs_two
from mailroom.playbooks.harmless import harmless
from mailroom.store import Store
from mailroom.store.actions import Action
from mailroom.store.alerts import Alert
from mailroom.store.approval_rows import StoredApproval
from mailroom.store.verdicts import Verdict

MOST_ROWS = 25
_FINAL = frozenset({"release", "release_to_sandbox", "reject", "report_message"})


def rows_of(
    store: Store, approval: StoredApproval, limit: int = MOST_ROWS, action_ids: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """One row per action, the first ones; `action_ids` of an approval that is not written down. Reads the store."""
    ids = [one.action_id for one in store.approvals.members(approval.id)] if action_ids is None else action_ids
    actions = store.ledger.get_many(ids[:limit])
    about = {one.alert_id for one in actions.values() if one.alert_id is not None}
    alerts, verdicts = store.alerts.get_many(about), store.verdicts.current_many(about)
    return [
        _row(one, alerts.get(one.alert_id or 0), verdicts.get(one.alert_id or 0))
        for one in (actions[known] for known in ids[:limit] if known in actions)
    ]


def description(store: Store, approval: StoredApproval, rows: list[dict[str, Any]] | None = None) -> list[str]:
    """Sentences for a form or a mail."""
    shown = rows_of(store, approval) if rows is None else rows
    lines = [
        "Nothing has been done yet.",
        f"Approval {approval.id}, proposed by {harmless(approval.proposer, 60)}: {approval.summary}.",
    ]
    lines += [
        f"- alert {one['alert']}: {one['action']}; {one['verdict']}; from {one['domain']}; {one['subject']}"
        if one["alert"]
        else f"- {one['action']}"
        for one in shown
    ]
    if approval.targets > len(shown):
        lines.append(f"- and {approval.targets - len(shown)} more: `mailroom approvals show {approval.id}`")
    if needs_two(approval):
        lines.append(
            "It is wide: whoever proposed it cannot approve it, and a name typed in a form does not count. Somebody "
            f"else answers the mail, or runs `mailroom approve {approval.id}`."
        )
    if is_final(store, approval):
        lines.append("It cannot be taken back.")
    lines.append(f"It can be decided until {approval.expires_at:%Y-%m-%d %H:%M} UTC.")
    lines.append("If a message, the evidence or the rules change before, the approval is void.")
    return lines


def is_final(store: Store, approval: StoredApproval) -> bool:
    """Whether any of it cannot be taken back. Effect: reads the store."""
    if approval.kind != SEVERAL:
        return approval.kind in _FINAL
    actions = store.ledger.get_many([one.action_id for one in store.approvals.members(approval.id)])
    return any(one.kind in _FINAL for one in actions.values())


def _row(action: Action, alert: Alert | None, verdict: Verdict | None) -> dict[str, Any]:
    what = action.kind.replace("_", " ")
    if action.kind in CHANGES:
        what = "; ".join(harmless(text, 200) for text in _previewed(action))
    return {
        "id": action.id, "kind": action.kind, "action": what, "state": action.state, "alert": action.alert_id or "",
        "verdict": f"{verdict.verdict}, risk {verdict.risk}" if verdict else "no verdict",
        "domain": harmless(alert.sender_domain, 60) if alert else "",
        "subject": harmless(alert.title, 80) if alert else "",
        "why": _reasons(verdict),
    }  # fmt: skip


def _reasons(verdict: Verdict | None) -> str:
    texts = [str(entry.get("text", "")) for entry in verdict.evidence[:3]] if verdict else []
    return harmless("; ".join(texts), 200)


def _previewed(action: Action) -> list[str]:
    """What a change would do, without the address of the one recipient that it may name."""
    wanted = dict(action.parameters)
    if wanted.get("recipient"):
        wanted["recipient"] = "one of our recipients"
    return change_of(action.kind).preview(wanted)
