"""Whether a reply comes from somebody who was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail

SenderPolicy = Literal["exact", "alias", "domain", "any"]
_POLICIES = ("exact", "alias", "domain", "any")
_DMARC = re.compile(r";\s{0,20}dmarc\s{0,20}=\s{0,20}([a-z]{1,20})", re.IGNORECASE)
_GMAIL = {"gmail.com", "googlemail.com"}


def normal_address(address: str) -> str:
    """Lower case, without blanks and angle brackets."""
    return address.strip().strip("<>").strip().lower()


def base_address(address: str) -> str:
    """The mailbox behind an address: tag after `+` removed; Gmail's dots and its second domain too."""
    local, at, domain = normal_address(address).rpartition("@")
    if not at:
        return normal_address(address)
    local = local.split("+", 1)[0]
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def sender_allowed(
    mail: Mail,
    recipients: Sequence[str],
    policy: SenderPolicy = "exact",
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> str | None:
    """Which of the people asked this reply counts for, or None when it does not count.

    Args:
        mail: The reply. Only From is looked at; Sender and Reply-To are easy to set and prove less.
        recipients: Addresses the question went to.
        policy: `exact` (From is a recipient), `alias` (also a configured alternative, a plus tag, googlemail for
            gmail), `domain` (also anybody of exactly the recipient's domain) or `any`.
        aliases: Recipient -> further addresses of the same person.

    Returns:
        The recipient as given. With `domain` and `any`, the closest one.

    Raises:
        InvalidInputError: unknown policy.
    """
    if policy not in _POLICIES:
        msg = f"sender policy {policy!r} is unknown: use one of {', '.join(_POLICIES)}"
        raise InvalidInputError(msg)
    sender = normal_address(mail.author.address)
    ambiguous = len(mail.from_) != 1 or "@" not in sender
    if ambiguous:
        # Two From addresses let one author borrow another's name.
        return recipients[0] if policy == "any" and recipients else None
    for recipient in recipients:
        if normal_address(recipient) == sender:
            return recipient
    if policy == "exact":
        return None
    further = {
        normal_address(key): [base_address(value) for value in values] for key, values in (aliases or {}).items()
    }
    base = base_address(sender)
    for recipient in recipients:
        if base_address(recipient) == base or base in further.get(normal_address(recipient), ()):
            return recipient
    if policy == "alias":
        return None
    domain = sender.rpartition("@")[2]
    for recipient in recipients:
        if normal_address(recipient).rpartition("@")[2] == domain:
            return recipient
    return recipients[0] if policy == "any" and recipients else None


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a server we trust found out about a mail: `pass`, `fail`, `none`, ... or empty when it said nothing."""

    server: str = ""
    dmarc: str = ""
    dkim: str = ""
    spf: str = ""

    @property
    def proven(self) -> bool:
        """Whether the From domain is proven (DMARC pass)."""
        return self.dmarc == "pass"


def authentication_of(mail: Mail, trusted: Sequence[str]) -> Authentication:
    """The verdict of the topmost Authentication-Results header written by a trusted server.

    Args:
        mail: The mail.
        trusted: Authserv-ids (host names) whose headers count. Anybody can write such a header, so others are ignored.
    """
    names = {name.lower() for name in trusted}
    for value in mail.header_all("Authentication-Results"):
        head, _, rest = value[:8_000].partition(";")
        words = head.split()
        if not words or words[0].lower() not in names:
            continue
        found: dict[str, str] = {}
        for piece in _without_strangers_words(rest).split(";"):
            method, _, result = piece.strip().partition("=")
            verdict = result.split()[0].lower() if result.split() else ""
            found.setdefault(method.strip().lower().split("/")[0], verdict)
        # However it is cut up: where anything but a `pass` can be read, there is none.
        other = next((one.lower() for one in _DMARC.findall(value[:8_000]) if one.lower() != "pass"), "")
        dmarc = other or found.get("dmarc", "")
        return Authentication(words[0].lower(), dmarc, found.get("dkim", ""), found.get("spf", ""))
    return Authentication()


def _without_strangers_words(value: str) -> str:
    """A result without comments and quoted texts: there the server repeats what the sender said, `; dmarc=pass` too.

    What is opened and never closed is cut off as well.
    """
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif quoted:
            pass
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(character)
            continue
        if kept and kept[-1] != " ":
            kept.append(" ")
    return "".join(kept)
