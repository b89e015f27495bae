"""From a rule that holds to what is to be done: plain data, worked out once and carried out from what is written down.

A changed or deleted rule changes nothing about what was planned before. Keys name what must not be made twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mailroom.cases.campaign import campaign_of, parts_of
from mailroom.cases.mail_rules.fields import conversation_of
from mailroom.cases.mail_rules.rule import MailRule, RuleAction
from mailroom.rulelang.ternary import UNKNOWN
from mailroom.rulelang.text import shown

_MOST_TEXT = 2_000
_MOST_VALUES = 100
_MOST_REFERENCES = 50

PlannedAction = dict[str, Any]


def plan_of(rule: MailRule, facts: Mapping[str, Any], event: Mapping[str, Any], alert_id: int) -> list[PlannedAction]:
    """What the rule wants done with this mail, in its order."""
    return [_planned(rule, one, place, facts, event, alert_id) for place, one in enumerate(rule.actions, 1)]


def mapped(mapping: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fields filled from the mail; what the mail does not say is left out."""
    found: dict[str, Any] = {}
    for name, source in mapping.items():
        value = facts.get(source, UNKNOWN)
        if value is UNKNOWN or value is None or value == "":
            continue
        if isinstance(value, list):
            found[name] = [str(one)[:_MOST_TEXT] for one in value[:_MOST_VALUES]]
        else:
            found[name] = str(value)[:_MOST_TEXT] if isinstance(value, str) else value
    return found


def alike_key(by: str, rule_id: str, event: Mapping[str, Any], alert_id: int) -> str:
    """Key of the incident that mails share which are alike in `by`; a mail that says nothing about it stays alone."""
    value = alike_value(by, rule_id, event)
    if not value:
        return f"mail-rule:mail:{alert_id}"
    return f"mail-rule:{by}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:32]}"


def alike_value(by: str, rule_id: str, event: Mapping[str, Any]) -> str:
    """What mails have in common: a conversation, a campaign, a sender, a rule. Empty: nothing, or `by` is `mail`."""
    if by == "conversation":
        return conversation_of(event)
    if by == "campaign":
        campaign = campaign_of(parts_of(event))
        return campaign.key if campaign else ""
    if by == "sender":
        return str(event.get("sender") or "").lower()
    return rule_id if by == "rule" else ""


def _planned(
    rule: MailRule, one: RuleAction, place: int, facts: Mapping[str, Any], event: Mapping[str, Any], alert_id: int
) -> PlannedAction:
    settings = one.settings
    planned: PlannedAction = {"do": one.do, "place": place}
    if one.do == "create_incident":
        by = settings.get("by", "mail")
        plain = "" if "template" in settings else shown(facts.get("subject") or "(no subject)", 200)
        planned |= {
            "by": by, "key": alike_key(by, rule.id, event, alert_id), "template": settings.get("template", ""),
            "title": one.title(facts)[:300] if one.title else plain,
            "description": settings.get("description", ""), "priority": one.priority,
            "fields": mapped(rule.mapping, facts) | settings.get("fields", {}) | mapped(one.mapping, facts),
        }  # fmt: skip
    elif one.do == "add_to_incident":
        planned["fields"] = mapped(rule.mapping, facts) | mapped(one.mapping, facts)
        if "case" in settings:
            planned["case"] = settings["case"]
        else:
            by = settings["by"]
            planned |= {"by": by, "value": alike_value(by, rule.id, event)}
            planned["key"] = alike_key(by, rule.id, event, alert_id) if planned["value"] else ""
            if by == "conversation":
                earlier = [str(one) for key in ("references", "in_reply_to") for one in event.get(key) or ()]
                planned["message_ids"] = list(dict.fromkeys(earlier))[-_MOST_REFERENCES:]
    elif one.do == "save_attachments":
        planned |= {"names": list(settings.get("names", ())), "inline": settings.get("inline", False)}
    elif one.do == "run_playbook":
        planned |= {
            "playbook": settings["playbook"], "autorun": settings.get("autorun", True),
            "parameters": dict(settings.get("parameters", {})),
        }  # fmt: skip
    else:
        planned |= {
            "scope": settings.get("scope", "incident"),
            "fields": dict(settings.get("fields", {})) | mapped(one.mapping, facts),
        }
    return planned
