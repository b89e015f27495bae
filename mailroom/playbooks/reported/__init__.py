"""Handle reported phish: thanks, the original, a verdict, mail like it, a case, proposals, and the result."""

from mailroom.playbooks.reported.every import answer_waiting, handle_reports
from mailroom.playbooks.reported.handling import handle_report
from mailroom.playbooks.reported.model import WHO, Handled, ReportDesk, ReportResult
from mailroom.playbooks.reported.outcomes import answer_report, outcome_of, result_of
from mailroom.playbooks.reported.telling import text_of

__all__ = [
    "WHO",
    "Handled",
    "ReportDesk",
    "ReportResult",
    "answer_report",
    "answer_waiting",
    "handle_report",
    "handle_reports",
    "outcome_of",
    "result_of",
    "text_of",
]
