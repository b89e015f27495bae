"""How the sending of a question stands, by the ledger: in words, in the question's row, and as a person settles it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailroom.connectors.careful_login import sending_failed, sending_worked
from mailroom.effects.look_up_mail import settle
from mailroom.effects.mail_outcome import (
    SEND_MAIL,
    SendOutcome,
    given_id_of,
    may_be_tried,
    people_of,
    put_off_of,
    refused_of,
)
from mailroom.errors import BusyError, InvalidInputError
from mailroom.mail.account import MailAccount
from mailroom.playbooks.question_mail import question_again
from mailroom.redact import one_line
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE, Action, ActionResult
from mailroom.store.wait_rows import Wait

PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
"""How long those who refuse a question for now are left alone; the last pause is repeated until the deadline."""
LOOKED_FOR_AFTER_DEADLINE = timedelta(days=1)
"""A mail of unknown fate is looked for until so long after the deadline of its question."""
BY_HAND = "by_hand"
"""Code of an action whose outcome a person told."""

_STATES = ("intended", "sending", "applied", "unknown", "failed", "not_applied", "refused", "already_done")
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sending:
    """How far the mail of one question has come.

    Attributes:
        state: `sent`, `put_off` (some refused it for now), `unknown`, `not_sent`, `sending`; empty for a wait for the
            answer to a mail sent earlier.
        since: Since when that is so.
        put_off: Who refused it for now, with the server's words.
        next_try: When they are tried again; None when they are not.
        says: What that means and what can be done, for people; empty when everything is as it should be.
    """

    state: str
    since: datetime | None = None
    put_off: tuple[tuple[str, str], ...] = ()
    next_try: datetime | None = None
    says: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "state": self.state, "since": self.since.isoformat() if self.since else None, "says": self.says,
            "put_off": dict(self.put_off), "next_try": self.next_try.isoformat() if self.next_try else None,
        }  # fmt: skip


def chain_of(store: Store, wait: Wait) -> list[Action]:
    """The actions that send a question: the first one, then those for people who were put off. Reads the store."""
    if not wait.is_ours or not wait.message_ids:
        return []
    return store.ledger.find(wait.tenant, kinds=(SEND_MAIL,), states=_STATES, target=wait.message_ids[0])


def needs_server(chain: Sequence[Action]) -> bool:
    """Whether asking again hands the mail, or the rest of it, to the sending server."""
    return not chain or any(one.state in CLAIMABLE and one.retryable for one in chain)


def next_try(chain: Sequence[Action]) -> datetime | None:
    """When those who are put off are due again; None when nobody is."""
    if not chain or not may_be_tried(chain[-1]):
        return None
    last = chain[-1].settled_at or chain[-1].created_at
    tries = sum(one.attempt for one in chain)
    return last + PAUSES[min(max(tries, 1), len(PAUSES)) - 1]


def sending_of(store: Store, wait: Wait) -> Sending:
    """How the sending of a question stands. Effect: reads the store."""
    chain = chain_of(store, wait)
    return _judged(wait, chain) if wait.is_ours else Sending("")


def note_server(store: Store, account: MailAccount, outcome: SendOutcome) -> None:
    """Let whoever sends next know whether the sending server works. Effect: writes the store."""
    if outcome.sent_now or (outcome.open and outcome.error is None):  # who refuses a recipient works
        sending_worked(account, store)
    elif outcome.error is not None and not isinstance(outcome.error, InvalidInputError):
        sending_failed(account, store)


def take_up(store: Store, wait: Wait) -> Wait:
    """Let a question learn what the ledger knows of its sending: when, who refused, who is tried again when.

    Effect: writes the store where that is new; may settle the question (`undeliverable`, `not_sent`). Harmless twice.
    """
    chain = chain_of(store, wait)
    if not wait.is_open or not chain or chain[0].state in {"intended", "sending"}:
        return wait
    first, stands = chain[0], _judged(wait, chain)
    refused: dict[str, str] = {}
    for one in chain:
        refused |= {who.lower(): words for who, words in refused_of(one).items()}
    if first.state in {"failed", "refused", "already_done"} and not refused:
        return store.waits.cancel(wait.id, first.detail, state="not_sent")
    for one in chain:
        if (given := given_id_of(one)) and given not in wait.message_ids:  # the answers will name it
            store.waits.add_message_id(wait.id, given)
    is_sent = first.state == "applied"
    return store.waits.sent(
        wait.id, action_id=first.id, sent_at=(first.claimed_at or first.created_at) if is_sent else None,
        refused=refused, detail=stands.says,
    )  # fmt: skip


def settle_by_hand(store: Store, wait_id: int, *, sent: bool, why: str, who: str) -> Wait:
    """Write down what a person knows of a sending that nobody saw to its end.

    Effect: writes the ledger, the history and the question. Harmless twice. `sent=False` makes asking again possible,
    which then sends the mail: be sure.

    Args:
        store: Whose question.
        wait_id: Its number.
        sent: What the person knows.
        why: How they know it, for the history.
        who: The person, for the history.

    Raises:
        InvalidInputError: nothing about this sending is unknown, or no reason is given.
        BusyError: somebody is sending it right now.
        NotFoundError: no such question.
    """
    if not why.strip():
        raise InvalidInputError("say how you know it, for the history: --why TEXT")
    wait = store.waits.get(wait_id)
    store.ledger.adopt_orphans()
    chain = chain_of(store, wait)
    unknown = [one for one in chain if one.state == "unknown"]
    if not unknown and any(one.state == "sending" for one in chain):
        raise BusyError(f"question {wait_id} is being sent at this moment; look again in a minute")
    state = "applied" if sent else "not_applied"
    if not unknown and not any(one.code == BY_HAND and one.state == state for one in chain):
        stands = _judged(wait, chain)
        known = {"": "it waits for the answer to a mail sent earlier"}.get(stands.state, stands.state)
        raise InvalidInputError(f"nothing is unknown about the sending of question {wait_id}: {known}")
    text = f"{'sent' if sent else 'not sent'}, as {who} says: {why}"
    results = [
        ActionResult(one.id, state, text, BY_HAND, attempt=one.attempt, result=None if sent else {}) for one in unknown
    ]
    settle(store, unknown, results, who=who)
    return take_up(store, store.waits.get(wait_id))


def _judged(wait: Wait, chain: Sequence[Action]) -> Sending:
    if not chain:
        text = "it was stored and not sent yet; asking again under the same key sends it"
        return Sending("not_sent", wait.created_at, says=text if wait.is_open else "")
    unknown = [one for one in chain if one.state == "unknown"]
    if unknown:
        return _unknown(wait, unknown[0])
    if any(one.state == "sending" for one in chain):
        return Sending("sending", chain[-1].claimed_at)
    first, last = chain[0], chain[-1]
    due = next_try(chain)
    if due is not None:
        return _put_off(wait, chain, due)
    if first.state != "applied":
        text = f"not sent: {first.detail}"
        if first.state in {"intended", "not_applied"}:
            text += "; asking again under the same key sends it"
        return Sending("not_sent", first.settled_at or first.created_at, says=text if wait.is_open else "")
    return Sending("sent", last.claimed_at or first.claimed_at)


def _unknown(wait: Wait, action: Action) -> Sending:
    since = action.claimed_at or action.created_at
    whom = f" to {_names(people_of(action))}" if people_of(action) else ""
    until = wait.deadline + LOOKED_FOR_AFTER_DEADLINE
    text = (
        f"unknown since {_when(since)} whether it was sent{whom}: nobody saw the end of it. An answer or a bounce will "
        f"show it, and traces are looked for until {_when(until)}. Who knows can say so: "
        f"`mailroom replies settle {wait.id} --sent` or `--not-sent`"
    )
    return Sending("unknown", since, says=text)


def _put_off(wait: Wait, chain: Sequence[Action], due: datetime) -> Sending:
    last = chain[-1]
    said = {who: words for one in chain for who, words in put_off_of(one).items()}
    people = people_of(last) or tuple(said)
    put_off = tuple((who, said.get(who, "")) for who in people)
    text = f"refused for now: {_names(people)} ({one_line(put_off[0][1], 120)}); "
    if not wait.is_open:
        return Sending("put_off", chain[0].claimed_at, put_off)
    if question_again(wait) is None:
        text += (
            "not tried again by itself, because attachments are not kept with a question; asking again under the same "
            "key tries once more"
        )
        return Sending("put_off", chain[0].claimed_at, put_off, says=text)
    if due >= wait.deadline:
        text += "not tried again before the deadline"
        return Sending("put_off", chain[0].claimed_at, put_off, says=text)
    text += f"tried again at {_when(due)}"
    return Sending("put_off", chain[0].claimed_at, put_off, due, text)


def _names(people: Sequence[str]) -> str:
    more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    return ", ".join(people[:_NAMED]) + more


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
