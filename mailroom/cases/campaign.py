"""Which mails belong together: a key, and the parts it was made of, so that everybody can see why.

The strongest thing a mail carries decides: its files, else the hosts its links lead to, else the very pages it links to
on sites that strangers share, else its subject together with the sender's domain. Whatever else it carries is kept
beside the key and shows which campaigns are related. A campaign is a way of looking at mail: nothing is decided, closed
or blocked because of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailroom.cases.telling_hosts import kind_of_host
from mailroom.rulelang.domains import canonical_domain, root_domain
from mailroom.rulelang.text import needs_substring_match, words

_LINK = re.compile(
    r"(?i)(?:https?|ftp)://(?:[^\s/?#@]{0,200}@)?([^\s/?#:@]{1,253})(?::\d{1,5})?"
    r"""([^\s?#"<>]{0,500})(?:\?([^\s#"<>]{0,500}))?"""
)
_PREFIX = re.compile(r"(?i)\s*(?:re|aw|fw|fwd|wg|tr|rv|sv|vs|antw|r|i)\s*(?:\[\d{1,3}\])?\s*:")
_VARIES = re.compile(r"\S*[\d@]\S*")
_PUNCTUATION = ".,;:!')]}"
"""Ends the sentence around an address, not the address."""
_SHORTEST_SUBJECT = 2
"""Words; a subject of one word says too little to keep mails together."""
_SHORTEST_UNSPACED = 6
_MOST_HOSTS = 4
"""A mail that links to more foreign hosts is a newsletter: its links say little."""
_MOST_FILES = 50
_SMALLEST_FILE = 4
"""Octets; less is an empty file, an empty line, a byte order mark: the same in mails that share nothing else."""
_EMPTY_FILE = hashlib.sha256(b"").hexdigest()
_MOST_WORDS = 20
_MOST_PAGES, _LONGEST_PAGE = 20, 200
_SHORTEST_ID, _LONGEST_WORD = 8, 24
"""Characters of a step of a path that may name a page by itself."""


@dataclass(frozen=True, slots=True)
class MailParts:
    """What a campaign is recognised by. Everything is the sender's word, but for `sender_ip`."""

    sender: str = ""
    envelope: str = ""
    """Envelope sender, or Return-Path."""
    sender_ip: str = ""
    subject: str = ""
    urls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """SHA-256 of attached files that tell mails apart; see `telling_files`."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Where a mail belongs, and why."""

    key: str
    """The same for mails that belong together: `files-...`, `links-...`, `pages-...` or `subject-...`."""
    parts: dict[str, Any]
    """`decided_by`; if known `files`, `hosts`, `paths`, `pages`, `subject`, `domain`, `envelope_domain`, `network`."""


def parts_of(event: Mapping[str, Any]) -> MailParts:
    """The parts of an alert's event: of a mail in a mailbox, of a held or tracked message.

    A mail that forwards another one is a report; what was forwarded is what belongs together.
    """
    inner = [one for one in event.get("forwarded") or () if isinstance(one, Mapping)]
    if inner:
        return _of_forwarded(event, inner[-1])
    header_from = event.get("header_from")
    sender = header_from.get("address") if isinstance(header_from, Mapping) else event.get("sender")
    return MailParts(
        sender=str(sender or ""),
        envelope=str(event.get("envelope_from") or event.get("return_path") or _header(event, "return-path") or ""),
        sender_ip=str(event.get("sender_ip") or ""),
        subject=str(event.get("subject") or ""),
        urls=_urls(event),
        files=telling_files(event.get("attachments") or event.get("components") or ()),
    )


def campaign_of(parts: MailParts) -> Campaign | None:
    """The campaign of a mail; None when it carries nothing that others could share."""
    domain = _root(parts.sender)
    known: dict[str, Any] = {}
    if files := sorted(set(parts.files))[:_MOST_FILES]:
        known["files"] = files
    hosts, paths, pages = _places(parts.urls, domain)
    if hosts:
        known["hosts"], known["paths"] = hosts, paths
    if pages:
        known["pages"] = [one[:_LONGEST_PAGE] for one in pages[:_MOST_PAGES]]
    subject = subject_skeleton(parts.subject)
    if subject:
        known["subject"] = _unvarying(parts.subject)
    if domain:
        known["domain"] = domain
    envelope = _root(parts.envelope)
    if envelope and envelope != domain:
        known["envelope_domain"] = envelope
    if network := _network(parts.sender_ip):
        known["network"] = network
    if files:
        return _campaign("files", [*files], known)
    if 0 < len(hosts) <= _MOST_HOSTS:
        return _campaign("links", hosts, known)
    if not hosts and 0 < len(pages) <= _MOST_HOSTS:
        return _campaign("pages", pages, known)
    if domain and _says_enough(subject):
        return _campaign("subject", [subject, domain], known)
    return None


def subject_skeleton(subject: str) -> str:
    """What stays the same when a subject is sent a thousand times: no prefixes, numbers, addresses, look-alikes."""
    return " ".join(words(_unvarying(subject))[:_MOST_WORDS])


def _says_enough(skeleton_of_subject: str) -> bool:
    """Two words, or as much in a script that does not put spaces between them."""
    many = len(skeleton_of_subject.split()) >= _SHORTEST_SUBJECT
    return many or (len(skeleton_of_subject) >= _SHORTEST_UNSPACED and needs_substring_match(skeleton_of_subject))


def _unvarying(subject: str) -> str:
    text = subject[:500]
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    return " ".join(_VARIES.sub(" ", text).split())


_WORDS = {
    "files": "the same attached files",
    "links": "links to the same hosts",
    "pages": "links to the same pages of sites that strangers share",
    "subject": "the same subject from the same domain",
}
_PARTS = {
    "files": "files (SHA-256)", "hosts": "hosts linked to", "paths": "paths of the links",
    "pages": "pages linked to on shared sites",
    "subject": "subject without what varies", "domain": "sender's domain",
    "envelope_domain": "envelope sender's domain", "network": "network of the sending server",
}  # fmt: skip


def explain_campaign(parts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the key was made of and what else the mail carries, as (what, value); values are hostile data."""
    decided = str(parts.get("decided_by", ""))
    rows = [("together because of", _WORDS.get(decided, decided))]
    for name, words_for in _PARTS.items():
        if name in parts:
            value = parts[name]
            rows.append((words_for, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


def shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What two mails of different campaigns have in common; the sender's domain or network alone is too little."""
    found = [
        name
        for name in ("files", "hosts", "pages")
        if set(map(str, one.get(name) or ())) & set(map(str, other.get(name) or ()))
    ]
    subject = subject_skeleton(str(one.get("subject") or ""))
    if _says_enough(subject) and subject == subject_skeleton(str(other.get("subject") or "")):
        found.append("subject")
    return found


def _campaign(decided_by: str, what: Iterable[str], known: dict[str, Any]) -> Campaign:
    digest = hashlib.sha256("\n".join([decided_by, *what]).encode("utf-8", "replace")).hexdigest()
    return Campaign(f"{decided_by}-{digest[:20]}", {"decided_by": decided_by, **known})


def _of_forwarded(event: Mapping[str, Any], inner: Mapping[str, Any]) -> MailParts:
    attached = [one for one in event.get("attached_mails") or () if isinstance(one, Mapping)]
    whole = next((one for one in attached if inner.get("sha256") and one.get("sha256") == inner["sha256"]), None)
    if whole is not None:
        return parts_of({name: value for name, value in whole.items() if name != "forwarded"})
    text = str(inner.get("plaintext_body") or "")
    return MailParts(
        sender=str(inner.get("sender") or ""), subject=str(inner.get("subject") or ""),
        urls=tuple(match.group() for match in _LINK.finditer(text[:100_000]))[:200],
    )  # fmt: skip


def _urls(event: Mapping[str, Any]) -> tuple[str, ...]:
    if "indicators" in event:
        found = [str(one.get("value", "")) for one in event["indicators"]
                 if isinstance(one, Mapping) and one.get("kind") == "url"]  # fmt: skip
        return tuple(found[:200])
    text = f"{event.get('plaintext_body') or ''}\n{event.get('html_body') or ''}"
    return tuple(match.group() for match in _LINK.finditer(text[:200_000]))[:200]


def telling_files(rows: Iterable[Any]) -> tuple[str, ...]:
    """SHA-256 of those files of a mail that would not be in any other mail: no pictures, no bodies, nothing empty.

    Args:
        rows: Mappings of `name`, `sha256`, `size`, `type`, `mime_type`, `real_type`, `inline`, as far as known.
    """
    return tuple(
        str(one["sha256"]).lower()
        for one in rows
        if isinstance(one, Mapping) and one.get("sha256") and not one.get("inline") and _is_file(one)
    )


def _is_file(one: Mapping[str, Any]) -> bool:
    """Nothing empty, no body, which message infos list among the files, no picture: logos are the same everywhere."""
    size = one.get("size")
    if str(one["sha256"]).lower() == _EMPTY_FILE or (isinstance(size, int) and size < _SMALLEST_FILE):
        return False
    kind = str(one.get("type") or "").lower()
    picture = any(str(one.get(name) or "").lower().startswith("image/") for name in ("mime_type", "real_type"))
    return bool(one.get("name")) and not picture and "body" not in kind and "message header" not in kind


def _header(event: Mapping[str, Any], wanted: str) -> str:
    for row in event.get("headers") or ():
        if len(row) == 2 and str(row[0]).lower() == wanted:
            return str(row[1])
    return ""


def _root(address: str) -> str:
    domain = canonical_domain(address.strip().strip("<>").rpartition("@")[2]) if "@" in address else ""
    return root_domain(domain) if domain else ""


def _places(urls: Iterable[str], own: str) -> tuple[list[str], list[str], list[str]]:
    """Where links lead: registered domains and the shape of their paths; and the very pages on sites that are shared.

    The sender's own site is left out, unless strangers share it.
    """
    hosts: set[str] = set()
    paths: set[str] = set()
    pages: set[str] = set()
    for url in dict.fromkeys(urls):
        match = _LINK.match(url)
        host = canonical_domain(match.group(1)) if match else ""
        if match is None or not host:
            continue
        root = root_domain(host)
        kind = kind_of_host(host)
        if kind == "shared":
            pages.add(_page(host, match.group(2), match.group(3) or ""))
        if kind != "telling" or root == own:
            continue
        hosts.add(root)
        shape = "/".join(
            "#" if _VARIES.fullmatch(step) or len(step) > _LONGEST_WORD else step for step in match.group(2).split("/")
        )
        if shape.strip("/#"):
            paths.add(shape[:100])
    return sorted(hosts), sorted(paths)[:20], sorted(pages - {""})


def _page(host: str, path: str, query: str) -> str:
    """The address that tells one owner's page from another's; empty for the front page of the whole site.

    What follows the path counts only where the path names no page: elsewhere it varies by recipient.
    """
    steps = path.rstrip("/").rstrip(_PUNCTUATION)
    named = any(
        len(step) > _LONGEST_WORD or (len(step) >= _SHORTEST_ID and _VARIES.fullmatch(step))
        for step in steps.split("/")
    )
    rest = "" if named else query.rstrip(_PUNCTUATION)
    return f"{host}{steps}{'?' if rest else ''}{rest}" if steps or rest else ""


def _network(address: str) -> str:
    parts = address.split(".")
    if len(parts) == 4 and all(part.isdecimal() and len(part) <= 3 for part in parts):
        return ".".join(parts[:3]) + ".0/24"
    return ""
