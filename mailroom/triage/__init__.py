"""Triage: signals, rules, verdicts and rails. Pure functions; knows neither Mimecast nor SQL.

ruleset = load_ruleset()
decision = triage_event(ruleset, event, history=History(benign=3))
"""

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.rulelang.yaml_source import RuleError
from mailroom.triage.approvals import Approval, approval_digest, check_approval
from mailroom.triage.context import Context
from mailroom.triage.decide import decide, triage_event
from mailroom.triage.decision import ACTIONS, VERDICTS, Contribution, Decision
from mailroom.triage.denials import absolute_denials
from mailroom.triage.extract import Facts, History, extract
from mailroom.triage.playbook import Proposal
from mailroom.triage.rails import RailSettings, RailState, Ruling, judge, judge_execution
from mailroom.triage.ruleset import (
    RuleSet,
    demo_lists,
    load_ruleset,
    starter_lists,
    starter_playbooks,
    starter_rules,
)

__all__ = [
    "ACTIONS",
    "UNKNOWN",
    "VERDICTS",
    "Approval",
    "Context",
    "Contribution",
    "Decision",
    "Facts",
    "History",
    "Proposal",
    "RailSettings",
    "RailState",
    "RuleError",
    "RuleSet",
    "Ruling",
    "absolute_denials",
    "approval_digest",
    "check_approval",
    "decide",
    "demo_lists",
    "extract",
    "judge",
    "judge_execution",
    "load_ruleset",
    "starter_lists",
    "starter_playbooks",
    "starter_rules",
    "triage_event",
]
