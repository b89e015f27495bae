"""Steps of the playbooks: one task run each per cycle, however many messages there are."""

from typing import TYPE_CHECKING

from tasks._catalogue_package import import_when_asked

if TYPE_CHECKING:
    from tasks.playbook.check_mailbox import check_mailbox
    from tasks.playbook.check_our_side import check_our_side
    from tasks.playbook.ingest_held_messages import ingest_held_messages
    from tasks.playbook.ingest_mails import ingest_mails
    from tasks.playbook.ingest_tracked_messages import ingest_tracked_messages
    from tasks.playbook.investigate_sender import investigate_sender
    from tasks.playbook.look_up_unknown_outcomes import look_up_unknown_outcomes
    from tasks.playbook.publish_check_report import publish_check_report
    from tasks.playbook.publish_triage_report import publish_triage_report
    from tasks.playbook.reopen_for_retry import reopen_for_retry
    from tasks.playbook.triage_alerts import triage_alerts

__all__ = [
    "check_mailbox",
    "check_our_side",
    "ingest_held_messages",
    "ingest_mails",
    "ingest_tracked_messages",
    "investigate_sender",
    "look_up_unknown_outcomes",
    "publish_check_report",
    "publish_triage_report",
    "reopen_for_retry",
    "triage_alerts",
]

import_when_asked(__name__)
