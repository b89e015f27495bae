"""Remediate: find harmful mail everywhere, pull it back out of mailboxes, tell the people. Each thing once."""

from mailroom.playbooks.remediate.find import find_everywhere
from mailroom.playbooks.remediate.form import LOOK_FOR, RemediateForm
from mailroom.playbooks.remediate.model import Copy, Findings, Item, ItemResult, RemediationPlan
from mailroom.playbooks.remediate.notice import NoticeReport, notice_text, notify
from mailroom.playbooks.remediate.planning import plan_remediation, raise_if_too_many
from mailroom.playbooks.remediate.pulling import pull_back, remediate

__all__ = [
    "LOOK_FOR",
    "Copy",
    "Findings",
    "Item",
    "ItemResult",
    "NoticeReport",
    "RemediateForm",
    "RemediationPlan",
    "find_everywhere",
    "notice_text",
    "notify",
    "plan_remediation",
    "pull_back",
    "raise_if_too_many",
    "remediate",
]
