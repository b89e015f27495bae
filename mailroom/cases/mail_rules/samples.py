"""Mails in short, as the tests inside rule files write them, turned into facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailroom.cases.mail_rules.fields import FIELDS, Facts, facts_of
from mailroom.rulelang.from_header import read_from

_TAGS = re.compile(r"<[^>]{0,500}>")
_KEPT = (
    "subject", "to", "cc", "bcc", "reply_to", "in_reply_to", "references", "message_id", "mailbox", "folder", "size",
    "encrypted", "cut",
)  # fmt: skip


def event_of(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The event a sample stands for. What it leaves out is harmless."""
    reading = read_from([sample.get("from", "Some Sender <some.sender@sender.test>")])
    event: dict[str, Any] = {
        "sender": reading.address, "sender_name": reading.display_name, "subject": "Hello",
        "to": ["desk@recipient.test"], "cc": [], "bcc": [], "reply_to": [], "in_reply_to": [], "references": [],
        "message_id": "<sample@sender.test>", "mailbox": "default", "folder": "INBOX", "size": 4_096,
        "encrypted": False, "report_type": "", "content_type": "text/plain", "defects": [],
        "plaintext_body": sample.get("body", "Hello."), "html_body": sample.get("html", ""),
    }  # fmt: skip
    event |= {name: sample[name] for name in _KEPT if name in sample}
    event["receivers"] = list(dict.fromkeys([*event["to"], *event["cc"], *event["bcc"]]))
    event["headers"] = [[name, value] for name, value in sample.get("headers", {}).items()]
    event["attachments"] = [
        {"name": one} if isinstance(one, str) else dict(one) for one in sample.get("attachments", ())
    ]
    for key in ("forwarded", "attached_mails"):
        event[key] = [
            {name: value for name, value in one.items() if name != "from"}
            | {"sender": read_from([one.get("from", "")]).address}
            for one in sample.get(key, ())
        ]
    found = sample.get("indicators", {}).items()
    event["indicators"] = [{"kind": kind, "value": value, "where": ""} for kind, many in found for value in many]
    event["extracted"] = dict(sample.get("extracted", {}))
    return event


def sample_facts(sample: Mapping[str, Any], wanted: frozenset[str]) -> Facts:
    """The facts of a sample mail.

    Raises:
        ValueError: `facts` or `missing` name a field that does not exist.
    """
    row = {name: sample.get(name, "") for name in ("product", "event_name", "environment")}
    dmarc = sample.get("dmarc")
    known = {"auth.dmarc": dmarc, "auth.dmarc_pass": dmarc == "pass"}
    asked = frozenset({*wanted, "body"})
    facts = facts_of(event_of(sample), row, wanted=asked, html_to_text=_shown, known=known)
    for name in [*sample.get("facts", {}), *sample.get("missing", [])]:
        if name not in FIELDS:
            raise ValueError(f"names the unknown field {name!r}")
    facts.update(sample.get("facts", {}))
    for name in sample.get("missing", []):
        facts.pop(name, None)
    return facts


def _shown(html: str) -> str:
    """Enough for a sample; stored mails are rendered by the mail library."""
    return _TAGS.sub(" ", html)
