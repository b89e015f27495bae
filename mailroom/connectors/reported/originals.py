"""The mail that somebody reports: attached to the report, or quoted in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import Forwarded, ForwardRegexes, forwarded, normal_subject
from mailroom.rulelang.domains import within

MOST = 10
"""Mails of one report that are looked at."""
_MOST_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Original:
    """A reported mail. Every text is hostile data; of an inline one it is besides what the reporter's program made."""

    how: Literal["attached", "inline"]
    sender: MailAddress
    subject: str
    sent_at: datetime | None
    message_id: str
    """With angle brackets; empty when nobody says it."""
    to: tuple[MailAddress, ...]
    text: str
    html: str
    mail: Mail | None
    """All of it, when it was attached."""
    carrier: bool = False
    """It passes on another mail and names a colleague as its writer: what is meant, unless it only uses our name."""

    @property
    def key(self) -> str:
        """The same for every report of one mail, as far as the mail itself tells: 40 hex digits."""
        told = [self.message_id] if self.message_id else [normal_subject(self.subject), " ".join(self.text.split())]
        text = "\0".join([self.sender.address, *told])
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


def originals(
    mail: Mail, *, own_domains: frozenset[str] = frozenset(), regexes: ForwardRegexes | None = None
) -> tuple[Original, ...]:
    """The mails that somebody reports with this one; empty when there is none in it. Never raises over a mail.

    Of several that were forwarded one inside another, the first that is not a colleague's forward is meant: what lies
    further inside is what the reported mail itself quotes, and whoever wrote that mail could invent it. Colleagues'
    forwards come last, as `carrier`: a stranger who uses our name could hide behind what he encloses.

    Args:
        mail: The report.
        own_domains: Whose forwards are passed over.
        regexes: The site's own expressions for forwards.
    """
    if mail.report_type:
        return ()
    found: dict[str, Original] = {}
    for one in _attached(mail, own_domains, 0):
        found.setdefault(one.key, one)
        if len(found) >= MOST:
            break
    if not found:
        for quoted in _quoted(forwarded(mail, regexes=regexes), own_domains):
            # Where the links of a quoted mail lead stands in the HTML of the report alone.
            whole = replace(quoted, html=quoted.html or mail.html) if quoted.mail is None else quoted
            found.setdefault(whole.key, whole)
    return tuple(sorted(found.values(), key=lambda one: one.carrier))


def _attached(mail: Mail, own_domains: frozenset[str], depth: int) -> Iterator[Original]:
    for inner in mail.nested:
        if depth < _MOST_DEPTH and within(inner.author.domain, own_domains):
            passed_on = list(_attached(inner, own_domains, depth + 1)) or _quoted(forwarded(inner), own_domains)
            if passed_on:
                yield from passed_on
                yield replace(_whole(inner), carrier=True)
                continue
        yield _whole(inner)


def _quoted(found: Sequence[Forwarded], own_domains: frozenset[str]) -> list[Original]:
    """The outermost quoted mail that is not a colleague's, the innermost where all are; and the outermost of all."""
    quoted = [one for one in found if one.sender.address or one.subject]
    if not quoted:
        return []
    chosen = next((one for one in quoted if not within(one.sender.domain, own_domains)), quoted[-1])
    if chosen is quoted[0]:
        return [_original(chosen)]
    return [_original(chosen), replace(_original(quoted[0]), carrier=True)]


def _original(one: Forwarded) -> Original:
    if one.mail is not None:
        return _whole(one.mail)
    return Original("inline", one.sender, one.subject, one.sent_at, "", one.to, one.text, one.html, None)


def _whole(mail: Mail) -> Original:
    return Original(
        "attached", mail.author, mail.subject, mail.date, mail.message_id, mail.to, mail.text, mail.html, mail
    )
