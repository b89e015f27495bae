"""Which mail a blocked-sender policy speaks of."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.data import Mail
from sandbox.data.people import FREEMAIL, OWN_DOMAINS


def matches(policy: dict[str, Any], mail: Mail, recipient: str) -> bool:
    """Whether a mail to one recipient is meant.

    Args:
        policy: The `policy` object as the API shows it.
        mail: The mail.
        recipient: One of its recipients.
    """
    part = policy["fromPart"]
    senders = [mail.from_env] * (part != "header_from") + [mail.from_addr] * (part != "envelope_from")
    networks = policy["conditions"].get("sourceIPs") or []
    if networks and not _from_networks(mail.sender_ip, networks):
        return False
    return any(_side(policy["from"], sender, mail.from_name) for sender in senders) and _side(
        policy["to"], recipient, ""
    )


def _side(side: dict[str, Any], address: str, name: str) -> bool:
    address, domain = address.lower(), address.lower().rpartition("@")[2]
    match side["type"]:
        case "everyone":
            return True
        case "internal_addresses":
            return domain in OWN_DOMAINS
        case "external_addresses":
            return domain not in OWN_DOMAINS
        case "email_domain":
            return domain == str(side["emailDomain"]).lower()
        case "individual_email_address":
            return address == str(side["emailAddress"]).lower()
        case "free_mail_domains":
            return domain in FREEMAIL
        case "header_display_name":
            return bool(name) and name.lower() == str(side["headerDisplayName"]).lower()
    return False  # groups and attributes belong to a directory that this tenant does not fill


def _from_networks(address: str, networks: list[str]) -> bool:
    try:
        sender = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(sender in ipaddress.ip_network(network, strict=False) for network in networks)
