"""The usual mail, read by compiled code where that is there: one text, or the same text as plain words and as HTML.

Nearly all programs write a mail in the same few forms. `fast/` reads these and nothing else, in a third of the time: at
the first octet that is anything else it gives up, and the mail is read from its beginning in Python. What is difficult
in a single value (several addresses, a date in words) it asks the readers here.
"""

from __future__ import annotations

from functools import lru_cache

from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.parse.addresses import read_addresses, remembered_addresses
from mailroom.mail.parse.compiled import fast
from mailroom.mail.parse.dates import read_date
from mailroom.mail.parse.entities import type_of
from mailroom.mail.parse.ids import read_ids, read_message_id
from mailroom.mail.parse.labels import codecs_for
from mailroom.mail.parse.limits import DEFAULT_LIMITS, Work
from mailroom.mail.parse.once import ONLY_ONCE
from mailroom.mail.parse.parameters import shown

_MOST = 128 * 1024
"""Octets of a mail that is worth a try: bigger ones hold a file."""
_PLAIN, _HTML, _ALTERNATIVE = 0, 1, 2
_FORMS = {"text/plain": _PLAIN, "text/html": _HTML, "multipart/alternative": _ALTERNATIVE}


def usual_mail(raw: bytes, work: Work, sha256: str) -> Mail | None:
    """The mail in `raw`, exactly as the other reader reads it; None when it is not a usual one."""
    if fast is None or not work.compiled or len(raw) > _MOST or work.limits is not DEFAULT_LIMITS:
        return None
    return fast.usual_mail(raw, sha256, DEFAULT_LIMITS.header_block, DEFAULT_LIMITS.headers)


@lru_cache(maxsize=1024)
def _described(content_type: str) -> tuple[int, str, tuple[tuple[str, str], ...], int, bytes] | None:
    """What a Content-Type says: form, type, parameters as shown, whether it says UTF-8, delimiter. None: not usual."""
    work = Work(DEFAULT_LIMITS)
    kind, parameters = type_of({"content-type": content_type}, "text/plain", work)
    form = _FORMS.get(kind)
    if form is None or work.defects or "*" in content_type:
        return None
    said = dict(reversed(parameters))
    if form == _ALTERNATIVE:
        boundary = said.get("boundary", "").rstrip(" \t").encode("latin-1", "replace")
        return (form, kind, shown(parameters, ""), 0, b"--" + boundary) if boundary else None
    codecs = codecs_for(said.get("charset", ""))
    if codecs not in {(), ("utf-8",)} or "flowed" in said.get("format", "").lower():
        return None
    return form, kind, shown(parameters, ""), int(bool(codecs)), b""


def _addresses(value: str, author: bool) -> tuple[MailAddress, ...]:
    return read_addresses(value, limit=DEFAULT_LIMITS.addresses, author=author)


def _ids(value: str) -> tuple[str, ...]:
    return read_ids(value, DEFAULT_LIMITS.references)


if fast is not None:
    fast.configure(
        {
            "described": _described, "short_addresses": remembered_addresses, "addresses": _addresses,
            "date": read_date, "message_id": read_message_id, "ids": _ids, "only_once": ONLY_ONCE,
            "mail": Mail, "address": MailAddress,
        }
    )  # fmt: skip
