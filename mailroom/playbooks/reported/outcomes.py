"""When a report is settled: the verdict is certain, somebody said what the mail was, or the case was closed."""

from __future__ import annotations

from mailroom.faults import faultpoint
from mailroom.playbooks.reported.casework import told_by
from mailroom.playbooks.reported.model import FINAL, WHO, WORST, Handled, ReportDesk, ReportResult
from mailroom.playbooks.reported.telling import tell
from mailroom.store import Store
from mailroom.store.labels import PERSON
from mailroom.store.user_reports import OPEN, SETTLED, WAITING, UserReport

_CLOSED = "closed"
_BY_LABEL = {"wanted": "benign"}
_HARMFUL = ("malicious", "suspicious")


def answer_report(here: ReportDesk, report: UserReport) -> ReportResult:
    """Tell the reporter the result as soon as there is one; until then the report waits.

    Effect: sends at most one mail, writes the store. Twice is harmless. While the mail cannot be sent it goes on
    waiting.
    """
    if report.state != WAITING:
        return result_of(report)
    outcome, why = outcome_of(here, report)
    if not outcome:
        return result_of(report)
    alert = here.desk.store.alerts.get(report.alert_id)
    answer = tell(here, report, alert, "result", outcome)
    faultpoint("reported.result_told")
    if answer == "later":
        return result_of(report)
    told = answer == "sent"
    settled = here.desk.store.user_reports.change(
        report.id, who=WHO, why=why, only_if=(OPEN, WAITING), state=SETTLED,
        verdict=report.verdict if outcome == _CLOSED else outcome, detail={"outcome": outcome, "told": told},
    )  # fmt: skip
    faultpoint("reported.settled")
    here.desk.store.alerts.set_handling(alert.id, "handled", f"report {report.id}: {outcome}", WHO)
    result = result_of(settled)
    result.told = told
    return result


def outcome_of(here: ReportDesk, report: UserReport) -> tuple[str, str]:
    """What the reporter can be told now, and why; empty while a person has to decide. Effect: reads the store.

    That a mail is harmless is as good as releasing it: it takes a person, or a policy that releases by itself.
    """
    store, mails = here.desk.store, report.mails
    if said := _said_by_people(store, mails):
        return said, "a person said what the mail was"
    current = {one.verdict for one in store.verdicts.current_many(mails).values()}
    # Further reports may have made it worse since; another mail of the same report may be worse.
    verdict = "malicious" if "malicious" in current else report.verdict
    if verdict in FINAL:
        return verdict, "the verdict is certain"
    if verdict == "benign" and here.desk.policy().rails.modes.get("release", "observe") == "auto":
        return verdict, "the verdict is certain, and the policy releases by itself"
    return told_by(store, report, doubted=bool({verdict, *current} & set(_HARMFUL)))


def _said_by_people(store: Store, mails: tuple[int, ...]) -> str:
    """What people said of the mails: that one is harmful, or the worst when they spoke of each; else empty."""
    labels = store.labels.current_many(mails)
    said = [_BY_LABEL.get(one.label, one.label) for one in labels.values() if one.source == PERSON]
    if not said or (len(said) < len(mails) and not set(said) & set(_HARMFUL)):
        return ""
    return min(said, key=WORST.index)


def result_of(report: UserReport) -> ReportResult:
    """A stored report, as the playbook answers."""
    detail = report.detail
    mails = [
        Handled(
            verdict=str(row.get("verdict", "")), risk=int(row.get("risk", 0)), how=str(row.get("how", "")),
            alert_id=row.get("alert"), case_id=row.get("case"), reporters=int(row.get("reporters", 0)),
            counts={name: value for name, value in row.items() if name in _COUNTS},
            proposed=list(row.get("proposed", ())), notes=list(row.get("notes", ())),
        )
        for row in detail.get("mails", ())
    ]  # fmt: skip
    return ReportResult(
        report.alert_id, report.id, report.state, str(detail.get("why", "")), report.verdict, mails,
        thanked=bool(detail.get("thanked")), told=bool(detail.get("told")),
    )  # fmt: skip


_COUNTS = ("copies", "delivered", "people", "held", "clicks", "similar", "similar_people")
