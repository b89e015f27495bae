"""Steps of the playbooks: one task run each per cycle, however many messages there are."""

from typing import TYPE_CHECKING

from tasks._catalogue_package import import_when_asked

if TYPE_CHECKING:
    from tasks.playbook.apply_mail_rules import apply_mail_rules
    from tasks.playbook.apply_sender_block import apply_sender_block
    from tasks.playbook.ask_approvers import ask_approvers
    from tasks.playbook.ask_recipient import ask_recipient
    from tasks.playbook.ask_recipients import ask_recipients
    from tasks.playbook.block_harmful_content import block_harmful_content
    from tasks.playbook.carry_out_approved import carry_out_approved
    from tasks.playbook.check_block_approval import check_block_approval
    from tasks.playbook.check_mailbox import check_mailbox
    from tasks.playbook.check_our_side import check_our_side
    from tasks.playbook.check_tenant import check_tenant
    from tasks.playbook.decide_approval import decide_approval
    from tasks.playbook.end_block import end_block
    from tasks.playbook.find_due_blocks import find_due_blocks
    from tasks.playbook.find_harmful_mail import find_harmful_mail
    from tasks.playbook.handle_recipient_answer import handle_recipient_answer
    from tasks.playbook.handle_reports import handle_reports
    from tasks.playbook.ingest_held_messages import ingest_held_messages
    from tasks.playbook.ingest_mails import ingest_mails
    from tasks.playbook.ingest_tracked_messages import ingest_tracked_messages
    from tasks.playbook.investigate_sender import investigate_sender
    from tasks.playbook.look_at_approval import look_at_approval
    from tasks.playbook.look_up_unknown_outcomes import look_up_unknown_outcomes
    from tasks.playbook.mail_triage_report import mail_triage_report
    from tasks.playbook.make_triage_report import make_triage_report
    from tasks.playbook.plan_recipient_question import plan_recipient_question
    from tasks.playbook.plan_sender_block import plan_sender_block
    from tasks.playbook.propose_sender_block import propose_sender_block
    from tasks.playbook.publish_check_report import publish_check_report
    from tasks.playbook.publish_results import publish_results
    from tasks.playbook.publish_triage_report import publish_triage_report
    from tasks.playbook.pull_back_mail import pull_back_mail
    from tasks.playbook.reopen_for_retry import reopen_for_retry
    from tasks.playbook.request_approvals import request_approvals
    from tasks.playbook.retry_changes import retry_changes
    from tasks.playbook.start_wanted_playbooks import start_wanted_playbooks
    from tasks.playbook.tell_recipients import tell_recipients
    from tasks.playbook.triage_alerts import triage_alerts
    from tasks.playbook.withdraw_sender_block import withdraw_sender_block

__all__ = [
    "apply_mail_rules",
    "apply_sender_block",
    "ask_approvers",
    "ask_recipient",
    "ask_recipients",
    "block_harmful_content",
    "carry_out_approved",
    "check_block_approval",
    "check_mailbox",
    "check_our_side",
    "check_tenant",
    "decide_approval",
    "end_block",
    "find_due_blocks",
    "find_harmful_mail",
    "handle_recipient_answer",
    "handle_reports",
    "ingest_held_messages",
    "ingest_mails",
    "ingest_tracked_messages",
    "investigate_sender",
    "look_at_approval",
    "look_up_unknown_outcomes",
    "mail_triage_report",
    "make_triage_report",
    "plan_recipient_question",
    "plan_sender_block",
    "propose_sender_block",
    "publish_check_report",
    "publish_results",
    "publish_triage_report",
    "pull_back_mail",
    "reopen_for_retry",
    "request_approvals",
    "retry_changes",
    "start_wanted_playbooks",
    "tell_recipients",
    "triage_alerts",
    "withdraw_sender_block",
]

import_when_asked(__name__)
