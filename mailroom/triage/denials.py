"""Absolute denials: what no rule, score, list or setting can allow. Pure functions of the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailroom.rulelang.ternary import UNKNOWN

DELIVERING = frozenset({"release", "release_to_sandbox", "permit_sender"})
"""Actions that let a mail, or the sender's future mail, through."""


def absolute_denials(
    action: str,
    facts: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    by_person: bool = False,
) -> tuple[str, ...]:
    """Sentences why `action` must not happen to this message; empty when it may.

    A person who looked at the message may deliver what is merely unproven; what is known to be harmful nobody may.
    """
    if action in DELIVERING:
        harmful = _known_harm(facts)
        return tuple(harmful if by_person else harmful + _unproven(action, facts))
    if action == "block_sender":
        return tuple(_against_blocking(facts, parameters or {}))
    return ()


def _known(facts: Mapping[str, Any], name: str) -> Any:
    value = facts.get(name, UNKNOWN)
    return None if value is UNKNOWN else value


def _known_harm(facts: Mapping[str, Any]) -> list[str]:
    found = []
    if _known(facts, "hold.is_malware"):
        found.append("It is held because of malware.")
    if _known(facts, "vendor.risk") == "high":
        found.append("The gateway rates its risk as high.")
    if _known(facts, "from.is_own") and _known(facts, "auth.dmarc") not in (None, "pass"):
        found.append("It claims to come from our own domain and fails DMARC.")
    if _known(facts, "attachments.encrypted"):
        found.append("It carries an encrypted attachment that nobody could look into.")
    return found


def _unproven(action: str, facts: Mapping[str, Any]) -> list[str]:
    found = []
    if _known(facts, "attachments.risky") and action == "release":
        found.append("It carries an attachment of a risky type.")
    if any(_known(facts, f"attachments.{how}") for how in ("deceptive_name", "double_extension", "type_mismatch")):
        found.append("An attachment hides its type.")
    unread = _known(facts, "attachments.present") is not False and facts.get("attachments.risky", UNKNOWN) is UNKNOWN
    if unread and action == "release":
        found.append("Its attachments are not known yet.")
    if _known(facts, "recipients.all_internal") is False:
        found.append("Not every recipient is in our own domains.")
    if _known(facts, "auth.forged"):
        found.append("The sender planted authentication results.")
    return found


def _against_blocking(facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    found = []
    if _known(facts, "from.is_own"):
        found.append("The sender is in our own domains; blocking it would block ourselves.")
    if _known(facts, "from.is_partner"):
        found.append("The sender is in a partner's domain.")
    if _known(facts, "from.is_free_mail") and parameters.get("scope") == "domain":
        found.append("The sender is at a free-mail provider; block the address, never the domain.")
    if facts.get("auth.dmarc_pass", UNKNOWN) is not True:
        found.append("The sender is not authenticated, so blocking it would hit whoever was impersonated.")
    return found
