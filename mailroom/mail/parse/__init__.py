"""Bytes -> `Mail`: never raises, never blocks. Knows MIME as written by standards and as written by senders."""

from mailroom.mail.parse.child import parse_safely
from mailroom.mail.parse.limits import Limits
from mailroom.mail.parse.parser import parse

__all__ = ["Limits", "parse", "parse_safely"]
