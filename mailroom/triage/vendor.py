"""What the mail gateway already said: hold reason, ten impersonation tests, malware."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
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


@lru_cache(maxsize=1_024)
def _reason_word(text: str) -> str:
    words = _NOT_WORD.sub("_", text.lower()).strip("_")
    words = words.removeprefix("message_hold_applied_").removesuffix("_policy").removesuffix("_definition")
    return _REASONS.get(words, words)


def hold_reason(code: str | None, text: str | None) -> str | None:
    """A short, stable word for why the mail is held (`spam_signature`); None when the gateway did not say."""
    for raw in (code, text):
        if raw and (word := _reason_word(raw[:300])):
            return word
    return None


@lru_cache(maxsize=1_024)
def _names_malware(text: str) -> bool:
    return _MALWARE.search(text) is not None


def says_malware(texts: Iterable[Any]) -> bool:
    """Whether any of the gateway's reasons names malware."""
    return any(isinstance(text, str) and _names_malware(text[:2_000]) for text in texts)


def impersonation_hits(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Which of the gateway's impersonation tests fired; a sender who forges the header can only add hits."""
    values = [value for name, value in headers if name.lower() == IMPERSONATION_HEADER]
    return sorted({hit for value in values for hit in _hits(value[:4_096])})


@lru_cache(maxsize=1_024)
def _hits(value: str) -> tuple[str, ...]:
    """Tests that fired in one header; policies are few, so the same header comes again and again."""
    hits = []
    for piece in value.split(";"):
        key, _, answer = piece.partition("=")
        test = IMPERSONATION_TESTS.get(" ".join(key.lower().split()))
        if test and answer.strip().lower() == "true":
            hits.append(test)
    return tuple(hits)


def header_map(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """First value of each header, names in lower case."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return found
