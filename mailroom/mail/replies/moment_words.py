"""Words that stand within a date, and a line that is a name and a date and nothing else."""

from __future__ import annotations

from mailroom.mail.months import month_number
from mailroom.mail.replies.languages import LANGUAGES

# fmt: off
WEEKDAYS = frozenset({
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lundi",
    "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "man", "tir", "ons", "tor", "fre", "lør", "søn",
    "mån", "tis", "lör", "sön", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag",
    "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica", "lunes", "martes", "miércoles",
    "jueves", "viernes", "sábado", "domingo", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag",
    "måndag", "tisdag", "lördag", "söndag", "maanantaina", "ma", "ti", "ke", "to", "pe", "la", "su", "po", "út", "st",
    "čt", "pá", "so", "ne", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье", "пн",
    "вт", "ср", "чт", "пт", "сб", "вс", "нд",
})
"""Case-folded, in full and as mail programs shorten them."""

_BESIDE = frozenset({
    "at", "um", "uhr", "uur", "om", "klo", "kello", "kell", "kl", "godz", "o", "u", "г", "р", "ч", "je", "les", "las",
    "alle", "ore", "ob", "час", "года", "pm", "p.m", "a.m", "上午", "下午", "午前", "午後", "오전", "오후",
    "年", "月", "日",
}) | {opener.split()[0] for language in LANGUAGES for opener in language.openers}
"""What else stands between the parts of a date."""
# fmt: on
_MOST_NAMES = 6
"""Words of a name, with the address behind it."""


def is_name_and_moment(line: str) -> bool:
    """Whether a line, its verb taken out, is a name and a date: `Ann Lee (schreef) op 2024-03-04 10:12:`."""
    words = line.split()
    named = [at for at, word in enumerate(words) if not _is_of_a_moment(word, words[max(0, at - 1) : at + 2])]
    if not 0 < len(named) <= _MOST_NAMES or named[-1] - named[0] >= len(named):
        return False
    return not any(words[at].strip("\"'(<")[:1].islower() for at in named if "@" not in words[at])


def _is_of_a_moment(word: str, beside: list[str]) -> bool:
    low = word.strip(".,;:：()[]").casefold()
    if not low or _has_digit(low) or low in _BESIDE or low in WEEKDAYS:
        return True
    return month_number(low) is not None and any(map(_has_digit, beside))


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)
