"""Telling people that mail was taken out of their mailbox. Nothing of that mail stands in the notice."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.effects.send_mail import send_once
from mailroom.errors import InvalidInputError, MailroomError, RefusedError
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.threading_headers import new_message_id
from mailroom.playbooks.act import Desk
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.remediate.model import ItemResult, RemediationPlan
from mailroom.rulelang.domains import within

SUBJECT = "A harmful message was removed from your mailbox"
MOST_PEOPLE = 100
_TOLD_ABOUT = {"done", "partly"}


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """What became of the notices; numbers only."""

    sent: int = 0
    before: int = 0
    """Told by an earlier attempt."""
    left_out: int = 0
    """Not our people, or a mailbox that we read ourselves."""
    failed: int = 0
    detail: str = ""
    """Of the first that failed."""

    @property
    def is_well(self) -> bool:
        """Nobody is left to be told."""
        return not self.failed


def notice_text(*, day: str, contact: str, reference: str) -> str:
    """The plain text of the notice."""
    template = files(__package__).joinpath("notice.txt").read_text("utf-8")
    return Template(template).substitute(day=day, contact=contact, reference=reference)


def notify(
    desk: Desk, account: MailAccount, plan: RemediationPlan, results: Iterable[ItemResult], *, case: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> NoticeReport:  # fmt: skip
    """Send every person whose copy was pulled back one notice, once.

    Effect: sends mail. Twice sends nothing again. Only to our own domains, never to a mailbox that we read, and marked
    so that no machine answers it.

    Args:
        desk: Store and policy (for the lists and the kill switch).
        account: Sends it.
        plan: With the people who had a copy.
        results: What became of the items.
        case: Number of the case, for the reference.
        clock: For the date.

    Raises:
        InvalidInputError: Nobody has said which domains are ours.
        RefusedError: The kill switch is on, or there are too many people.
    """
    if reason := PolicyChangeGate(desk.policy).closed():
        raise RefusedError(reason)
    ours = desk.policy().ruleset().context.own_domains
    if not ours:
        raise InvalidInputError("nobody is told: the list own_domains is empty, so nobody knows who is one of us")
    told_about = {one.value: one for one in results if one.state in _TOLD_ABOUT and one.successful}
    people = _people(plan, told_about)
    if len(people) > MOST_PEOPLE and not plan.allow_many:
        raise RefusedError(
            f"{len(people)} people would be told, more than {MOST_PEOPLE}: allow many, or tell them yourself"
        )
    counts: Counter[str] = Counter()
    detail = stopped = ""
    for address, codes in people.items():
        if not within(address.rpartition("@")[2], ours) or address in _ourselves(account):
            counts["left_out"] += 1
            continue
        if stopped:  # a login that is refused once per person locks the account
            counts["failed"] += 1
            continue
        what, why, stopped = _tell(desk, account, plan, address, codes, case=case, clock=clock)
        counts[what] += 1
        detail = detail or why
    return NoticeReport(counts["sent"], counts["before"], counts["left_out"], counts["failed"], detail)


def _people(plan: RemediationPlan, told_about: dict[str, ItemResult]) -> dict[str, list[str]]:
    """Whoever had a copy, and the incidents that took it."""
    people: dict[str, list[str]] = {}
    for item in plan.items:
        if item.value in told_about:
            for copy in item.findings.copies.values():
                if copy.recipient and (copy.delivered or copy.status == "remediated"):
                    people.setdefault(copy.recipient, []).append(told_about[item.value].incident)
    return {address: list(dict.fromkeys(codes)) for address, codes in people.items()}


def _ourselves(account: MailAccount) -> set[str]:
    return {one.lower() for one in (*account.own_addresses, *account.guards.own_addresses)}


def _tell(
    desk: Desk, account: MailAccount, plan: RemediationPlan, address: str, codes: list[str], *, case: str, clock: Clock
) -> tuple[str, str, str]:
    """What became of it, why, and what stands in the way of all others too."""
    reference = ", ".join(part for part in (case, *codes) if part)
    key = "remediation-notice:" + hashlib.sha256(" ".join([address, *sorted(codes)]).encode()).hexdigest()[:40]
    known = desk.store.ledger.in_slot(plan.tenant, f"mail:{key}")
    day = known.created_at if known else clock.now()
    mail = OutgoingMail(
        sender=account.sender, to=(address,), subject=SUBJECT,
        text=notice_text(day=f"{day:%Y-%m-%d}", contact=account.contact, reference=reference),
        message_id=known.target if known else new_message_id(account.domain),
        headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")),
    )  # fmt: skip
    try:
        outcome = send_once(
            desk.store, account, mail, key=key, tenant=plan.tenant,
            requested_by=plan.requested_by or "analyst", clock=clock,
        )  # fmt: skip
    except MailroomError as error:
        return "failed", str(error), ""
    if not outcome.is_sent:
        return "failed", outcome.detail, str(outcome.to_mend or "")
    return ("sent" if outcome.sent_now else "before"), "", ""
