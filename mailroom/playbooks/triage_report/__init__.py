"""Playbook "triage report": what came in, what was decided and done, how long it took, and how good the rules are."""

from mailroom.playbooks.triage_report.gather import gather
from mailroom.playbooks.triage_report.mailing import mail_report
from mailroom.playbooks.triage_report.model import ReportNumbers, RuleFigures
from mailroom.playbooks.triage_report.page import html_page, markdown, plain_text, title
from mailroom.playbooks.triage_report.pictures import pictures
from mailroom.playbooks.triage_report.tables import headline

__all__ = [
    "ReportNumbers",
    "RuleFigures",
    "gather",
    "headline",
    "html_page",
    "mail_report",
    "markdown",
    "pictures",
    "plain_text",
    "title",
]
