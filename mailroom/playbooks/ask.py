"""Asking people by mail: store the question, send it once, wait, read the outcome.

The stored question is the truth. Whoever asks may be killed, run again or wait elsewhere: the same key is the same
question, its mail is sent once, and its deadline stays what it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.careful_login import may_send, open_carefully
from mailroom.effects.find_sent import own_copy
from mailroom.effects.mail_outcome import SEND_MAIL, given_id_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import (
    BusyError,
    InvalidInputError,
    LeaseLostError,
    RefusedError,
    RejectedError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import compose
from mailroom.mail.parse import parse_safely
from mailroom.mail.threading_headers import new_message_id, new_thread_index
from mailroom.playbooks.question import Question, QuestionResult, Waiting, result_of
from mailroom.playbooks.question_mail import fresh_token, kept_words, mail_of
from mailroom.playbooks.sending import chain_of, needs_server, note_server, take_up
from mailroom.playbooks.watch_replies import Handle, Resume, watch
from mailroom.store import Store
from mailroom.store.wait_rows import NewWait, Wait
from mailroom.store.waits import Once

log = logging.getLogger(__name__)

_LOOK_EVERY = 3.0


@dataclass
class PostDesk:
    """What asking works with: a mailbox and a store."""

    store: Store
    account: MailAccount
    tenant: str = ""
    clock: Clock = SYSTEM_CLOCK
    patient: bool = False
    """Leave a sending server alone for a while that has just failed: for what asks by itself, again and again."""


def ask(
    desk: PostDesk,
    question: Question,
    *,
    key: str,
    flow_run_id: str = "",
    alert_id: int | None = None,
    requested_by: str = "",
    words_may_change: bool = False,
    kind: str = "question",
    more: Mapping[str, Any] = MappingProxyType({}),
    once: Once | None = None,
) -> Wait:
    """Put a question, once.

    Effect: sends mail. Twice under the same key: the stored question is returned, and nothing is sent again.

    Args:
        desk: Mailbox and store.
        question: What to ask whom.
        key: Unique for this question, the same whenever this step runs again.
        flow_run_id: The run to resume when the question is settled; empty when nobody is suspended.
        alert_id: Which alert it is about.
        requested_by: Who asks, for the history.
        words_may_change: A stored question with other words under this key is the same question (the code that
            writes them may have been upgraded while the run waited); else that is refused.
        kind: What sort of question; `waits.to_handle` finds those whose outcome is used without a run by it.
        more: Plain data to be kept with the question.
        once: Refused while a question with such a key is younger than this.

    Returns:
        The stored question, open as a rule; `undeliverable` when the server refused every recipient for good. Whom it
        refused for now the watcher tries again, until the deadline.

    Raises:
        InvalidInputError: the question is not possible.
        NotFoundError: there is no such alert.
        RefusedError: a guard, another question under this key, a form this version does not read, or `once`.
        RejectedError: the server refused the mail; the question is settled as `not_sent`.
        AccessError, NotOfferedError: the sending half of the mailbox does not work as it is set up. Nothing was sent;
            once that is mended, asking again under the same key sends it.
        TransientError: not sent now; asking again under the same key sends it.
    """
    # Once it is stored, what counts is what was allowed then: new rails or rules must not lose its answer.
    if desk.store.waits.by_key(key) is not None:
        people = question.people()
    else:
        people = check(desk, question)
        if alert_id is not None:
            desk.store.alerts.get(alert_id)
    new = _new_wait(desk, question, people, key, flow_run_id, alert_id)
    stored = desk.store.waits.ask(replace(new, kind=kind, question=dict(more) | new.question), once=once)
    if not stored.created and stored.question.get("digest") != question.digest:
        if not words_may_change:
            raise RefusedError(
                f"question {stored.id} was asked under the same key in other words: nothing was sent. Give each "
                "question of a run its own step (`step=`); then its words may also change while the run waits."
            )
        log.warning("question %d was put with other words than those of now; the stored one stands", stored.id)
    if not stored.is_open or (not stored.created and stored.deadline <= desk.store.waits.now()):
        return stored  # nobody is asked what nobody waits for any more
    return _send(desk, question, stored, requested_by)


def check(desk: PostDesk, question: Question) -> tuple[str, ...]:
    """Whether a question could be put, without doing it; returns whom it would ask.

    Raises:
        InvalidInputError: an address, the mail, a pattern, a limit or the mailbox is not in order.
        RefusedError: a guard.
    """
    people = question.people()
    question.check()
    _check_waiting(desk, question.waiting)
    question.waiting.count(len(people))
    desk.account.need_smtp()
    desk.account.need_imap()
    mail = mail_of(desk.account, question)
    desk.account.guards.check(mail)
    compose(mail, clock=desk.clock)
    return people


def wait_for(
    desk: PostDesk,
    message_id: str,
    waiting: Waiting,
    *,
    key: str,
    recipients: tuple[str, ...] = (),
    since: datetime | None = None,
    flow_run_id: str = "",
) -> Wait:
    """Wait for the answers to a mail sent earlier.

    Effect: writes the store. Twice under the same key is one wait; how it is waited for stays as it was stored.

    Args:
        desk: Mailbox and store.
        message_id: Of that mail, with angle brackets.
        waiting: How.
        key: Unique for this wait.
        recipients: Who may answer; when empty, whoever that mail went to.
        since: When it was sent; when None, it is looked up.
        flow_run_id: The run to resume.

    Raises:
        InvalidInputError: the mail is not in the Sent folder and no recipients are given.
        RefusedError: this key waits for the answers to another mail, or of other people.
    """
    _check_waiting(desk, waiting)
    message_id = f"<{message_id.strip().strip('<>')}>"
    known = desk.store.waits.by_key(key)
    if known is not None:
        return _same_wait(known, message_id, recipients)
    subject = why = ""
    if not recipients or since is None:
        found, sent_at, subject, why = _sent_earlier(desk, message_id)
        recipients, since = recipients or found, since or sent_at
    if not recipients:
        raise InvalidInputError(f"nobody knows who got {message_id} ({why}): name the people who may answer")
    now = desk.store.waits.now()
    asked = tuple(dict.fromkeys(one.lower() for one in recipients))
    return desk.store.waits.ask(NewWait(
        key=key, kind="mail", mailbox=desk.account.name, tenant=desk.tenant, recipients=asked,
        needed=waiting.count(len(asked)), mode=waiting.mode, deadline=now + waiting.time_limit,
        message_ids=_ids_of(desk, message_id), sender_policy=waiting.sender_policy, subject=subject,
        flow_run_id=flow_run_id, exclusions=waiting.exclusions(), folders=waiting.folders, question=_judging(waiting),
        scan_from=since or now - waiting.time_limit, sent_at=since,
    ))  # fmt: skip


def wait_in_place(
    desk: PostDesk,
    wait_id: int,
    *,
    seconds: float | None = None,
    resume: Resume | None = None,
    handlers: Sequence[Handle] = (),
    on_look: Callable[[Wait], None] = lambda _wait: None,
) -> Wait:
    """Wait in this process until the question is settled, or for so many seconds.

    Looks into the mailbox itself; where another watcher is at it already, only the store is asked.

    Effect: reads the mailbox, writes the store. Harmless twice and side by side.
    """
    ends = desk.clock.monotonic() + seconds if seconds is not None else None

    def over() -> bool:
        wait = desk.store.waits.get(wait_id)
        on_look(wait)
        return not wait.is_open or (ends is not None and desk.clock.monotonic() >= ends)

    desk.store.waits.get(wait_id).check_version()
    while not over():
        try:
            watch(desk.store, desk.account, tenant=desk.tenant, resume=resume, handlers=handlers, stop=over,
                  poll_seconds=_LOOK_EVERY, clock=desk.clock)  # fmt: skip
        except (BusyError, LeaseLostError):  # another watcher is at it, or took over while this machine slept
            left = ends - desk.clock.monotonic() if ends is not None else _LOOK_EVERY
            desk.clock.sleep(max(0.05, min(_LOOK_EVERY / 3, left)))
    return desk.store.waits.get(wait_id)


def outcome(desk: PostDesk, wait_id: int) -> QuestionResult:
    """What came of a question so far. Effect: reads the store."""
    return result_of(desk.store, desk.store.waits.get(wait_id))


# -- inside -----------------------------------------------------------------------------------------------------------


def _check_waiting(desk: PostDesk, waiting: Waiting) -> None:
    waiting.check()
    if waiting.need_proof and not desk.account.trusted_authserv_ids:
        raise InvalidInputError(
            f"mailbox {desk.account.name!r} names no server whose word on senders is trusted, so no answer could ever "
            "be proven: fill in its trusted authserv-ids, or do without proof"
        )


def _send(desk: PostDesk, question: Question, wait: Wait, requested_by: str) -> Wait:
    faultpoint("ask.before_sending")
    if desk.patient and needs_server(chain_of(desk.store, wait)):
        may_send(desk.account, desk.store)
    sent = send_once(
        desk.store, desk.account, mail_of(desk.account, question, wait), key=wait.key,
        digest=str(wait.question["digest"]), tenant=desk.tenant, alert_id=wait.alert_id,
        requested_by=requested_by or wait.flow_run_id, clock=desk.clock,
        before_sending=fresh_token(desk.store, desk.account, question, wait),
    )  # fmt: skip
    faultpoint("ask.sent")
    if desk.patient:
        note_server(desk.store, desk.account, sent)
    if sent.state == "sending" or (sent.state == "not_applied" and not sent.open):
        if (error := sent.to_mend) is not None:
            raise type(error)(
                f"question {wait.id} has not been sent yet: {error}. Then run again to send it."
            ) from error
        why = sent.detail or "somebody else is at it"
        raise TransientError(f"question {wait.id} has not been sent yet: {why}. Run again to send it.")
    done = take_up(desk.store, desk.store.waits.get(wait.id))
    faultpoint("ask.recorded")
    if done.state == "not_sent":
        raise RejectedError(f"question {wait.id} was not sent: {done.detail}")
    return done


def _new_wait(
    desk: PostDesk, question: Question, people: tuple[str, ...], key: str, flow_run_id: str, alert_id: int | None
) -> NewWait:
    waiting, now = question.waiting, desk.store.waits.now()
    kept = kept_words(question) | {"thread_index": new_thread_index(now)}
    return NewWait(
        key=key, mailbox=desk.account.name, tenant=desk.tenant, recipients=people, needed=waiting.count(len(people)),
        mode=waiting.mode, deadline=now + waiting.time_limit, message_ids=(new_message_id(desk.account.domain),),
        sender_policy=waiting.sender_policy, subject=question.subject, alert_id=alert_id, flow_run_id=flow_run_id,
        exclusions=waiting.exclusions(), folders=waiting.folders, question=kept | _judging(waiting),
        reminders=tuple(sorted(int(one.total_seconds()) for one in question.reminders)),
    )  # fmt: skip


def _judging(waiting: Waiting) -> dict[str, object]:
    return {"aliases": waiting.aliases, "by_subject": waiting.by_subject, "need_proof": waiting.need_proof}


def _same_wait(known: Wait, message_id: str, recipients: tuple[str, ...]) -> Wait:
    """The wait stored under this key, when it is the one that is meant."""
    known.check_version()
    other_people = recipients and {one.lower() for one in recipients} != set(known.recipients)
    if known.is_ours or message_id not in known.message_ids or other_people:
        raise RefusedError(
            f"question {known.id} has the key {known.key!r} and waits for other answers (to {known.message_ids[0]}): "
            f"nothing waits for those to {message_id}. Give each wait of a run its own step (`step=`)."
        )
    return known


def _ids_of(desk: PostDesk, message_id: str) -> tuple[str, ...]:
    """The id of a mail, and those that servers gave it in place of ours: the answers will name them."""
    sent = desk.store.ledger.find(desk.tenant, kinds=(SEND_MAIL,), states=("applied",), target=message_id)
    return tuple(dict.fromkeys((message_id, *filter(None, map(given_id_of, sent)))))


def _sent_earlier(desk: PostDesk, message_id: str) -> tuple[tuple[str, ...], datetime | None, str, str]:
    """(recipients, when, subject) of a mail of ours, from its copy in Sent; and why there is none."""
    own = desk.account.own_addresses
    with open_carefully(desk.account, desk.store) as session:
        copy, why = own_copy(session, desk.account, message_id)
    if copy is None:
        return (), None, "", why
    mail = parse_safely(copy.raw, internal_date=copy.internal_date)
    people = (one.address for one in (*mail.to, *mail.cc) if one.address)
    return tuple(one for one in people if one.lower() not in own), mail.date, mail.subject, "it went to nobody else"
