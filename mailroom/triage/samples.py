"""Messages in short, as the tests inside rule files write them, turned into events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailroom.rulelang.from_header import read_from
from mailroom.triage.extract import History
from mailroom.triage.vendor import IMPERSONATION_TESTS

_TRUSTED = "relay.mimecast.com"
_HEADERS_OF_TESTS = {code: title.title() for title, code in IMPERSONATION_TESTS.items()}


def event_of(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The event a sample stands for. What it leaves out is harmless; what its level cannot carry is missing."""
    level = sample.get("level", "T2")
    raw = sample.get("from", "Some Sender <some.sender@sender.test>")
    values = [raw] if isinstance(raw, str) else list(raw)
    reading = read_from(values)
    recipient = sample.get("recipient", "reader@recipient.test")
    reason = sample.get("hold_reason")
    attachments = sample.get("attachments", [])
    event: dict[str, Any] = {
        "schema": 1,
        "level": level,
        "header_from": {"address": reading.address, "display_name": reading.display_name},
        "recipient": recipient,
        "recipients": sample.get("recipients", [recipient]),
        "subject": sample.get("subject", "Hello"),
        "route": sample.get("route", "inbound"),
        "hold_reason_code": f"message_hold_applied_{reason}_policy" if reason else None,
        "hold_reason": None,
        "policy": sample.get("policy", "Default"),
        "risk": sample.get("risk"),
        "categories": sample.get("categories", []),
        "spam_score": sample.get("spam_score", 0),
        "detection_level": sample.get("detection_level", ""),
        "has_attachments": sample.get("has_attachments", bool(attachments)),
        "envelope_from": sample.get("envelope_from", reading.address),
        "size": sample.get("size", 4_096),
        "sender_ip": sample.get("sender_ip", "192.0.2.1"),
    }
    if level != "T1":
        event |= _detail(sample, values, attachments)
    if level == "T3":
        links = [{"url": one, "shown": ""} if isinstance(one, str) else one for one in sample.get("links", [])]
        event |= {"text": sample.get("text", "Hello, see you tomorrow."), "links": links}
    return event


def _detail(sample: Mapping[str, Any], values: list[str], attachments: list[Any]) -> dict[str, Any]:
    headers = [["From", value] for value in values]
    headers += [[name, value] for name, value in sample.get("headers", {}).items()]
    if hits := sample.get("impersonation"):
        tests = ";".join(f"{_HEADERS_OF_TESTS.get(hit, hit)}=true" for hit in hits)
        headers.append(["X-Mimecast-Impersonation-Protect", f"Policy=Default;{tests}"])
    return {
        "from_headers": values,
        "reply_to": sample.get("reply_to"),
        "return_path": sample.get("envelope_from"),
        "headers": headers,
        "components": [{"name": one} if isinstance(one, str) else one for one in attachments],
        "grey_email": sample.get("graymail", False),
        "spam_detail": sample.get("spam_detail", {}),
        "authentication_results": sample.get("authentication_results", _results(sample.get("auth", {}))),
    }


def _results(auth: Mapping[str, str]) -> list[str]:
    if not auth:
        return []
    pieces = []
    for method, prop, key in (
        ("dkim", "header.d", "dkim_domain"),
        ("spf", "smtp.mailfrom", "spf_domain"),
        ("dmarc", "header.from", "dmarc_domain"),
    ):
        if method in auth:
            pieces.append(f"{method}={auth[method]}" + (f" {prop}={auth[key]}" if key in auth else ""))
    return [f"{_TRUSTED}; " + "; ".join(pieces)]


def history_of(sample: Mapping[str, Any]) -> History | None:
    """The store's knowledge a sample grants, if any."""
    return History(**sample["history"]) if "history" in sample else None
