"""Whether a mail was really sent by the address in its From; whoever was only written there is a victim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailroom.connectors.held_event import info_fields
from mailroom.errors import AccessError, NotFoundError, NotOfferedError, RejectedError, ResponseError
from mailroom.mimecast import MimecastClient, tracking
from mailroom.mimecast.models import MessageInfo
from mailroom.playbooks.block_sender.model import Subject
from mailroom.triage.context import Context
from mailroom.triage.extract import extract

MOST_MAILS = 5
"""So many mails of one sender are looked at."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """Why the sender of a mail may be a victim."""

    mail: str
    """Which mail, for people."""
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def forgery(mail: str, facts: Mapping[str, Any], subject: Subject) -> Forgery | None:
    """What speaks against a mail's From being whoever sent it; None also when somebody else stands in From. Pure.

    Args:
        mail: Which mail, for people.
        facts: Of the mail, as far as known.
        subject: Whom somebody wants to block.
    """
    if not _is_from(facts, subject):
        return None
    if facts.get("auth.dmarc") == "fail" and facts.get("auth.dmarc_pass") is not True:
        return Forgery(mail, "failed DMARC", facts)
    if not _proven(facts) and _from_elsewhere(facts):
        return Forgery(mail, "came from another domain than its From says, and no DMARC pass vouches for it", facts)
    return None


def forgery_in_mails(
    client: MimecastClient, tracking_ids: Sequence[str], subject: Subject, context: Context
) -> Forgery | None:
    """The same for tracked mails that are no alerts; where none can be read, nobody can tell.

    Effect: reads the tenant, at most `MOST_MAILS` mails.

    Raises:
        TransientError: The tenant cannot be reached.
    """
    trouble, known = "", False
    for tracking_id in tracking_ids[:MOST_MAILS]:
        try:
            info = tracking.get_message_info(client, tracking_id)
        except (AccessError, NotFoundError, NotOfferedError, RejectedError, ResponseError) as error:
            trouble = type(error).__name__
            continue
        facts = extract(_event_of(info), context)
        if found := forgery("a mail that was found", facts, subject):
            return found
        known = known or _is_from(facts, subject)
    if tracking_ids and not known:
        why = f"cannot be looked at ({trouble})" if trouble else "does not say for certain who sent it"
        return Forgery("every mail that was found", f"{why}, so nobody can tell whether its From is true")
    return None


def _is_from(facts: Mapping[str, Any], subject: Subject) -> bool:
    address = str(facts.get("from.address") or "")
    return address.rpartition("@")[2] == subject.value if subject.whole_domain else address == subject.value


def _proven(facts: Mapping[str, Any]) -> bool:
    by_header = ("auth.dmarc_pass", "auth.dkim_aligned", "auth.spf_aligned")
    if any(facts.get(name) is True for name in by_header):
        return True
    return facts.get("auth.source") == "vendor" and facts.get("auth.dmarc") == "pass"


def _from_elsewhere(facts: Mapping[str, Any]) -> bool:
    """An envelope without a sender vouches for nobody either; one that was not fetched says nothing."""
    return facts.get("envelope.differs") is True or facts.get("envelope.address", "") is None


def _event_of(info: MessageInfo) -> dict[str, Any]:
    """What a message info says about who sent it, as the facts are read from alerts."""
    return {
        "level": "T2", "header_from": {"address": info.from_header}, "envelope_from": info.from_envelope or None,
        "sender_ip": info.sender_ip, **info_fields(info),
    }  # fmt: skip
