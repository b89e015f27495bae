"""What a person knows of an action whose outcome nobody saw and no look-up shows."""

from __future__ import annotations

from mailroom.effects.changes import CHANGES
from mailroom.effects.kinds import KINDS
from mailroom.errors import BusyError, InvalidInputError
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult

BY_HAND = "by_hand"


def settle_action(store: Store, action_id: int, *, applied: bool, why: str, who: str) -> Action:
    """Write down whether an unknown change of the tenant happened.

    Effect: writes the ledger, the history and, where the message is now released or rejected, its alert. Harmless
    twice. With `applied=False` a retry carries the action out again: be sure.

    Args:
        store: Whose ledger.
        action_id: The action.
        applied: What the person knows.
        why: How they know it, for the history.
        who: The person, for the history.

    Raises:
        InvalidInputError: nothing about it is unknown, no reason is given, or it is a mail.
        BusyError: somebody is carrying it out right now.
        NotFoundError: no such action.
    """
    if not why.strip():
        raise InvalidInputError("say how you know it, for the history: --why TEXT")
    store.ledger.adopt_orphans()
    action = store.ledger.get(action_id)
    if action.kind not in KINDS and action.kind not in CHANGES:
        raise InvalidInputError(
            f"action {action_id} is a mail ({action.kind}): say it of its question, `mailroom replies settle QUESTION`"
        )
    if action.state == "sending":
        raise BusyError(f"action {action_id} is being carried out by {action.owner}; look again in a minute")
    wanted = "applied" if applied else "not_applied"
    if action.state == wanted and action.code == BY_HAND:
        return action
    if action.state != "unknown":
        raise InvalidInputError(f"nothing is unknown about action {action_id}: it is {action.state}")
    text = f"{'done' if applied else 'not done'}, as {who} says: {why}"
    handling = KINDS[action.kind].handling if applied and action.kind in KINDS else ""
    result = ActionResult(action_id, wanted, text, BY_HAND, attempt=action.attempt, handling=handling)
    store.ledger.settle([result], who=who)
    return store.ledger.get(action_id)
