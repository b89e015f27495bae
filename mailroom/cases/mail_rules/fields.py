"""What a rule on mail may ask for, and reading it from the event of a mail's alert."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from mailroom.rulelang.domains import canonical_domain, root_domain
from mailroom.rulelang.fields import Field, field_table
from mailroom.rulelang.ternary import UNKNOWN, CutList, CutText
from mailroom.rulelang.text import MAX_LONG_TEXT

_NAMED = field_table("""
from.address               text     mail  address of the author
from.name                  text     mail  name the author shows
from.domain                text     mail  domain of the author (punycode)
from.root_domain           text     mail  registered part of the author's domain
from.addresses             list     mail  every address in From
to                         list     mail  addresses in To
cc                         list     mail  addresses in Cc
bcc                        list     mail  addresses in Bcc
reply_to                   list     mail  addresses in Reply-To
recipients                 list     mail  addresses in To, Cc and Bcc
recipients.count           number   mail  how many
subject                    text     mail  subject, encoded words decoded
body                       text     mail  plain text, and what the HTML shows
html                       text     mail  source of the HTML
size                       number   mail  size in bytes
message_id                 text     mail  Message-ID
conversation               text     mail  Message-ID of the mail that began the conversation, as far as it says so
is_reply                   boolean  mail  the mail answers another one
automatic                  boolean  mail  written by a program: automatic answers, lists, bulk mail
content_type               text     mail  media type of the whole mail
report_type                text     mail  kind of report the mail is, such as disposition-notification
encrypted                  boolean  mail  the mail is encrypted
defects                    list     mail  codes of what is wrong with the mail's form
attachments.present        boolean  mail  files are attached
attachments.count          number   mail  how many
attachments.names          list     mail  names of the files
attachments.extensions     list     mail  last extension of each file, lower case, no dot
attachments.types          list     mail  media types, as the mail claims and as the content says
attachments.hashes         list     mail  SHA-256 of the files
attachments.flags          list     mail  what is odd about a file, such as a name that deceives
attached_mails.count       number   mail  mails attached to this one
attached_mails.subjects    list     mail  their subjects
attached_mails.from        list     mail  their authors
forwarded.present          boolean  mail  the mail forwards another one, attached or in its text
forwarded.from             list     mail  authors of the forwarded mails
forwarded.subjects         list     mail  their subjects
forwarded.message_ids      list     mail  their Message-IDs, where they are attached
indicators.urls            list     mail  links in text, HTML and attachments' names
indicators.domains         list     mail  domains
indicators.emails          list     mail  addresses
indicators.ips             list     mail  IP addresses
indicators.hashes          list     mail  MD5, SHA1, SHA256, SHA512
mailbox                    text     mail  name of the mailbox it came into
folder                     text     mail  folder it came into
product                    text     mail  product of the alert
event_name                 text     mail  event name of the alert
environment                text     mail  environment of the alert
auth.dmarc                 text     mail  DMARC result of a server we trust
auth.dmarc_pass            boolean  mail  DMARC passed, says a server we trust
""")
_OPEN = {
    "header.": Field("list", "mail", "values of the header of that name"),
    "extracted.": Field("list", "mail", "what the rule of that name in the dynamic list found"),
}
_NAME = re.compile(r"[!-9;-~]{1,100}\Z")
_KINDS = {
    "indicators.urls": {"url"}, "indicators.domains": {"domain"}, "indicators.emails": {"email"},
    "indicators.ips": {"ipv4", "ipv6"}, "indicators.hashes": {"md5", "sha1", "sha256", "sha512"},
}  # fmt: skip
_TEXTS = {
    "from.address": "sender", "from.name": "sender_name", "message_id": "message_id", "mailbox": "mailbox",
    "folder": "folder", "content_type": "content_type", "report_type": "report_type",
}  # fmt: skip
_LISTS = {"to": "to", "cc": "cc", "bcc": "bcc", "reply_to": "reply_to", "recipients": "receivers", "defects": "defects"}
_BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
_LONGEST_HEADER = 4_000
"""Characters of a header in an event; one that long was cut."""
Facts = dict[str, Any]
HtmlToText = Callable[[str], str]


class _MailFields(Mapping[str, Field]):
    """The fields above, and one for every header (`header.list-id`) and every rule of the dynamic list."""

    def __getitem__(self, name: str) -> Field:
        if name in _NAMED:
            return _NAMED[name]
        for prefix, field in _OPEN.items():
            rest = name.removeprefix(prefix)
            if rest != name and rest.strip() and (prefix != "header." or (_NAME.match(rest) and rest == rest.lower())):
                return field
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMED)

    def __len__(self) -> int:
        return len(_NAMED)


FIELDS: Mapping[str, Field] = _MailFields()
OPEN_FIELDS: Mapping[str, Field] = {f"{prefix}NAME": field for prefix, field in _OPEN.items()}
"""For documentation: the fields whose names go on."""


def facts_of(
    event: Mapping[str, Any],
    row: Mapping[str, Any] | None = None,
    *,
    wanted: Collection[str] = FIELDS,
    html_to_text: HtmlToText = str,
    known: Mapping[str, Any] | None = None,
) -> Facts:
    """What the event of a mail says, by field. What it does not carry is left out, and so unknown.

    Args:
        event: Of the mailbox connector, or of a mail attached to one.
        row: Columns of the alert: `product`, `event_name`, `environment`.
        wanted: Fields that will be asked for; texts nobody asks for are not worked out.
        html_to_text: What the HTML shows.
        known: Facts from elsewhere, such as `auth.dmarc`.
    """
    cut = set(event.get("cut", ()))
    facts: Facts = dict(known or {})
    for name, key in _TEXTS.items():
        if key in event:
            facts[name] = event[key] or None
    for name, key in _LISTS.items():
        if key in event:
            facts[name] = [str(one) for one in event[key]]
    _author(event, facts)
    if "receivers" in event:
        facts["recipients.count"] = len(event["receivers"])
    for name in ("subject", "size", "encrypted"):
        if name in event:
            facts[name] = event[name]
    _bodies(event, cut, facts, wanted, html_to_text)
    _threading(event, facts)
    _headers(event, cut, facts, wanted)
    _files(event, cut, facts)
    _others(event, facts)
    for name in ("product", "event_name", "environment"):
        if row is not None and name in row:
            facts[name] = row[name]
    return facts


def conversation_of(event: Mapping[str, Any]) -> str:
    """Message-ID of the mail that began the conversation, as far as the mail says so; hostile data."""
    for key in ("references", "in_reply_to"):
        for one in event.get(key) or ():
            if str(one).strip():
                return str(one).strip()[:1_000]
    return str(event.get("message_id") or "")[:1_000]


def _author(event: Mapping[str, Any], facts: Facts) -> None:
    if "sender" not in event:
        return
    address = str(event["sender"] or "")
    domain = canonical_domain(address.rpartition("@")[2]) if "@" in address else ""
    facts["from.domain"] = domain or None
    facts["from.root_domain"] = root_domain(domain) if domain else None
    facts["from.addresses"] = [str(one) for one in event.get("senders") or ([address] if address else [])]


def _bodies(
    event: Mapping[str, Any], cut: set[str], facts: Facts, wanted: Collection[str], html_to_text: HtmlToText
) -> None:
    if "plaintext_body" not in event and "html_body" not in event:
        return
    html = str(event.get("html_body") or "")
    facts["html"] = CutText(html) if "html_body" in cut else html
    if "body" in wanted:
        shown = html_to_text(html) if html else ""
        text = "\n".join(part for part in (str(event.get("plaintext_body") or ""), shown) if part.strip())
        whole = not cut & {"plaintext_body", "html_body"} and len(text) <= MAX_LONG_TEXT
        facts["body"] = text if whole else CutText(text)


def _threading(event: Mapping[str, Any], facts: Facts) -> None:
    if "references" in event or "in_reply_to" in event:
        facts["is_reply"] = bool(event.get("references") or event.get("in_reply_to"))
        facts["conversation"] = conversation_of(event) or None


def _headers(event: Mapping[str, Any], cut: set[str], facts: Facts, wanted: Collection[str]) -> None:
    if "headers" not in event:
        return
    found: dict[str, list[str]] = {}
    for name, value in event["headers"]:
        found.setdefault(str(name).lower(), []).append(str(value))
    whole = "headers" not in cut
    for name in wanted if wanted is not FIELDS else [f"header.{one}" for one in found]:
        if name.startswith("header."):
            values = found.get(name.removeprefix("header."), [])
            if values or whole:
                all_there = whole and all(len(value) < _LONGEST_HEADER for value in values)
                facts[name] = values if all_there else CutList(values)
    submitted = [one.split(";")[0].strip().lower() for one in found.get("auto-submitted", ())]
    precedence = {one.strip().lower() for one in found.get("precedence", ())}
    automatic = any(one not in ("", "no") for one in submitted) or bool(precedence & _BULK) or "list-id" in found
    if automatic or whole:
        facts["automatic"] = automatic


def _files(event: Mapping[str, Any], cut: set[str], facts: Facts) -> None:
    if "attachments" not in event:
        return
    rows = [one for one in event["attachments"] if isinstance(one, Mapping)]
    whole = "attachments" not in cut

    def values(found: Sequence[str]) -> list[str]:
        return list(found) if whole else CutList(found)

    names = [str(one.get("name") or "") for one in rows]
    facts["attachments.present"] = bool(rows)
    facts["attachments.count"] = len(rows)
    facts["attachments.names"] = values([name for name in names if name])
    facts["attachments.extensions"] = values([name.rpartition(".")[2].lower() for name in names if "." in name])
    types = [str(one.get(key) or "") for one in rows for key in ("mime_type", "real_type")]
    facts["attachments.types"] = values([one for one in dict.fromkeys(types) if one])
    facts["attachments.hashes"] = values([str(one["sha256"]) for one in rows if one.get("sha256")])
    facts["attachments.flags"] = values([str(flag) for one in rows for flag in one.get("flags") or ()])


def _others(event: Mapping[str, Any], facts: Facts) -> None:
    """Attached and forwarded mails, indicators, what the dynamic list found."""
    if "plaintext_body" in event:  # the connector leaves out the keys of what a mail does not have
        inside = [one for one in event.get("attached_mails") or () if isinstance(one, Mapping)]
        facts["attached_mails.count"] = len(inside)
        facts["attached_mails.subjects"] = [str(one.get("subject") or "") for one in inside]
        facts["attached_mails.from"] = [str(one["sender"]) for one in inside if one.get("sender")]
        passed_on = [one for one in event.get("forwarded") or () if isinstance(one, Mapping)]
        facts["forwarded.present"] = bool(passed_on)
        facts["forwarded.from"] = [str(one["sender"]) for one in passed_on if one.get("sender")]
        facts["forwarded.subjects"] = [str(one.get("subject") or "") for one in passed_on]
        facts["forwarded.message_ids"] = [str(one["message_id"]) for one in passed_on if one.get("message_id")]
    if "indicators" in event:
        rows = [one for one in event["indicators"] if isinstance(one, Mapping)]
        for name, kinds in _KINDS.items():
            facts[name] = [str(one.get("value", "")) for one in rows if one.get("kind") in kinds]
    for name, found in (event.get("extracted") or {}).items():
        facts[f"extracted.{name}"] = [str(one) for one in found]


def is_known(facts: Mapping[str, Any], name: str) -> bool:
    """Whether the mail carries the field at all."""
    return facts.get(name, UNKNOWN) is not UNKNOWN
