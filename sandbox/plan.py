"""Which messages exist: categories, campaigns, recipients and times, from the seed alone."""

from __future__ import annotations

from random import Random

from sandbox.data.compose import CAMPAIGN_CATEGORIES, SHARES
from sandbox.holdqueue import Message

HISTORY_STATUSES = ("archived", "archived", "archived", "rejected", "bounced", "deferred", "delivery")
ROUTES = ("inbound", "inbound", "inbound", "inbound", "outbound", "internal")
DAY = 86_400


def plan(
    *,
    messages: int,
    seed: int,
    base: int,
    span_days: float,
    max_recipients: int,
    history: int,
    hostile_percent: float,
) -> list[Message]:
    """Draw the messages of a tenant.

    Args:
        messages: Held messages.
        seed: The tenant's seed.
        base: Tenant time at creation, seconds since 1970; nothing is newer than one minute before.
        span_days: The oldest held message is at most this old.
        max_recipients: Upper bound for recipients of one message.
        history: Further messages that are not held (archived, rejected, ...).
        hostile_percent: Share of messages with hostile strings.

    Returns:
        Messages numbered from 0; the held ones come first.
    """
    rng = Random(f"{seed}/plan/{messages}")
    deck = _deck(rng, messages)
    campaigns = max(1, messages // 60)
    starts: dict[str, float] = {}
    made: list[Message] = []
    for number in range(messages + history):
        held = number < messages
        category = deck[number] if held else rng.choice(("business", "newsletter", "spam", "bulk"))
        age = _age(rng, span_days)
        content = str(number)
        people = recipient_count(rng, max_recipients)
        if category in CAMPAIGN_CATEGORIES and rng.random() < 0.3:
            content = f"{category}/campaign/{rng.randrange(campaigns)}"
            # A campaign comes in a burst, often several copies in the same second.
            age = starts.setdefault(content, age) * DAY // 1 / DAY + rng.choice((0, 0, 0, 1, 5, 90)) / DAY
            people = 1
        route = "inbound" if held else rng.choice(ROUTES)
        nasty = hostile_percent > 0 and rng.random() * 100 < hostile_percent
        made.append(
            Message(
                number=number,
                category=category,
                content=content,
                received=base - 60 - int(age * DAY),
                recipients=people,
                status="held" if held else rng.choice(HISTORY_STATUSES),
                nasty=nasty,
                route=route,
            )
        )
    return made


def _deck(rng: Random, messages: int) -> list[str]:
    """Categories in their exact shares, shuffled; each appears once when there is room."""
    total = sum(SHARES.values())
    deck: list[str] = list(SHARES)[:messages]
    for category, share in SHARES.items():
        deck += [category] * max(0, messages * share // total - 1)
    while len(deck) < messages:
        deck.append(draw_category(rng))
    deck = deck[:messages]
    rng.shuffle(deck)
    return deck


def draw_category(rng: Random) -> str:
    """A category, by its share of the hold queue."""
    return rng.choices(list(SHARES), weights=list(SHARES.values()))[0]


def _age(rng: Random, span_days: float) -> float:
    """Days since receipt: most of the queue is of the last day, a few are about to expire."""
    draw = rng.random()
    if draw < 0.6:
        return rng.random() * min(1.0, span_days)
    if draw < 0.97:
        return rng.random() * span_days * 0.9
    return span_days * (0.93 + rng.random() * 0.07)


def recipient_count(rng: Random, limit: int) -> int:
    """How many people a message is for: mostly one."""
    draw = rng.random()
    count = 1 if draw < 0.84 else 2 if draw < 0.92 else rng.randrange(3, 7)
    return min(count, limit)
