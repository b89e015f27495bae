"""Asking the recipient of a held message whether they expect it: eligible, asked once, answered, decided again."""

from mailroom.playbooks.ask_recipient.asking import ask_recipient, plan_question
from mailroom.playbooks.ask_recipient.composing import KIND, question_key
from mailroom.playbooks.ask_recipient.handling import (
    HandleReport,
    evidence_of,
    handle_answer,
    handle_answers,
    result_of_question,
)
from mailroom.playbooks.ask_recipient.many import AskReport, ask_recipients
from mailroom.playbooks.ask_recipient.planning import Plan, RecipientDesk

__all__ = [
    "KIND",
    "AskReport",
    "HandleReport",
    "Plan",
    "RecipientDesk",
    "ask_recipient",
    "ask_recipients",
    "evidence_of",
    "handle_answer",
    "handle_answers",
    "plan_question",
    "question_key",
    "result_of_question",
]
