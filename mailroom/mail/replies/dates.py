"""Dates as people and mail programs write them, in about twenty languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from mailroom.mail.moments import anywhere

_NAMES = (
    "january januar jaanuar jänner janvier enero gennaio janeiro januari tammikuuta stycznia ledna január ianuarie "
    "января січня ocak siječnja",
    "february februar veebruar février febrero febbraio fevereiro februari helmikuuta lutego února február február "
    "februarie февраля лютого şubat veljače",
    "march märz märts mars marzo março maart maaliskuuta marca března március marec martie марта березня mart ožujka",
    "april avril aprill abril aprile huhtikuuta kwietnia dubna április apríl aprilie апреля квітня nisan travnja",
    "may mai mayo maggio maio mei maj toukokuuta maja května május máj mája мая травня mayıs svibnja",
    "june juni juuni juin junio giugno junho kesäkuuta czerwca června június jún júna iunie июня червня haziran lipnja",
    "july juli juuli juillet julio luglio julho heinäkuuta lipca července július júl júla iulie июля "
    "липня temmuz srpnja",
    "august août agosto augustus augusti elokuuta sierpnia srpna augusztus серпня августа ağustos kolovoza",
    "september septembre septiembre settembre setembro syyskuuta września září szeptember septembrie сентября вересня "
    "eylül rujna",
    "october oktober oktoober octobre octubre ottobre outubro lokakuuta października října október októbra "
    "octombrie октября жовтня ekim oktobar",
    "november novembre noviembre novembro marraskuuta listopada listopadu noiembrie ноября листопада kasım studenoga",
    "december dezember detsember décembre diciembre dicembre dezembro joulukuuta grudnia prosince decembrie "
    "декабря грудня aralık prosinca",
)
_MONTHS: dict[str, int] = {}
for _number, _words in enumerate(_NAMES, start=1):
    for _word in _words.split():
        _MONTHS.setdefault(_word, _number)
_SHORT = (
    "jan janv gen ene sty led ian янв січ oca sij",
    "feb fév févr fev lut úno фев лют şub velj",
    "mar mär mrt břez мар бер ožu",
    "apr avr abr kwi dub апр кві nis tra",
    "may mai mag mei máj тра мая svi",
    "jun juin giu cze čer июн чер haz",
    "jul juil lug lip čvc июл лип tem",
    "aug août aoû ago sie srp авг сер ağu kol",
    "sep sept set wrz zář szept сен вер eyl ruj",
    "oct okt ott out paź říj окт жов eki",
    "nov noi lis ноя лис kas stu",
    "dec déc dez dic gru pro дек гру ara",
)
for _number, _words in enumerate(_SHORT, start=1):
    for _word in _words.split():
        _MONTHS.setdefault(_word, _number)
_AFTER_A_DOT = {"lip": 6, "srp": 7, "lis": 10, "listopada": 10}
"""Croatian writes `27. lis`; without the dot these are Polish and Czech months, one later."""
_PREFIXES: dict[str, int] = {}
for _word, _number in _MONTHS.items():
    for _length in range(4, 7):
        if len(_word) > _length:
            _PREFIXES.setdefault(_word[:_length], _number)

_ISO = re.compile(r"(?<!\d)(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
_KOREAN = re.compile(r"(?<!\d)(\d{4})년\s?(\d{1,2})월\s?(\d{1,2})일")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})([./-])\s?(\d{1,2})[./-]\s?(\d{4}|\d{2})?(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|\.)?[\s-](?:de |of |d')?([^\W\d_]{3,14})\.?,?(?:[\s-](?:de |del )?(\d{4}))?"
)
_YEAR_MONTH_DAY = re.compile(r"(?<!\d)(\d{4})\.?\s([^\W\d_]{3,14})\.?\s(\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(r"(?<![^\W\d])([^\W\d_]{3,14})\.?[\s-](\d{1,2})(?:st|nd|rd|th)?(?![\d:])(?:,?\s(\d{4}))?")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:.hH](\d{2})(?:[:.](\d{2}))?\s?(am|pm|a\.m\.|p\.m\.)?(?!\d)", re.IGNORECASE)
_HALF = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_OFFSET = re.compile(
    r"(?:gmt|utc)\s?([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)|([+-])(\d{2}):?(\d{2})(?!\d)|\b([a-z]{3,4})\b", re.IGNORECASE
)
_ZONES = {
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "oez": 2, "oesz": 3, "eet": 2, "eest": 3,
    "msk": 3, "jst": 9, "kst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7,
}  # fmt: skip
"""Hours east of Greenwich of zones that mail programs write out; a word that could be two of them is left out."""
_MAX = 300


def month_number(word: str) -> int | None:
    """1 to 12 for a month's name in any known language, or None."""
    low = word.casefold().rstrip(".")
    known = _MONTHS.get(low) or _PREFIXES.get(low[:6])
    if known:
        return known
    return _MONTHS.get(low[:3]) if low.isascii() and len(low) > 3 and low[:3] in _ENGLISH else None


_ENGLISH = frozenset({"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec"})


def find_day(text: str, *, near: datetime | None = None) -> tuple[int, int, int] | None:
    """Year, month and day of the first date in the text.

    A date without a year gets the one that puts it closest after `near` (if given); day before month, unless only the
    other order is possible.
    """
    text = text[:_MAX]
    found = _ISO.search(text) or _KOREAN.search(text)
    if found:
        return _checked(int(found[1]), int(found[2]), int(found[3]))
    candidates: list[tuple[int, int, int, str]] = []
    for match in _YEAR_MONTH_DAY.finditer(text):
        month = month_number(match[2])
        if month:
            candidates.append((match.start(), month, int(match[3]), match[1]))
            break
    for match in _DAY_MONTH.finditer(text):
        dotted = text.startswith(".", match.end(1))
        month = (_AFTER_A_DOT.get(match[2].casefold()) if dotted else None) or month_number(match[2])
        if month:
            candidates.append((match.start(), month, int(match[1]), match[3] or ""))
            break
    for match in _MONTH_DAY.finditer(text):
        month = month_number(match[1])
        if month:
            candidates.append((match.start(), month, int(match[2]), match[3] or ""))
            break
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        if match[2] == "/" and first <= 12 and (second > 12 or _HALF.search(text)):
            first, second = second, first
        candidates.append((match.start(), second, first, match[4] or ""))
        break
    # A candidate with a year is a date; one without may be a chance neighbour of a number and a word.
    candidates.sort(key=lambda candidate: (not candidate[3], candidate[0]))
    for _, month, day, year in candidates:
        checked = _checked(_year(year, month, day, near), month, day)
        if checked is not None:
            return checked
    return None


def _year(text: str, month: int, day: int, near: datetime | None) -> int:
    if text:
        return int(text) if len(text) == 4 else 2000 + int(text)
    if near is None:
        return 0
    return near.year + ((month, day) < (near.month, near.day))


def _checked(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    try:
        datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return year, month, day


def parse_moment(text: str) -> datetime | None:
    """A written date with optional time and zone as an aware datetime; without a zone it is taken as UTC.

    None when there is none, or one that some time zone cannot express.
    """
    day = find_day(text)
    if day is None:
        return None
    hour = minute = second = 0
    clocks = [found for found in _CLOCK.finditer(text[:_MAX]) if int(found[1]) < 24 and int(found[2]) < 60]
    clock = next((found for found in clocks if ":" in found[0]), clocks[-1] if clocks else None)
    if clock:
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        half = (clock[4] or "").casefold()[:1]
        if half == "p" and hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        if hour > 23 or minute > 59 or second > 59:
            hour = minute = second = 0
    zone = _zone(text[clock.end() :][:40]) if clock else UTC
    return anywhere(datetime(*day, hour, minute, second, tzinfo=zone))


def _zone(text: str) -> timezone:
    """The first offset or zone in the text; UTC when there is none."""
    for found in _OFFSET.finditer(text):
        named = (found[7] or "").casefold()
        if named and (named not in _ZONES or text[: found.start()].strip(" (")):
            continue  # some other word; a zone stands right behind the time
        hours = _ZONES.get(named, 0) if named else int(found[2] or found[5])
        minutes = int(found[3] or found[6] or 0)
        if abs(hours) < 24 and minutes < 60:
            delta = timedelta(hours=hours, minutes=minutes)
            return timezone(-delta if "-" in (found[1], found[4]) else delta)
    return UTC
