"""What to say of a message that a look at the hold queue did not show.

One answer without the message proves nothing: an answer may be empty by mistake. So it is looked for twice more, by
other questions, then the release log is read, and only the end of its hold makes it expired.

Effect: reads the tenant and the ledger. Twice is harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from mailroom.effects.kinds import KINDS
from mailroom.effects.look import HeldRef, LogFinding, log_lines, said_by, still_held
from mailroom.errors import MailroomError
from mailroom.mimecast import MimecastClient
from mailroom.mimecast.models import ReleaseLogEntry
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.ledger import DONE

log = logging.getLogger(__name__)

_CLOCKS_DIFFER_BY = timedelta(minutes=1)  # ours and the one of the release log, once their difference is taken off


def found_absent(client: MimecastClient, store: Store, action: Action, ref: HeldRef) -> ActionResult:
    """The result of an action that was not sent, because a look did not show its message.

    Returns:
        `already_done` where the release log or the end of the hold explains it; else `not_applied`, without a code when
        the message is held after all and the action may be sent at once. A look that fails is no explanation.
    """
    try:
        if _held_after_all(client, ref):
            return ActionResult(
                action.id, "not_applied", "not sent: one look missed the message, another shows it held"
            )
        finding = said_by(_unused(store, action, log_lines(client, ref)))
    except MailroomError as error:
        log.warning("what became of the message of action %d could not be looked up: %s", action.id, error)
        text = f"not sent: the hold list does not show it, and what became of it could not be looked up: {error}"
        return ActionResult(action.id, "not_applied", text, type(error).__name__)
    if finding.status == "ambiguous":
        return ActionResult(action.id, "already_done", _AMBIGUOUS, "ambiguous", handling="handled_elsewhere")
    if finding.status:
        return _by_others(action, finding)
    if client.now() >= ref.ends_at:
        text = f"no longer held: its hold ended at {ref.ends_at:%Y-%m-%d %H:%M} UTC"
        return ActionResult(action.id, "already_done", text, "expired", handling="expired")
    text = (
        "not sent: the hold list does not show it, and neither does the release log; the next run looks for it again, "
        f"until its hold ends ({ref.ends_at:%Y-%m-%d %H:%M} UTC)"
    )
    return ActionResult(action.id, "not_applied", text, "not_seen")


def looked_up(
    client: MimecastClient, store: Store, action: Action, ref: HeldRef, *, alike: int = 1, used: Collection[str] = ()
) -> ActionResult:
    """The result of an action that was sent, unseen, and whose message a look did not show.

    Right before it was first sent the message was held. So only a line written since can be about it, and only one
    that proves no other action.

    Args:
        client: Which tenant.
        store: Whose ledger.
        action: What was sent.
        ref: Its message.
        alike: How many messages that look like this one are looked up together, itself included. Fewer lines than
            that do not say which of them they are about.
        used: Lines of the release log that prove others of these.

    Returns:
        `applied`, `already_done` (somebody else was first), `not_applied` (held after all), or `unknown` still.
    """
    # Tried more than once, an earlier attempt may be the one that was applied; when that was is not kept.
    begun = action.claimed_at if action.attempt <= 1 else None
    age = store.ledger.now() - (begun or action.created_at)
    since = client.now() - age - _CLOCKS_DIFFER_BY
    try:
        if _held_after_all(client, ref):
            return still_held_result(action)
        lines = log_lines(client, ref)
        since_sent = [line for line in _unused(store, action, lines) if line.released_at >= since]
    except MailroomError as error:
        log.warning("the outcome of action %d could not be looked up: %s", action.id, error)
        return ActionResult(action.id, "unknown", f"could not be looked up: {error}", type(error).__name__)
    if lines and len(since_sent) < alike:
        text = "no longer held, and the release log may tell of messages like it only: check it by hand"
        return ActionResult(action.id, "unknown", text, "ambiguous")
    finding = said_by([line for line in since_sent if line.id not in used])
    if finding.status == "ambiguous":
        return ActionResult(action.id, "unknown", _AMBIGUOUS, "ambiguous")
    if not finding.status:
        return ActionResult(action.id, "unknown", "no longer held, and not yet in the release log", "unknown")
    kind = KINDS[action.kind]
    if finding.status != kind.log_status:
        return _by_others(action, finding)
    text = f"looked up: {finding.status}{_by(finding, '')}{_when(finding.at)}"
    return ActionResult(action.id, "applied", text, handling=kind.handling, result=_proof(action, finding))


def still_held_result(action: Action) -> ActionResult:
    """The result of an action that was sent, unseen, and whose message is held: it may be tried again."""
    return ActionResult(action.id, "not_applied", "looked up: the message is still held")


_AMBIGUOUS = "no longer held, and the release log does not say clearly what became of it: check it by hand"


def _held_after_all(client: MimecastClient, ref: HeldRef) -> bool:
    """Two more looks, by recipient and by the second of arrival alone: the first may have been either."""
    return any(still_held(client, [one]) for one in (ref, replace(ref, recipient="")))


def _unused(store: Store, action: Action, lines: list[ReleaseLogEntry]) -> list[ReleaseLogEntry]:
    """The lines that prove no other action: two messages that are alike have a line each."""
    return [line for line in lines if not line.id or not _used(store, action, line.id)]


def _used(store: Store, action: Action, log_id: str) -> bool:
    known = store.ledger.find(action.tenant, kinds=KINDS, states=DONE, result_id=log_id)
    return any(other.id != action.id for other in known)


def _by_others(action: Action, finding: LogFinding) -> ActionResult:
    text = f"already {finding.status}{_by(finding, 'someone else')}{_when(finding.at)}"
    return ActionResult(
        action.id, "already_done", text, f"{finding.status}_elsewhere", handling="handled_elsewhere",
        result=_proof(action, finding),
    )  # fmt: skip


def _proof(action: Action, finding: LogFinding) -> dict[str, object]:
    return {**action.result, "id": finding.log_id} if finding.log_id else action.result


def _by(finding: LogFinding, otherwise: str) -> str:
    who = finding.operator or otherwise
    return f" by {who}" if who else ""


def _when(at: datetime | None) -> str:
    return f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
