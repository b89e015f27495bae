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

TEMPLATE = "reported-phish"
"""With a field `outcome`, in which whoever closes the case says what the mail was."""
_PRIORITY = {"malicious": 80, "suspicious": 60}
_BY_OUTCOME = {"wanted": "benign", "unclear": "closed"}


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


def told_by(store: Store, case_id: int) -> tuple[str, str]:
    """What the end of a case tells the reporters, and why; empty while it is open. Effect: reads the store."""
    case = store.cases.get(store.cases.get(case_id).shown_id)
    if case.state != CLOSED:
        return "", ""
    said = str(store.fields.get("case", case.id).get("outcome") or store.fields.get("case", case_id).get("outcome"))
    known = _BY_OUTCOME.get(said, said if said in ("malicious", "suspicious", "spam", "graymail") else "closed")
    return known, f"case {case.id} was closed"


@cache
def _template() -> IncidentTemplate:
    return load_templates()[TEMPLATE]
