"""Playbook "triage report": what came in, what was decided and done, how long it took, and how good the rules are."""

from mailroom.playbooks.triage_report.gather import gather
from mailroom.playbooks.triage_report.model import ReportNumbers, RuleFigures

__all__ = ["ReportNumbers", "RuleFigures", "gather"]
