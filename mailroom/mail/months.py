"""Names of months as people and mail programs write them, in about twenty languages."""

from __future__ import annotations

_NAMES = (
    "january januar jaanuar jänner janvier enero gennaio janeiro januari tammikuuta stycznia ledna január ianuarie "
    "января січня ocak siječnja",
    "february februar veebruar février febrero febbraio fevereiro februari helmikuuta lutego února február február "
    "februarie февраля лютого şubat veljače",
    "march märz märts mars marts marzo março maart maaliskuuta marca března március marec martie марта березня mart "
    "ožujka",
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
    "december dezember detsember desember décembre diciembre dicembre dezembro joulukuuta grudnia prosince decembrie "
    "декабря грудня aralık prosinca",
)
_MONTHS: dict[str, int] = {}
for _number, _words in enumerate(_NAMES, start=1):
    for _word in _words.split():
        _MONTHS.setdefault(_word, _number)
_SHORT = (
    "jan janv gen ene sty led ian янв січ oca sij",
    "feb fév févr fev lut úno фев лют şub velj",
    "mar mär mrz mrt břez мар бер ožu",
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
_ENGLISH = frozenset({"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec"})


def month_number(word: str, *, after_a_dot: bool = False) -> int | None:
    """The number of a month by its name or the short form of it in any known language.

    Args:
        word: As written.
        after_a_dot: Whether the number of the day before it has a dot, as in `27. lis`.

    Returns:
        1 to 12, or None.
    """
    low = word.casefold().rstrip(".")
    known = (_AFTER_A_DOT.get(low) if after_a_dot else None) or _MONTHS.get(low) or _PREFIXES.get(low[:6])
    if known:
        return known
    return _MONTHS.get(low[:3]) if low.isascii() and len(low) > 3 and low[:3] in _ENGLISH else None
