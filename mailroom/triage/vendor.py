"""What the mail gateway already said: hold reason, ten impersonation tests, malware."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_REASONS = {
    "impersonation_protection": "impersonation_protect",
    "impersonation": "impersonation_protect",
    "virus": "virus_signature",
    "malware": "virus_signature",
    "anti_virus": "virus_signature",
    "spam": "spam_signature",
    "spam_scanning": "spam_signature",
    "attachment_management": "attachment",
    "attachment_block": "attachment",
    "content": "content_examination",
    "greymail": "graymail",
    "bulk_mail": "graymail",
    "bulk": "graymail",
}
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_MALWARE = re.compile(r"virus|malware|trojan|ransom", re.IGNORECASE)
IMPERSONATION_HEADER = "x-mimecast-impersonation-protect"

IMPERSONATION_TESTS = {
    "similar internal domain": "similar_internal_domain",
    "similar monitored external domain": "similar_external_domain",
    "custom external domain": "custom_external_domain",
    "mimecast external domain": "mimecast_external_domain",
    "newly observed domain": "newly_observed_domain",
    "internal user name": "internal_user_name",
    "custom display name list": "custom_name_list",
    "reply-to address mismatch": "reply_address_mismatch",
    "targeted threat dictionary": "targeted_dictionary",
    "mimecast threat dictionary": "mimecast_dictionary",
    "custom threat dictionary": "custom_dictionary",
}


def hold_reason(code: str | None, text: str | None) -> str | None:
    """A short, stable word for why the mail is held (`spam_signature`); None when the gateway did not say."""
    for raw in (code, text):
        if not raw:
            continue
        words = _NOT_WORD.sub("_", raw[:300].lower()).strip("_")
        words = words.removeprefix("message_hold_applied_").removesuffix("_policy").removesuffix("_definition")
        if words:
            return _REASONS.get(words, words)
    return None


def says_malware(texts: Iterable[Any]) -> bool:
    """Whether any of the gateway's reasons names malware."""
    return any(isinstance(text, str) and _MALWARE.search(text[:2_000]) is not None for text in texts)


def impersonation_hits(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Which of the gateway's impersonation tests fired; a sender who forges the header can only add hits."""
    hits: set[str] = set()
    for name, value in headers:
        if name.lower() != IMPERSONATION_HEADER:
            continue
        for piece in value[:4_096].split(";"):
            key, _, answer = piece.partition("=")
            test = IMPERSONATION_TESTS.get(" ".join(key.lower().split()))
            if test and answer.strip().lower() == "true":
                hits.add(test)
    return sorted(hits)


def header_map(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """First value of each header, names in lower case."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return found
