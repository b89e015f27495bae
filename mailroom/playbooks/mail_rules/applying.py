"""Apply rules to mails that became alerts: look at each once, write down what holds, carry it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.cases.mail_rules import MailRuleSet, plan_of
from mailroom.cases.mail_rules.fields import is_known
from mailroom.connectors.mailbox import CONNECTOR
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.playbooks.campaigns import group_alerts
from mailroom.playbooks.mail_rules.carrying import Carrier
from mailroom.playbooks.mail_rules.facts import facts_of_alert
from mailroom.playbooks.mail_rules.loading import Templates
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.mail_rules import DONE, OPEN, UNKNOWN, NewHit

_PAGE = 200
WHO = "rules on mail"
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that holds for one mail, or cannot be answered; `actions` are what it wants done."""

    alert_id: int
    rule_id: str
    answer: str
    """`true` or `unknown`."""
    actions: tuple[str, ...]
    missing: tuple[str, ...] = ()


@dataclass
class MailRulesReport:
    """What one round did."""

    looked_at: int = 0
    """Mails."""
    matched: int = 0
    """Rules that held."""
    unknown: int = 0
    """Rules that could not be answered."""
    done: int = 0
    failed: int = 0
    waiting: int = 0
    """Hits that are tried again in the next round."""
    incidents: int = 0
    """Opened."""
    by_rule: dict[str, int] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)
    """Of a dry run."""
    warnings: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        names = ("looked_at", "matched", "unknown", "done", "failed", "waiting", "incidents")
        return {name: getattr(self, name) for name in names}


def apply_mail_rules(
    store: Store,
    ruleset: MailRuleSet,
    templates: Templates,
    *,
    account: MailAccount | None = None,
    tenant: str = "",
    since: datetime | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _step, _done, _total: None,
) -> MailRulesReport:
    """Look at every mail no rules were applied to yet, and carry out what holds; then what earlier rounds left.

    Effect: writes the store; reads the mailbox where attachments are to be saved. Twice is harmless: each mail is
    looked at once, and what holds is carried out once, whatever is killed.

    Args:
        store: Alerts, cases, hits.
        ruleset: The rules.
        templates: Incident templates they name.
        account: The mailbox; its trusted servers say who passed DMARC.
        tenant: Only alerts of this tenant; empty: all.
        since: Only alerts stored at or after this instant.
        dry_run: Say what would be done; write nothing.
        progress: Told how many mails are looked at.

    Returns:
        The numbers; of a dry run also each match.

    Raises:
        StoreError: the store cannot be used; a later round goes on.
    """
    report = MailRulesReport(warnings=list(ruleset.warnings))
    by_rule: Counter[str] = Counter()
    trusted = account.trusted_authserv_ids if account else ()
    after = 0
    while page := store.mail_rules.unseen(CONNECTOR, tenant=tenant, since=since, after_id=after, limit=_PAGE):
        after = page[-1].id
        found = {alert.id: _hits(ruleset, alert, trusted) for alert in page}
        if not dry_run:
            group_alerts(store, page)  # rules that go by campaigns find those of mails that came together
            store.mail_rules.record(ruleset.digest, found, who=WHO)
            faultpoint("mail_rules.recorded")
        for alert_id, hits in found.items():
            for hit in hits:
                if hit.state == OPEN:
                    report.matched += 1
                    by_rule[hit.rule_id] += 1
                else:
                    report.unknown += 1
                if dry_run:
                    report.matches.append(_match(alert_id, hit))
        report.looked_at += len(page)
        progress("rules", report.looked_at, None)
    report.by_rule = dict(sorted(by_rule.items()))
    if not dry_run:
        _carry_out(store, Carrier(store, templates, account), report, tenant)
    return report


def _carry_out(store: Store, carrier: Carrier, report: MailRulesReport, tenant: str) -> None:
    after = 0
    while open_hits := store.mail_rules.open(tenant=tenant, limit=_PAGE, after_id=after):
        after = open_hits[-1].id
        for hit in open_hits:
            state = OPEN if carrier.must_wait(hit) else carrier.carry_out(hit).state
            if state == OPEN:
                report.waiting += 1
            elif state == DONE:
                report.done += 1
            else:
                report.failed += 1
    report.incidents = len(carrier.incidents)


def _hits(ruleset: MailRuleSet, alert: Alert, trusted: Sequence[str]) -> list[NewHit]:
    facts = facts_of_alert(ruleset, alert, trusted)
    hits = []
    for rule, answer in ruleset.judge(facts):
        if answer:
            hits.append(NewHit(rule.id, rule.version, OPEN, plan_of(rule, facts, alert.event, alert.id)))
        else:
            missing = sorted(name for name in rule.fields if not is_known(facts, name))
            hits.append(NewHit(rule.id, rule.version, UNKNOWN, detail=_not_known(missing)))
    return hits


def _not_known(missing: Sequence[str]) -> str:
    return "not known: " + ", ".join(missing) if missing else "what decides was cut off"


def _match(alert_id: int, hit: NewHit) -> Match:
    missing = tuple(hit.detail.removeprefix("not known: ").split(", ")) if hit.state == UNKNOWN else ()
    return Match(alert_id, hit.rule_id, "true" if hit.state == OPEN else "unknown", _names(hit.actions), missing)


def _names(actions: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(one["do"] for one in actions)
