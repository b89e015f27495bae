"""Rules on mail that came in: which mails, what is to be done with them, and tests that prove it. Pure functions.

ruleset = load_mail_rules(["starter", "/etc/mailroom/mail-rules"])
for rule, answer in ruleset.judge(facts_of(alert.event, wanted=ruleset.fields)):
    ...
"""

from mailroom.cases.mail_rules.fields import FIELDS, OPEN_FIELDS, facts_of
from mailroom.cases.mail_rules.plan import plan_of
from mailroom.cases.mail_rules.rule import MailRule
from mailroom.cases.mail_rules.ruleset import STARTER, MailRuleSet, load_mail_rules

__all__ = ["FIELDS", "OPEN_FIELDS", "STARTER", "MailRule", "MailRuleSet", "facts_of", "load_mail_rules", "plan_of"]
