"""Asking the recipient of one held message.

A question is a row before it is a mail (see `playbooks.ask`). It holds no worker and no connection; whoever watches
the mailbox finds the answer, and `handling` makes evidence of it.
"""

from __future__ import annotations

from mailroom.errors import InvalidInputError, RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.ask_recipient.composing import KIND, person_prefix, question_key
from mailroom.playbooks.ask_recipient.planning import A_DAY, Ground, Plan, RecipientDesk, planned
from mailroom.playbooks.ask_recipient.words import WORDS
from mailroom.playbooks.question import Question
from mailroom.playbooks.question_mail import question_again
from mailroom.store.alerts import Alert
from mailroom.store.wait_rows import Wait


def plan_question(desk: RecipientDesk, text: str, *, by: str = "", language: str = "", hours: float = 0.0) -> Plan:
    """What asking the recipient of one message would do.

    Effect: reads the store, and the tenant to see whether the message is held.

    Args:
        desk: Store, mailbox, policy, tenant.
        text: Alert id, hold id or tracking id.
        by: The person who wants it.
        language: Of the question; empty: as known of the recipient.
        hours: How long the person may take; 0: as the policy says.

    Raises:
        NotFoundError: no alert has this id.
        InvalidInputError: a language that we cannot ask in, or a mailbox that cannot send or read.
        RefusedError: the message is another tenant's.
    """
    if language and language not in WORDS:
        raise InvalidInputError(f"{language!r} is not a language we can ask in; use one of {', '.join(WORDS)}")
    alert, ground = desk.store.alerts.find_one(text), Ground.of(desk)
    desk.refuse_another(alert)
    [judged] = ground.judge(desk.store, [alert])
    held = desk.held_among([alert] if alert.hold_id else [])
    still = None if held is None else alert.hold_id in held
    return planned(desk, ground, alert, judged, by=by or "analyst", language=language, hours=hours, held=still)


def ask_recipient(
    desk: RecipientDesk, text: str, *, by: str = "", language: str = "", hours: float = 0.0, flow_run_id: str = ""
) -> Wait:
    """Ask the recipient of one held message, because a person wants it.

    Effect: sends one mail. Twice, or by two people: the same question, nothing is sent again.

    Args:
        desk: Store, mailbox, policy, tenant.
        text: Alert id, hold id or tracking id.
        by: Who wants it, for the history.
        language: Of the question; empty: as known of the recipient.
        hours: How long the person may take; 0: as the policy says. The end of the hold comes first.
        flow_run_id: The run to resume when the question is settled.

    Returns:
        The question.

    Raises:
        NotFoundError: no alert has this id.
        RefusedError: one of the reasons against it; nothing was sent.
        RejectedError, TransientError: the mail server's.
    """
    plan = plan_question(desk, text, by=by, language=language, hours=hours)
    if plan.question_id:
        return _known(desk, plan.question_id, flow_run_id)
    if plan.question is None or plan.reasons:
        raise RefusedError(f"The recipient of alert {plan.alert_id} is not asked. {' '.join(plan.reasons)}")
    return put(desk, desk.store.alerts.get(plan.alert_id), plan.question, plan.language, by or "analyst", flow_run_id)


def _known(desk: RecipientDesk, question_id: int, flow_run_id: str) -> Wait:
    """The question that is out already; an open one resumes this run, too."""
    wait = desk.store.waits.get(question_id)
    if flow_run_id and wait.is_open and not desk.store.recipients.attach(question_id, flow_run_id):
        raise RefusedError(
            f"The recipient of alert {wait.alert_id} was asked already, and another run waits for the answer to "
            f"question {question_id}: see `mailroom replies show {question_id}`."
        )
    return desk.store.waits.get(question_id)


def put(desk: RecipientDesk, alert: Alert, question: Question, language: str, by: str, flow_run_id: str = "") -> Wait:
    """Store the question and send it. What an earlier run stored and did not send goes out in the words of then.

    Effect: sends mail. Twice is harmless.
    """
    key = question_key(alert)
    known = desk.store.waits.by_key(key)
    stored = question_again(known) if known is not None else None
    faultpoint("recipient.before_asking")
    wait = ask(
        PostDesk(desk.store, desk.post.account, alert.tenant, desk.post.clock), stored or question, key=key,
        flow_run_id=flow_run_id, alert_id=alert.id, requested_by=by, words_may_change=True, kind=KIND,
        more={"language": language}, once=(person_prefix(alert.tenant, alert.recipient), A_DAY),
    )  # fmt: skip
    faultpoint("recipient.asked")
    return _known(desk, wait.id, flow_run_id)
