"""Tokens that tie an answer to its question: made, hashed and found again."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

_LENGTH = 26
_TOKEN = re.compile(r"(?<![A-Z2-7a-z])(?:[A-Z2-7]{26}|[a-z2-7]{26})(?![A-Za-z2-7])")
_MOST = 64


def new_token() -> str:
    """A fresh token: 130 random bits in 26 letters and digits that survive any mail program and any case folding."""
    return base64.b32encode(secrets.token_bytes(17)).decode("ascii").rstrip("=")[:_LENGTH]


def hash_token(token: str) -> str:
    """What is stored of a token (SHA-256, hex); upper and lower case are the same token."""
    return hashlib.sha256(token.strip().upper().encode("ascii", "replace")).hexdigest()


def tokens_in(text: str) -> tuple[str, ...]:
    """Everything in the text that could be a token, in order, each once, at most 64."""
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(text):
        found.setdefault(match[0].upper())
        if len(found) >= _MOST:
            break
    return tuple(found)
