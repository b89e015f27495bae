"""All reports of a mailbox: those nobody has looked at, those that were interrupted, those that wait for a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from mailroom.errors import MailroomError, NotFoundError
from mailroom.playbooks.reported.handling import gone, handle_report
from mailroom.playbooks.reported.model import Progress, ReportDesk, ReportResult
from mailroom.playbooks.reported.outcomes import answer_report
from mailroom.playbooks.reported.proposing import ask_for_approval
from mailroom.store.alerts import Alert
from mailroom.store.user_reports import NO_REPORT, OPEN, WAITING

log = logging.getLogger(__name__)

_PAGE = 200
_MOST = 500
_MOST_FAILURES = 3
"""Reports in a row that cannot be handled are the tenant's trouble, not theirs."""


def handle_reports(
    here: ReportDesk, *, limit: int = _MOST, dry_run: bool = False,
    progress: Progress = lambda _what, _done, _of: None,
) -> list[ReportResult]:  # fmt: skip
    """Handle every report of the mailbox that is not handled yet, and answer those that were decided meanwhile.

    A mail counts as a report when another mail is forwarded in it; mail without one is only noted, so that it is not
    looked at again. One that fails is left open for the next call and does not hold up the others.

    Effect: as `handle_report`, for each. Twice is harmless.

    Args:
        here: Tenant, store, policy and mailbox.
        limit: Most reports of this call.
        dry_run: Write nothing, send nothing.
        progress: Told how many are done.

    Raises:
        MailroomError: Several in a row could not be handled; the message is that of the last.
    """
    results: list[ReportResult] = []
    failures = 0
    for alert in _to_handle(here, dry_run=dry_run):
        if len(results) >= limit:
            break
        try:
            results.append(handle_report(here, alert.id, dry_run=dry_run))
            failures = 0
        except NotFoundError as error:
            results.append(
                ReportResult(alert.id, state="gone", why=str(error)) if dry_run else gone(here, alert, error)
            )
        except MailroomError as error:
            failures += 1
            log.warning("the report of alert %d is tried again next time: %s", alert.id, error)
            results.append(ReportResult(alert.id, state="failed", why=str(error)))
            if failures >= _MOST_FAILURES:
                raise
        progress("reports", len(results), None)
    if not dry_run:
        ask_for_approval(here)
        results += answer_waiting(here)
    return results


def answer_waiting(here: ReportDesk) -> list[ReportResult]:
    """Tell the reporters whose mail a person has decided about; returns the reports that are settled now.

    Effect: sends mail, writes the store. Twice sends nothing again.
    """
    settled, after = [], 0
    while reports := here.desk.store.user_reports.list(state=WAITING, after_id=after, limit=_PAGE):
        after = reports[-1].id
        for report in reports:
            if report.tenant != here.tenant:
                continue
            result = answer_report(here, report)
            if result.state != WAITING:
                settled.append(result)
    return settled


def _to_handle(here: ReportDesk, *, dry_run: bool) -> Iterator[Alert]:
    store = here.desk.store
    for report in store.user_reports.list(state=OPEN, limit=_MOST):
        if report.tenant == here.tenant:
            yield store.alerts.get(report.alert_id)
    after = 0
    while alerts := store.user_reports.unseen(here.account.name, after_id=after, limit=_PAGE):
        after = alerts[-1].id
        for alert in alerts:
            if holds_a_mail(alert.event):
                yield alert
            elif not dry_run:
                store.user_reports.begin(
                    alert.id, tenant=here.tenant, reporter=alert.sender, state=NO_REPORT,
                    detail={"why": "no forwarded mail was found in it"},
                )  # fmt: skip


def holds_a_mail(event: dict[str, Any]) -> bool:
    """Whether the connector saw a forwarded mail in this one. Attached mails may be alerts of their own."""
    if event.get("attached_to"):
        return False
    return bool(event.get("forwarded") or event.get("attached_mails"))
