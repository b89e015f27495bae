"""How much of one mail is read, and the account of what has been read so far."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one mail, its nested mails included. Sizes are octets. Whatever is cut is named in `defects`."""

    header_block: int = 256 * 1024
    headers: int = 1_000
    header_text: int = 32 * 1024
    """Characters of one decoded header."""
    header_structured: int = 64 * 1024
    """Octets of one address or parameter header that are read."""
    parts: int = 1_000
    depth: int = 50
    """Levels of multipart and of mails in mails, together."""
    nested_depth: int = 5
    nested_count: int = 50
    attachment: int = 25 * 1024 * 1024
    """Larger ones are hashed and measured, their content is dropped."""
    attachments_total: int = 100 * 1024 * 1024
    text: int = 8 * 1024 * 1024
    """Characters of text and of HTML kept."""
    addresses: int = 2_000
    references: int = 100


DEFAULT_LIMITS = Limits()


class HeavyMailError(Exception):
    """Raised on request when a mail turns out to be one that is better read in a process of its own."""


@dataclass(slots=True)
class Work:
    """What one call of the parser has used up, and what it noticed."""

    limits: Limits
    compiled: bool = True
    """Use what is compiled, where it is there: the result is the same."""
    careful: bool = False
    """Raise `HeavyMailError` instead of reading what takes long or comes in a container format."""
    defects: set[str] = field(default_factory=set)
    parts: int = 0
    nested: int = 0
    kept_bytes: int = 0
    addresses: int = 0

    def heavy(self, reason: str) -> None:
        """Called before heavy work.

        Raises:
            HeavyMailError: Somebody asked for care.
        """
        if self.careful:
            raise HeavyMailError(reason)

    def keeps(self, size: int) -> bool:
        """Whether a decoded part of this size may be kept; counts it if so."""
        if size > self.limits.attachment or self.kept_bytes + size > self.limits.attachments_total:
            self.defects.add("attachment_too_large")
            return False
        self.kept_bytes += size
        return True
