"""Bytes about to be sent, looked at once more."""

from __future__ import annotations

import re

from mailroom.errors import InvalidInputError

_BARE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_BCC = re.compile(rb"(?:^|\r\n)(?:resent-)?bcc[ \t]*:", re.IGNORECASE)
_LONGEST_LINE = 998


def check_raw(raw: bytes) -> None:
    """Let only bytes pass that every server takes and that tell nobody of Bcc.

    Raises:
        InvalidInputError: A Bcc header, a bare CR or LF, a line over 998 octets, or no header at all.
    """
    if _BARE_BREAK.search(raw):
        raise InvalidInputError("the mail holds a bare CR or LF; servers refuse that, compose it anew")
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        raise InvalidInputError(f"the mail holds a line of more than {_LONGEST_LINE} bytes; compose it anew")
    head, separator, _ = raw.partition(b"\r\n\r\n")
    if not separator or not head:
        raise InvalidInputError("the mail has no header; compose it anew")
    if _BCC.search(head):
        raise InvalidInputError("the mail holds a Bcc header, which everyone would see; remove it before sending")
