"""Mailing a report to named people of ours, once per day and period."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.effects.mail_outcome import SendOutcome, slot_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import InvalidInputError
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail, parse_mailbox
from mailroom.mail.threading_headers import new_message_id
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage_report.model import ReportNumbers
from mailroom.playbooks.triage_report.page import html_page, plain_text, title
from mailroom.rulelang.domains import within
from mailroom.store import Store


def mail_report(
    store: Store, account: MailAccount, policy: Policy, numbers: ReportNumbers, to: Sequence[str], *,
    requested_by: str = "report", clock: Clock = SYSTEM_CLOCK,
) -> SendOutcome:  # fmt: skip
    """Send the report: the text in short, the whole of it as an HTML file.

    Effect: sends mail. Twice on one day for the same period and people sends nothing again, even with newer numbers.

    Args:
        store: Whose ledger.
        account: Sends it.
        policy: Its list `own_domains` says who may get a report.
        numbers: What it says.
        to: Addresses of people at our own domains.
        requested_by: For the history.
        clock: For the date.

    Raises:
        InvalidInputError: nobody is named, or somebody who is not one of ours.
        RefusedError: a guard of the mailbox.
    """
    people = tuple(dict.fromkeys(parse_mailbox(one).address.lower() for one in to if one.strip()))
    ours = policy.ruleset().context.own_domains
    if not people:
        raise InvalidInputError("a report is mailed to named people: give at least one address")
    if strangers := [one for one in people if not within(one.rpartition("@")[2], ours)]:
        msg = f"not at our own domains: {len(strangers)} of the recipients; the list own_domains says which are ours"
        raise InvalidInputError(msg)
    days = (numbers.until - numbers.since).days
    what = "\n".join([numbers.tenant, f"{numbers.until:%Y-%m-%d}", str(days), *sorted(people)])
    key = "triage-report:" + hashlib.sha256(what.encode()).hexdigest()[:40]
    known = store.ledger.in_slot(numbers.tenant, slot_of(key))
    name = f"triage-report-{numbers.until:%Y-%m-%d}.html"
    mail = OutgoingMail(
        sender=account.sender, to=people, subject=title(numbers), text=plain_text(numbers),
        attachments=(OutgoingAttachment(name, html_page(numbers).encode(), "text/html"),),
        message_id=known.target if known else new_message_id(account.domain),
        headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")),
    )  # fmt: skip
    # The key is the mail: the numbers of a second attempt are newer, and that makes it no other report.
    return send_once(
        store, account, mail, key=key, digest=hashlib.sha256(key.encode()).hexdigest(), tenant=numbers.tenant,
        requested_by=requested_by, clock=clock,
    )  # fmt: skip
