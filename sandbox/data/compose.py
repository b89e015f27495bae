"""From a few numbers to a whole mail: equal numbers give the equal mail, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sandbox.data import hostile, pick, pretenders, unwanted, wanted
from sandbox.data.mail import HOLD_REASONS, Component, Mail
from sandbox.data.people import EMPLOYEES, VIPS

SHARES = {
    "spam": 27,
    "business": 22,
    "phish": 18,
    "newsletter": 10,
    "impersonation": 9,
    "bulk": 7,
    "malware": 4,
    "simulation": 3,
}
"""Category -> share of the hold queue in percent."""

_WRITERS: dict[str, Callable[[Random, Mail], None]] = {
    "spam": unwanted.spam,
    "business": wanted.business,
    "phish": unwanted.phish,
    "newsletter": wanted.newsletter,
    "impersonation": pretenders.impersonation,
    "bulk": wanted.bulk,
    "malware": unwanted.malware,
    "simulation": pretenders.simulation,
}
POLICIES = {
    "spam": ("Default Spam Scanning Definition", "Relaxed Spam Detection", "Aggressive Spam Detection"),
    "impersonation": ("Default Impersonation Protect Definition", "VIP Impersonation Protect"),
    "attachment": ("Default Attachment Management Definition",),
    "virus": ("Attachment Protect - Malware",),
    "content": ("Payment Words Content Definition", "Default Content Examination"),
    "graymail": ("Graymail Control",),
}
CAMPAIGN_CATEGORIES = frozenset({"spam", "phish", "newsletter", "bulk", "malware", "simulation"})


def recipients(seed: int, number: int, count: int) -> list[tuple[str, str]]:
    """(display name, address) of `count` people; the first is a director in one of 25 mails."""
    rng = Random(f"{seed}/to/{number}")
    if count == 1:
        return [rng.choice(VIPS) if rng.random() < 0.04 else rng.choice(EMPLOYEES)]
    chosen = rng.sample(EMPLOYEES, min(count, len(EMPLOYEES)))
    if rng.random() < 0.04:
        chosen[0] = rng.choice(VIPS)
    return chosen


def compose(
    seed: int, number: int, category: str, content: str, to: list[tuple[str, str]], *, nasty: bool = False
) -> Mail:
    """Write one mail.

    Args:
        seed: The tenant's seed.
        number: The message's number.
        category: Key of `SHARES`.
        content: Mails with equal `content` form a campaign: same sender, subject, files.
        to: Recipients as (display name, address).
        nasty: Put hostile strings into some fields.

    Returns:
        The mail, complete.
    """
    rng = Random(f"{seed}/{content}")
    mail = Mail(category=category, recipients=to)
    mail.sender_ip = pick.ip(rng)
    if category == "phish" and rng.random() < 0.04:
        unwanted.newsletter_lookalike(rng, mail)
    else:
        _WRITERS[category](rng, mail)
    mail.policy = rng.choice(POLICIES[mail.hold])
    mail.held_group = rng.choices(("Administrator", "Moderator", "User"), weights=(8, 1, 1))[0]
    mail.detection_level = _level(rng, mail)
    own = Random(f"{seed}/own/{number}")
    _finish(own, mail, number)
    if nasty:
        hostile.poison(own, mail)
    return mail


def _level(rng: Random, mail: Mail) -> str:
    if mail.hold != "spam" and mail.spam_score < 3:
        return ""
    if mail.spam_score >= 15:
        return "relaxed" if rng.random() < 0.7 else "moderate"
    return "moderate" if mail.spam_score >= 8 else "aggressive"


def _finish(own: Random, mail: Mail, number: int) -> None:
    """What differs from copy to copy of a campaign."""
    domain = (mail.from_env or mail.from_addr).rpartition("@")[2] or "unknown.example"
    mail.message_id = f"<{own.getrandbits(64):016x}.{number}@{domain}>"
    mail.remote_server = mail.remote_server or f"mail{own.randrange(1, 9)}.{domain}"
    mail.helo = mail.helo or (mail.remote_server if own.random() < 0.85 else "localhost.localdomain")
    if not mail.from_env and own.random() < 0.5:
        mail.from_env = mail.from_addr
    bodies = [Component("Email Primary Body Plain Text", "body.txt", "text/plain", 0, "", attachment=False)]
    if own.random() < 0.8:
        bodies.append(Component("Email Primary Body HTML", "body.html", "text/html", 0, "", attachment=False))
    for body in bodies:
        body.size = own.randrange(400, 40_000)
        body.token = own.randbytes(8).hex()
    mail.components = [*bodies, *mail.components]
    mail.size = 1_800 + sum(part.size * 4 // 3 for part in mail.components)
    mail.sent_lag = None if own.random() < 0.05 else own.choice((1, 1, 2, 3, 8, 60, 1800))
    if mail.risk is None:
        mail.categories = []
    if mail.hold not in HOLD_REASONS:
        mail.hold = "spam"


def turn_round(mail: Mail, route: str) -> None:
    """Make received mail into mail that our people sent: `outbound`, or `internal` among them."""
    name, address = mail.recipients[0]
    if route == "outbound":
        mail.recipients = [(mail.from_name, mail.from_addr or "someone@wingtip.example"), *mail.recipients[1:]]
    mail.from_name, mail.from_addr, mail.from_env, mail.raw_from = name, address, address, None
    mail.route = route
