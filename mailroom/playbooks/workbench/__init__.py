"""The rules workbench: what a change of rules would do, what shadow decisions are worth, what a rule has earned."""

from mailroom.playbooks.workbench.acknowledged import Acknowledged, as_file, read_acknowledged
from mailroom.playbooks.workbench.backtest import Backtest, Change, backtest
from mailroom.playbooks.workbench.evaluate import EvaluationResult, evaluate
from mailroom.playbooks.workbench.lint import Hint, lint
from mailroom.playbooks.workbench.records import unproven_records
from mailroom.playbooks.workbench.shadow import ShadowReport, shadow_report

__all__ = [
    "Acknowledged",
    "Backtest",
    "Change",
    "EvaluationResult",
    "Hint",
    "ShadowReport",
    "as_file",
    "backtest",
    "evaluate",
    "lint",
    "read_acknowledged",
    "shadow_report",
    "unproven_records",
]
