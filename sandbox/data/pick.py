"""Small draws that the senders share: a language, a subject, a person, a firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from sandbox.data.mail import Component
from sandbox.data.people import FIRM_FIRST, FIRM_LAST, LANGUAGE_WEIGHTS, LANGUAGES, NAMES


def chance(rng: Random, percent: float) -> bool:
    """True in `percent` of 100 draws."""
    return rng.random() * 100 < percent


def weighted(rng: Random, table: Mapping[str, int]) -> str:
    """One key, by weight."""
    return rng.choices(list(table), weights=list(table.values()))[0]


def language(rng: Random) -> str:
    """A language code, English most often."""
    return rng.choices(LANGUAGES, weights=LANGUAGE_WEIGHTS)[0]


def subject(rng: Random, table: Mapping[str, Sequence[str]], lang: str, org: str = "") -> str:
    """A subject of that kind in that language, or English where the kind has no such words."""
    text = rng.choice(table.get(lang) or table["en"])
    return text.replace("{n}", str(rng.randrange(100, 9999))).replace("{org}", org or "Wingtip")


def outsider(rng: Random, lang: str) -> tuple[str, str]:
    """(display name, local part) of a person who does not work here."""
    return rng.choice(NAMES[lang][4:])


def firm(rng: Random) -> str:
    """A domain never seen before (mostly)."""
    number = rng.randrange(2, 99) if chance(rng, 40) else ""
    return f"{rng.choice(FIRM_FIRST)}-{rng.choice(FIRM_LAST)}{number}.example"


def throwaway(rng: Random) -> str:
    """A domain as attackers register them."""
    words = ("secure", "mail", "account", "portal", "login", "update", "notice", "verify", "track", "cloud")
    return f"{rng.choice(words)}-{rng.choice(words)}-{rng.randrange(100, 9999)}.example"


def ip(rng: Random) -> str:
    """An address of the documentation ranges."""
    return rng.choice(("192.0.2.", "203.0.113.")) + str(rng.randrange(2, 250))


def attachment(rng: Random, name: str, mime: str, kind: str, size: int | None = None) -> Component:
    """An attachment with a hash that follows from the draw."""
    return Component(
        file_type=kind,
        name=name,
        mime_type=mime,
        size=rng.randrange(9_000, 900_000) if size is None else size,
        token=rng.randbytes(8).hex(),
    )


OFFICE_FILES = (
    ("pdf", "application/pdf", "PDF"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "MS Word"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "MS Excel"),
    ("png", "image/png", "PNG Image"),
)


def office_file(rng: Random, stem: str) -> Component:
    """A harmless everyday attachment."""
    extension, mime, kind = rng.choices(OFFICE_FILES, weights=(6, 2, 2, 1))[0]
    return attachment(rng, f"{stem}.{extension}", mime, kind)
