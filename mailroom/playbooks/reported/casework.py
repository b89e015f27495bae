"""The case that reports of one campaign share, and what its end tells the reporters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mailroom.cases.states import CLOSED
from mailroom.cases.templates import IncidentTemplate, load_templates
from mailroom.faults import faultpoint
from mailroom.playbooks.cases import open_case, set_fields
from mailroom.playbooks.reported.model import WHO, ReportDesk
from mailroom.store import Store
from mailroom.store.case_rows import Case
from mailroom.store.user_reports import UserReport

TEMPLATE = "reported-phish"
"""With a field `outcome`, in which whoever closes the case says what the mail was."""
_PRIORITY = {"malicious": 80, "suspicious": 60}
_BY_OUTCOME = {"wanted": "benign", "unclear": "closed"}
_REASSURING = ("benign", "spam", "graymail")
"""Nobody may hear this of a mail because of what another mail turned out to be."""


def open_for(
    here: ReportDesk, key: str, *, subject: str, verdict: str, risk: int, reporters: int, alert_ids: Iterable[int]
) -> Case:
    """Open the case, or find it and add to it. Effect: writes the store. Twice is harmless.

    Args:
        here: The store.
        key: Of the campaign, or of the mail.
        subject: Of the reported mail; hostile.
        verdict: Of the reported mail.
        risk: Of the reported mail.
        reporters: How many people reported it.
        alert_ids: The report's alert and those of the mail.
    """
    store, template = here.desk.store, _template()
    case = open_case(
        store, tenant=here.tenant, title=f"Reported mail: {subject or '(no subject)'}", who=WHO, template=template,
        why=f"one of our people reported it; verdict {verdict}, risk {risk}", key=f"reported:{key}",
        priority=_PRIORITY.get(verdict, 40), alert_ids=alert_ids, fields={"reports": reporters},
    )  # fmt: skip
    faultpoint("reported.case_opened")
    if (store.fields.get("case", case.id).get("reports") or 0) < reporters:
        set_fields(store, case.id, {"reports": reporters}, who=WHO, template=template)
    return case


def told_by(store: Store, report: UserReport, *, doubted: bool) -> tuple[str, str]:
    """What the end of a report's case tells the reporter, and why; empty while it is open. Effect: reads the store.

    A case says what its mails were together. That a mail is no attack is said only when it is the case's only mail and
    nothing speaks against it; otherwise the reporter hears that somebody looked at it.

    Args:
        store: Where.
        report: One with a case.
        doubted: The rules say that one of the report's mails is harmful.
    """
    if report.case_id is None:
        return "", ""
    case = store.cases.get(store.cases.get(report.case_id).shown_id)
    if case.state != CLOSED:
        return "", ""
    fields = (store.fields.get("case", one).get("outcome") for one in (case.id, report.case_id))
    said = str(next(filter(None, fields), ""))
    known = _BY_OUTCOME.get(said, said if said in ("malicious", "suspicious", "spam", "graymail") else "closed")
    if known in _REASSURING and (doubted or _holds_several(store, case.id)):
        return "closed", f"case {case.id} was closed; nobody said of this very mail that it is {said}"
    return known, f"case {case.id} was closed"


def _holds_several(store: Store, case_id: int) -> bool:
    """Whether a case is about more than one mail, whoever put them into it."""
    ids = store.cases.alert_ids(case_id)
    reports = store.user_reports.of_alerts(ids)
    meant = {report.original_alert_id for report in reports.values() if report.original_alert_id is not None}
    mails = store.alerts.get_many(meant | {one for one in ids if one not in reports}).values()
    messages = {one.message_id or one.event.get("message_id") or one.id for one in mails}
    return len(messages) > 1 or any(len(report.mails) > 1 for report in reports.values())


@cache
def _template() -> IncidentTemplate:
    return load_templates()[TEMPLATE]
