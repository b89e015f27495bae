"""Sending a mail, once: through the ledger, with the outcome looked up where it was not seen.

The order is: intent -> claim (a committed `sending` row) -> send -> settle -> our own copy into Sent. When the
connection is lost after the final dot, or the process is killed, the action is `unknown`, and it is looked up: a copy
in the Sent folder, an answer or a bounce that names the Message-ID prove that it was sent. It counts as not sent only
where the provider files a copy by itself and none is there. Otherwise it stays unknown. It is never sent blindly again.

Recipients refused for now are a further action of their own (`#2`, `#3`, ...) with the same Message-ID.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.effects.find_sent import Finding, find_sent, keep_copy
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
from mailroom.mail.compose.message import envelope_recipients
from mailroom.mail.smtp import RecipientResult, SendReport, SmtpSettings, send
from mailroom.store import Store
from mailroom.store.actions import OPEN_EFFECTS, Action, ActionResult, NewAction
from mailroom.store.owners import process_owner

log = logging.getLogger(__name__)

SEND_MAIL = "send_mail"
"""Kind of these actions in the ledger."""

_COPY_APPEARS_WITHIN = timedelta(minutes=2)

Sender = Callable[[SmtpSettings, OutgoingMail, tuple[str, ...]], SendReport]


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What the ledger knows of one mail."""

    state: str
    """`applied`, `unknown`, `not_applied` (nothing was sent; try again), `failed`, `refused` or `sending`."""
    action_id: int
    message_id: str
    detail: str
    accepted: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Address and the server's words; no attempt will reach them."""
    open: tuple[str, ...] = ()
    """Refused for now; sending once more under the same key tries only these."""
    sent_now: bool = False
    """This call sent it; otherwise it had been sent before."""

    @property
    def is_sent(self) -> bool:
        """At least one recipient's server has it."""
        return self.state == "applied"


def content_digest(mail: OutgoingMail) -> str:
    """SHA-256 over what a person would call the same mail: people, subject, text, files; not id, date and tokens."""
    parts = [mail.sender, *sorted(one.address for one in envelope_recipients(mail)), mail.subject, mail.text, mail.html]
    parts += [f"{one.name}:{hashlib.sha256(one.content).hexdigest()}" for one in mail.attachments]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def slot_of(key: str) -> str:
    """Where in the ledger the mail with this key is."""
    return f"mail:{key}"


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
    before_sending: Callable[[OutgoingMail], OutgoingMail] = lambda mail: mail,
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
        before_sending: Last change before an attempt (a fresh token); called once per attempt.
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
    wanted = NewAction(
        tenant=tenant, alert_id=alert_id, kind=SEND_MAIL, target=mail.message_id, slot=slot_of(key),
        parameters={"content": digest or content_digest(mail)}, requested_by=requested_by,
    )  # fmt: skip
    action = store.ledger.intend(wanted)
    outcome = _one(store, account, mail, action, (), before_sending, _rest(wanted, 2), clock)
    number = 2
    while outcome.is_sent and not outcome.sent_now:
        further = store.ledger.in_slot(tenant, f"{wanted.slot}#{number}")
        if further is None:
            break
        number += 1
        people = tuple(str(one) for one in further.parameters["recipients"])
        if further.state != "applied":
            account.guards.check(mail, recipients=people, sent_in_thread=sent_in_thread)
        again = _one(store, account, mail, further, people, before_sending, _rest(wanted, number), clock)
        outcome = _joined(outcome, again, people)
        if again.state != "applied":
            break
    return outcome


def look_up(
    store: Store, account: MailAccount, actions: Iterable[Action], *, absence_tells: bool = True
) -> list[ActionResult]:
    """Find out what became of mails whose sending was not seen to its end.

    Effect: reads the mailbox; writes the ledger. Twice is harmless.

    Args:
        store: Whose ledger.
        account: Where to look.
        actions: Those that are `unknown` are looked up.
        absence_tells: The mails were sent from this very account, so that finding none may mean that none was sent.
    """
    unknown = [one for one in actions if one.state == "unknown" and one.kind == SEND_MAIL]
    if not unknown or account.imap is None:
        return []
    results: list[ActionResult] = []
    with account.open_imap() as session:
        for action in unknown:
            finding = find_sent(session, account, action.target)
            if finding.found or absence_tells:
                results.append(_result_of_finding(store, account, action, finding))
    faultpoint("send_mail.before_settle_found")
    store.ledger.settle([result for result in results if result.state != "unknown"], who="look-up")
    return results


def proven_sent(store: Store, action_ids: Iterable[int], why: str) -> None:
    """An answer or a bounce has come: what was unknown until now was sent."""
    known = store.ledger.get_many(action_ids)
    results = [ActionResult(one.id, "applied", why) for one in known.values() if one.state == "unknown"]
    if results:
        store.ledger.settle(results, who="replies")


def _one(
    store: Store,
    account: MailAccount,
    mail: OutgoingMail,
    action: Action,
    recipients: tuple[str, ...],
    before_sending: Callable[[OutgoingMail], OutgoingMail],
    rest: Callable[[tuple[str, ...]], NewAction],
    clock: Clock,
) -> SendOutcome:
    if action.state == "sending":
        store.ledger.adopt_orphans()
        action = store.ledger.get(action.id)
    if action.state == "unknown":
        try:
            look_up(store, account, [action])
        except MailroomError as error:
            log.warning("the outcome of mail %s could not be looked up: %s", action.id, error)
        action = store.ledger.get(action.id)
    if action.state in OPEN_EFFECTS or action.state in {"applied", "already_done", "refused"}:
        return _outcome_of(action)
    claimed = store.ledger.claim([action.id], owner=process_owner("send mail"))
    if not claimed:
        return _outcome_of(store.ledger.get(action.id))
    report: SendReport | None = None
    try:
        final = before_sending(mail)
        faultpoint("send_mail.before_send")
        report = send(account.need_smtp(), final, recipients=recipients or None, clock=clock)
        faultpoint("send_mail.after_send")
        result = _result_of_report(claimed[0], report)
    except OutcomeUnknownError as error:
        result = ActionResult(action.id, "unknown", str(error), "unknown")
    except (RejectedError, NotOfferedError, InvalidInputError, RefusedError) as error:
        code = getattr(error, "code", "") or type(error).__name__
        result = ActionResult(action.id, "failed", str(error), code, retryable=False)
    except (AccessError, TransientError, ResponseError) as error:
        result = ActionResult(action.id, "not_applied", f"not sent: {error}", type(error).__name__)
    result = replace(result, attempt=claimed[0].attempt)
    put_off = report.open if report is not None and result.state == "applied" else ()

    def record(tx: Connection) -> None:
        store.ledger.settle([result], tx)
        if put_off:  # in the same transaction, or a kill in between would forget them
            store.ledger.intend(rest(put_off), tx)

    store.run(record)
    faultpoint("send_mail.settled")
    if result.state == "unknown":
        return _one(store, account, mail, store.ledger.get(action.id), recipients, before_sending, rest, clock)
    if report is not None and result.state == "applied":
        _file_copy(account, final)
    outcome = _outcome_of(store.ledger.get(action.id))
    if report is None:
        return outcome
    refused = tuple((one.address, _words(one)) for one in report.per_recipient if one.status == "refused_permanent")
    return SendOutcome(
        outcome.state, outcome.action_id, outcome.message_id, outcome.detail, report.accepted, refused, report.open,
        sent_now=True,
    )  # fmt: skip


def _rest(first: NewAction, number: int) -> Callable[[tuple[str, ...]], NewAction]:
    """Makes the action for those who were refused for now."""
    return lambda people: replace(
        first, slot=f"{first.slot}#{number}", parameters={**first.parameters, "recipients": list(people)}
    )


def _joined(first: SendOutcome, again: SendOutcome, people: tuple[str, ...]) -> SendOutcome:
    still = again.open if again.sent_now else () if again.is_sent else people
    detail = first.detail if again.is_sent else f"{first.detail}; {again.detail}"
    return SendOutcome(
        first.state, first.action_id, first.message_id, detail, first.accepted + again.accepted,
        first.refused + again.refused, still, sent_now=again.sent_now,
    )  # fmt: skip


def _result_of_report(action: Action, report: SendReport) -> ActionResult:
    if report.overall == "failed":
        if report.open:
            return ActionResult(
                action.id, "not_applied", f"not taken for now: {report.server_reply}", "refused_for_now"
            )
        return ActionResult(action.id, "failed", f"refused: {report.server_reply}", "refused", retryable=False)
    detail = f"taken for {len(report.accepted)} of {len(report.per_recipient)}"
    if report.queue_id:
        detail += f", queue id {report.queue_id}"
    return ActionResult(action.id, "applied", detail, "" if report.overall == "sent" else "partial")


def _result_of_finding(store: Store, account: MailAccount, action: Action, finding: Finding) -> ActionResult:
    if finding.found:
        return ActionResult(action.id, "applied", f"looked up: {finding.where}")
    claimed = action.claimed_at or action.created_at
    old_enough = store.waits.now() - claimed > _COPY_APPEARS_WITHIN
    if finding.conclusive and account.stores_sent_copy and old_enough:
        return ActionResult(action.id, "not_applied", "looked up: no copy in the Sent folder, so it was not sent")
    why = "the copy in Sent may still appear" if account.stores_sent_copy else "the server files no copy of its own"
    text = f"the sending was not seen to its end, and {finding.where or 'no trace of it was found'} ({why})"
    return ActionResult(action.id, "unknown", text, "unknown")


def _file_copy(account: MailAccount, mail: OutgoingMail) -> None:
    """Our own copy in Sent, where the provider makes none. That it fails changes nothing about the sending."""
    if account.stores_sent_copy or account.imap is None:
        return
    faultpoint("send_mail.before_copy")
    try:
        with account.open_imap() as session:
            keep_copy(session, account, mail.message_id, compose(mail))
    except MailroomError as error:
        log.warning("no copy of %s in the Sent folder: %s", mail.message_id, error)


def _outcome_of(action: Action) -> SendOutcome:
    return SendOutcome(action.state, action.id, action.target, action.detail)


def _words(one: RecipientResult) -> str:
    return f"{one.code} {one.text}".strip()
