"""Rules on mail, applied: every mail that became an alert is looked at once, and what holds is carried out once."""

from mailroom.playbooks.mail_rules.applying import MailRulesReport, Match, apply_mail_rules
from mailroom.playbooks.mail_rules.carrying import MOST_ATTEMPTS
from mailroom.playbooks.mail_rules.loading import check_references, load_checked

__all__ = ["MOST_ATTEMPTS", "MailRulesReport", "Match", "apply_mail_rules", "check_references", "load_checked"]
