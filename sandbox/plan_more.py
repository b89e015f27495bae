"""Which further messages exist: the archive of the last year, and the many that only tracking knows."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from sandbox.data.compose import CAMPAIGN_CATEGORIES
from sandbox.holdqueue import Message
from sandbox.plan import DAY, draw_category, recipient_count

LURES = ("phish", "malware", "impersonation", "simulation")
"""Held mail of these kinds has sisters that were delivered before anybody knew."""
_ARCHIVE = {"thread": 38, "first": 12, "newsletter": 18, "bulk": 7, "internal": 16, "outbound": 9}
_TRACKED = {
    "archived": 52,
    "held": 12,
    "rejected": 12,
    "bounced": 7,
    "deferred": 5,
    "accepted": 6,
    "delivery": 6,
}
_SHORT = {"rejected": 6.9, "deferred": 6.9, "accepted": 3.0, "delivery": 3.0, "held": 13.0}
"""Longest age in days of messages in a status; others reach back as far as tracking."""
TRACKING_DAYS = 29.0


def plan_archive(
    *,
    count: int,
    first: int,
    seed: int,
    base: int,
    held: Sequence[Message],
    max_recipients: int,
    hostile_percent: float,
) -> list[Message]:
    """Delivered mail of the last year, two in five of it of the last four weeks.

    Args:
        count: How many.
        first: Number of the first one.
        seed: The tenant's seed.
        base: Tenant time at creation, seconds since 1970.
        held: The hold queue: some of its senders were delivered before, wanted and unwanted ones.
        max_recipients: Upper bound for recipients of one message.
        hostile_percent: Share of messages with hostile strings.
    """
    rng = Random(f"{seed}/archive/{count}")
    lures = [message for message in held if message.category in LURES and not message.nasty]
    known = [message for message in held if message.category == "business" and not message.nasty]
    kinds, weights = list(_ARCHIVE), list(_ARCHIVE.values())
    made = []
    for place in range(count):
        kind = rng.choices(kinds, weights=weights)[0]
        category, content, route = "business", f"archive/{place}", "inbound"
        received = base - 60 - int((rng.random() * 29 if rng.random() < 0.4 else rng.random() ** 1.5 * 400) * DAY)
        people = recipient_count(rng, max_recipients)
        if lures and place % 25 == 5:
            sister = rng.choice(lures)
            category, content = sister.category, sister.content
            received = sister.received - 1800 - int(rng.random() ** 2 * 15 * DAY)
        elif kind == "thread":
            content = f"archive/thread/{rng.randrange(max(1, count // 6))}"
            if known and rng.random() < 0.15:
                content = rng.choice(known).content
        elif kind in ("newsletter", "bulk"):
            category, content, people = kind, f"archive/{kind}/{rng.randrange(max(1, count // 20))}", 1
        elif kind in ("internal", "outbound"):
            route = kind
        inline = rng.random() < 0.2
        nasty = hostile_percent > 0 and rng.random() * 100 < hostile_percent
        made.append(
            Message(
                first + place,
                category,
                content,
                received,
                people,
                status="archived",
                nasty=nasty,
                route=route,
                inline=inline,
            )
        )
    return made


def plan_tracked(
    *, count: int, first: int, seed: int, base: int, max_recipients: int, late_percent: float, hostile_percent: float
) -> list[Message]:
    """Messages of the last 29 days in every status and route.

    Args:
        count: How many.
        first: Number of the first one.
        seed: The tenant's seed.
        base: Tenant time at creation, seconds since 1970.
        max_recipients: Upper bound for recipients of one message.
        late_percent: Share of those of the last two hours that are not indexed yet.
        hostile_percent: Share of messages with hostile strings.
    """
    rng = Random(f"{seed}/tracked/{count}")
    statuses, weights = list(_TRACKED), list(_TRACKED.values())
    campaigns = max(1, count // 60)
    made = []
    for number in range(first, first + count):
        age = rng.random() * TRACKING_DAYS
        status = rng.choices(statuses, weights=weights)[0]
        if age > _SHORT.get(status, TRACKING_DAYS):
            # Kept at its age, so that the messages stay spread evenly over the window.
            status = "bounced" if status == "rejected" and age < 20 else "archived"
        category = draw_category(rng)
        content = f"tracked/{number}"
        if category in CAMPAIGN_CATEGORIES and rng.random() < 0.3:
            content = f"tracked/{category}/{rng.randrange(campaigns)}"
        route = "inbound" if status == "held" or rng.random() < 0.7 else rng.choice(("outbound", "internal"))
        received = base - 60 - int(age * DAY)
        late = 0.0
        if late_percent and age * DAY < 7200 and rng.random() * 100 < late_percent:
            late = base + rng.random() * 2400
        made.append(
            Message(
                number,
                category,
                content,
                received,
                recipient_count(rng, max_recipients),
                status=status,
                nasty=hostile_percent > 0 and rng.random() * 100 < hostile_percent,
                route=route,
                visible_at=late,
            )
        )
    return made
