"""From a mail to its indicators: texts, link targets, attachments, and what rewritten links really lead to."""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.indicators import Indicator, Limits, find, from_html, unwrap
from mailroom.indicators.model import DEFAULT_LIMITS
from mailroom.mail.html_text import html_to_text
from mailroom.mail.model import Mail, MailAddress

_MAX_NESTED = 50
_OF_LINKS = ("url", "domain", "ipv4", "ipv6")


def mail_indicators(mail: Mail, *, limits: Limits = DEFAULT_LIMITS, nested: bool = True) -> list[Indicator]:
    """Everything a mail tells: subject, both bodies, link targets, addresses, attachment names and hashes.

    Both bodies are read because phishing often differs between them. Rewritten links are reported as they are, and
    their targets in addition, with the note `unwrapped`. Positions belong to the part named first in the notes.

    Args:
        mail: A parsed mail.
        limits: How much of each part is looked at, and how many findings are returned for the whole mail.
        nested: Whether mails attached to this one are read too (with the note `nested`).

    Returns:
        Findings, each kind and value once. The first note says where: `subject`, `text`, `html`, `from`,
        `reply_to`, `attachment:<name>`. Never raises.
    """
    found: dict[tuple[str, str], Indicator] = {}
    _one(found, mail, limits)
    if nested:
        waiting, read = list(mail.nested), 0
        while waiting and read < _MAX_NESTED and len(found) < limits.indicators:
            inner = waiting.pop(0)
            waiting += inner.nested
            read += 1
            _one(found, inner, limits, before=("nested",))
    return list(found.values())[: limits.indicators]


def _one(found: dict[tuple[str, str], Indicator], mail: Mail, limits: Limits, before: tuple[str, ...] = ()) -> None:
    _addresses(found, (*mail.from_, *mail.sender), (*before, "from"))
    _addresses(found, mail.reply_to, (*before, "reply_to"))
    _keep(found, find(mail.subject, limits=limits, place=(*before, "subject")))
    seen = find(mail.text, limits=limits, place=(*before, "text"))
    if mail.html:
        place = (*before, "html")
        seen += from_html(mail.html, limits=limits, place=place)
        seen += find(html_to_text(mail.html), limits=limits, place=place)
    _keep(found, seen)
    _unwrapped(found, seen, limits, (*before, "unwrapped"))
    for attachment in mail.attachments:
        place = (*before, f"attachment:{attachment.name}")
        _keep(found, [Indicator("filename", attachment.name, attachment.name, 0, 0, place)])
        if attachment.sha256:
            _keep(found, [Indicator("sha256", attachment.sha256, attachment.sha256, 0, 0, place)])


def _addresses(
    found: dict[tuple[str, str], Indicator], addresses: Iterable[MailAddress], place: tuple[str, ...]
) -> None:
    for address in addresses:
        if address.address and address.valid:
            _keep(found, [Indicator("email", address.address, address.raw or address.address, 0, 0, place)])
            if address.domain:
                _keep(found, [Indicator("domain", address.domain, address.domain, 0, 0, (*place, "of_email"))])


def _unwrapped(
    found: dict[tuple[str, str], Indicator], seen: list[Indicator], limits: Limits, place: tuple[str, ...]
) -> None:
    for indicator in seen:
        target = unwrap(indicator.value) if indicator.kind == "url" else None
        if target:
            _keep(found, find(target, kinds=_OF_LINKS, limits=limits, place=place))


def _keep(found: dict[tuple[str, str], Indicator], indicators: Iterable[Indicator]) -> None:
    for one in indicators:
        found.setdefault((one.kind, one.value), one)
