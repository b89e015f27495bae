"""Sending a mail, once: through the ledger, with the outcome looked up where it was not seen.

The order is: intent -> claim (a committed `sending` row) -> send -> settle -> our own copy into Sent. When the
connection is lost after the final dot, or the process is killed, the action is `unknown`, and it is looked up: a copy
in the Sent folder, an answer or a bounce that names the Message-ID prove that it was sent. It counts as not sent only
where the provider files a copy by itself and none is there. Otherwise it stays unknown. It is never sent blindly again.

Recipients refused for now are a further action of their own (`#2`, `#3`, ...) with the same Message-ID. Who refused is
noted before the mail is handed over and once more with the result: a kill loses neither them nor the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.effects.claims import out_of_time, still_ours, taken_over
from mailroom.effects.find_sent import keep_copy
from mailroom.effects.look_up_mail import look_up
from mailroom.effects.mail_outcome import (
    SEND_MAIL,
    SendOutcome,
    content_digest,
    facts_of,
    joined,
    outcome_of,
    people_of,
    rest_of,
    result_of_report,
    slot_of,
)
from mailroom.errors import (
    AccessError,
    InvalidInputError,
    MailroomError,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import OutgoingMail, completed, compose
from mailroom.mail.entering import enter
from mailroom.mail.smtp import RecipientResult, SendReport, send
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE, OPEN_EFFECTS, Action, ActionResult, NewAction
from mailroom.store.owners import process_owner

log = logging.getLogger(__name__)

BeforeSending = Callable[[OutgoingMail, Action], OutgoingMail]
"""Makes the last change to a mail before an attempt; is given the action as it was claimed for it."""


def send_once(
    store: Store,
    account: MailAccount,
    mail: OutgoingMail,
    *,
    key: str,
    digest: str = "",
    tenant: str = "",
    alert_id: int | None = None,
    requested_by: str = "",
    before_sending: BeforeSending = lambda mail, _action: mail,
    sent_in_thread: int = 0,
    clock: Clock = SYSTEM_CLOCK,
) -> SendOutcome:
    """Send a mail unless the ledger says that it was sent.

    Effect: sends mail. Twice under the same key: the second call sends nothing, except to recipients refused for now.

    Args:
        store: Whose ledger.
        account: Sends it.
        mail: With its Message-ID set.
        key: Unique for this mail; the same key is the same mail.
        digest: Identity of the content; `content_digest(mail)` when empty.
        tenant: For the ledger.
        alert_id: Which alert it is about.
        requested_by: Who wants it, for the history.
        before_sending: Last change before an attempt (a fresh token); called once per attempt, with the claimed action.
        sent_in_thread: Mails of ours in this thread during the last hour.
        clock: For the date.

    Returns:
        What the ledger knows now; an `unknown` outcome has been looked up already.

    Raises:
        RefusedError: a guard, or another mail has this key.
        InvalidInputError: the mail cannot be composed.
    """
    if not mail.message_id:
        raise InvalidInputError("a mail that is sent once needs its Message-ID before the first attempt")
    mail = completed(mail, clock)
    account.need_smtp()
    known = store.ledger.in_slot(tenant, slot_of(key))
    if known is None or known.state != "applied":  # what has been sent needs no leave any more
        account.guards.check(mail, sent_in_thread=sent_in_thread)
    new = NewAction(
        tenant=tenant, alert_id=alert_id, kind=SEND_MAIL, target=mail.message_id, slot=slot_of(key),
        parameters={"content": digest or content_digest(mail)}, requested_by=requested_by,
    )  # fmt: skip
    if known is not None and known.is_live and known.digest != new.digest:
        raise RefusedError(
            f"another mail ({known.target}, action {known.id}) has this key already: nothing was sent. Give each mail "
            "of a run its own step, and each command its own key."
        )
    action, is_mine = store.ledger.begin(new, owner=process_owner("send mail"))
    proceed = _attempt if is_mine else _one
    outcome = proceed(store, account, mail, action, before_sending, clock)
    number = 2
    while outcome.is_sent and not outcome.sent_now:
        further = store.ledger.in_slot(tenant, f"{slot_of(key)}#{number}")
        if further is None or not (people := people_of(further)):
            break
        number += 1
        if further.state in CLAIMABLE and further.retryable:
            account.guards.check(mail, recipients=people, sent_in_thread=sent_in_thread)
        again = _one(store, account, mail, further, before_sending, clock)
        outcome = joined(outcome, again, people)
        if again.state != "applied":
            break
    return outcome


def _one(
    store: Store, account: MailAccount, mail: OutgoingMail, action: Action, before_sending: BeforeSending, clock: Clock
) -> SendOutcome:
    if action.state == "sending":
        store.ledger.adopt_orphans()
        action = store.ledger.get(action.id)
    if action.state == "unknown":
        action = _looked_up(store, account, action)
    if action.state in OPEN_EFFECTS or action.state in {"applied", "already_done", "refused"}:
        return outcome_of(action)
    claimed = store.ledger.claim([action.id], owner=process_owner("send mail"))
    if not claimed:
        return outcome_of(store.ledger.get(action.id))
    return _attempt(store, account, mail, claimed[0], before_sending, clock)


def _looked_up(store: Store, account: MailAccount, action: Action, *, just_lost: bool = False) -> Action:
    try:
        look_up(store, account, [action], absence_tells=not just_lost)
    except MailroomError as error:
        log.warning("the outcome of mail %s could not be looked up: %s", action.id, error)
    return store.ledger.get(action.id)


def _attempt(
    store: Store, account: MailAccount, mail: OutgoingMail, mine: Action, before_sending: BeforeSending, clock: Clock
) -> SendOutcome:
    """Send a mail that was claimed for this attempt, and record what became of it."""
    report: SendReport | None = None
    stood_in_the_way: MailroomError | None = None
    handed_over = False

    def hand_over() -> None:
        nonlocal handed_over
        handed_over = True

    try:
        final = account.answered_here(before_sending(mail, mine))
        faultpoint("send_mail.before_send")
        ours, seconds = still_ours(store, [mine])
        if ours and seconds > 0:
            report = send(account.need_smtp(), final, recipients=people_of(mine) or None, clock=clock, within=seconds,
                          on_refusals=lambda said: _note(store, mine, said), on_handover=hand_over)  # fmt: skip
            faultpoint("send_mail.after_send")
            result = result_of_report(mine, report)
        else:
            result = out_of_time(mine) if ours else taken_over(mine)
    except OutcomeUnknownError as error:
        result = ActionResult(mine.id, "unknown", str(error), "unknown")
    except (RejectedError, RefusedError) as error:
        code = getattr(error, "code", "") or type(error).__name__
        result = ActionResult(mine.id, "failed", str(error), code, retryable=False)
    except (AccessError, NotOfferedError, InvalidInputError, TransientError, ResponseError) as error:
        stood_in_the_way, code = error, type(error).__name__
        result = ActionResult(mine.id, "not_applied", f"not sent: {error}", code, result=mine.result)
    except Exception as error:
        _let_go(store, mine, error, handed_over=handed_over)
        raise
    result = replace(result, attempt=mine.attempt)
    put_off = report.open if report is not None and result.state == "applied" else ()

    def record(tx: Connection) -> None:
        ignored = store.ledger.settle([result], tx)
        if put_off and not ignored:  # in the same transaction, or a kill in between would forget them
            store.ledger.intend(rest_of(mine, put_off), tx)

    store.run(record)
    faultpoint("send_mail.settled")
    settled = store.ledger.get(mine.id)
    if result.state == "unknown" and settled.state == "unknown":
        return outcome_of(_looked_up(store, account, settled, just_lost=True))
    if result.state == "applied":
        _file_copy(store, account, final)
    return outcome_of(settled, sent_now=report is not None and bool(report.accepted), error=stood_in_the_way)


def _let_go(store: Store, action: Action, error: Exception, *, handed_over: bool) -> None:
    """Something unforeseen ended the attempt: say what is known, or others would take it for one that still goes on."""
    name = type(error).__name__
    if handed_over:
        text = f"{name} while the mail was handed over: nobody saw the end of it"
        result = ActionResult(action.id, "unknown", text, "unknown", attempt=action.attempt)
    else:
        text = f"not sent: {name} before it was handed over"
        result = ActionResult(action.id, "not_applied", text, name, attempt=action.attempt, result=action.result)
    try:
        store.ledger.settle([result])
    except MailroomError as failed:  # then it counts as unknown after a while
        log.warning("what became of mail %s could not be recorded: %s", action.id, failed)


def _note(store: Store, action: Action, said: Sequence[RecipientResult]) -> None:
    """Some were refused, and the mail is about to go to the others: a kill after that would lose who they were."""
    try:
        store.ledger.keep(action.id, action.attempt, facts_of(said))
    except MailroomError as error:  # the result is recorded once more afterwards
        log.warning("who refused mail %s could not be noted beforehand: %s", action.id, error)
    faultpoint("send_mail.noted")


def _file_copy(store: Store, account: MailAccount, mail: OutgoingMail) -> None:
    """Our own copy in Sent, where the provider makes none. That it fails changes nothing about the sending."""
    if account.stores_sent_copy or account.imap is None:
        return
    faultpoint("send_mail.before_copy")
    try:
        with enter(account, store.logins) as session:
            keep_copy(session, account, mail.message_id, compose(mail))
    except MailroomError as error:
        log.warning("no copy of %s in the Sent folder: %s", mail.message_id, error)
