"""What a recipient's answer says: a number, or plain words; anything that can be meant two ways says nothing.

Only the person's own words are read (quotes and signature are gone), and only their beginning. A wrong guess would be
worse than none: what is not clear is `unsure`, and an analyst reads it. So a number or a yes counts when it stands
alone or the words beside it agree, and only when nothing in the whole answer, in any language, speaks against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mailroom.playbooks.ask_recipient.answer_words import ANSWER_WORDS, AnswerWords

Said = Literal["expected", "unexpected", "unsure"]
_MOST = 2_000
_MOST_LINES = 12
_CHOICES: dict[str, Said] = {"1": "expected", "2": "unexpected", "3": "unsure"}
_LABEL = (
    r"(?:answer|option|choice|number|antwort|nummer|réponse|numéro|respuesta|opción|número|risposta|numero|antwoord|"
    r"resposta|odpowiedź|numer|svar|回答|番号)\W{0,3}"
)
_NUMBER = re.compile(
    rf"^(?:{_LABEL})?[\W_]{{0,3}}([1-3])(?![\w%])(?![.,:/-]\d)\s{{0,3}}([^\w\s]{{0,3}})\s{{0,3}}(.{{0,400}})"
)
_NUMBER_OR_NO = re.compile(r"no\W{0,3}[13](?!\w)")
"""`No. 1`: the number, or a no?"""
_LEADING_NUMBER = re.compile(r"^[\W_]{0,5}[1-3](?=[\W_])")
_SENTENCE = re.compile(r"[^\n\r.!?;。]+\??")
_LIKE_LATIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "\u200b": None, "\u00ad": None})
_SMALL_PRINT = re.compile(
    r"\n[^\n]{0,200}(?:confidential|intended (?:solely|only|for|recipient)|vertraulich|confidentiel|confidencial|"
    r"riservat|vertrouwelijk|poufn|konfidentiell|機密)"
)
_SHORTEST_SMALL_PRINT = 200


def _any(field: str, *, whole_words: bool = False) -> re.Pattern[str]:
    """A pattern that finds what any language says in a field. Japanese has no gaps between words."""
    found = []
    for one in ANSWER_WORDS:
        words = getattr(one, field)
        found.append(rf"\b(?:{words})\b" if whole_words and one.code != "ja" else f"(?:{words})")
    return re.compile("|".join(found))


_AGREES, _DOUBTS, _AGAINST_NO, _HARMLESS = map(_any, ("agrees", "doubts", "against_no", "harmless"))
_DENIES, _YES, _NO, _FILLER = (_any(one, whole_words=True) for one in ("denies", "yes", "no", "filler"))
_UNSURE = _any("unsure")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood. `how`: `number`, `words` or `unclear`; `language` is empty after a mere number."""

    said: Said
    how: Literal["number", "words", "unclear"]
    language: str = ""


_UNCLEAR = Reading("unsure", "unclear")


def read_answer(text: str, asked_in: str = "") -> Reading:
    """Read an answer.

    Args:
        text: The person's own words.
        asked_in: The language of the question; where words are the same in two languages, this one counts.

    Returns:
        What was said; `unsure` by `unclear` when it cannot be told. Never raises on any text; time grows with its
        first two thousand characters.
    """
    plain = _plain(text)
    lines = [line.strip() for line in plain.splitlines() if line.strip()][:_MOST_LINES]
    if any(_NUMBER_OR_NO.match(line) for line in lines):
        return _UNCLEAR
    numbers = [found for line in lines if (found := _NUMBER.match(line)) and _is_choice(found)]
    by_words = _words(plain, sorted(ANSWER_WORDS, key=lambda one: one.code != asked_in))
    if not numbers:
        reading = by_words or _UNCLEAR
    elif not all(map(_goes_on_alike, numbers)):
        return _UNCLEAR
    else:
        chosen = {_CHOICES[found[1]] for found in numbers}
        if len(chosen) > 1 or (by_words is not None and by_words.said not in chosen):
            return _UNCLEAR
        reading = Reading(chosen.pop(), "number", by_words.language if by_words else "")
    return _UNCLEAR if _is_contradicted(reading.said, plain) else reading


def _plain(text: str) -> str:
    """The beginning of the answer as it is compared, without a long notice of confidentiality below it."""
    plain = unicodedata.normalize("NFKC", text[:_MOST].translate(_LIKE_LATIN)).casefold()
    for found in _SMALL_PRINT.finditer(plain):
        end = plain.find("\n\n", found.end())
        if (end if end >= 0 else len(plain)) - found.start() >= _SHORTEST_SMALL_PRINT:
            return plain[: found.start()]
    return plain


def _is_choice(found: re.Match[str]) -> bool:
    """`2`, `2.`, `2) no`, `2 no`; but not `2 invoices came`."""
    rest = found[3].strip()
    return not rest or bool(found[2]) or _is_filler(rest) or any(
        one.match(rest) for one in (_YES, _NO, _UNSURE)
    ) or (found[1] == "1" and _AGREES.match(_after_subject(rest)) is not None)  # fmt: skip


def _after_subject(rest: str) -> str:
    """`I expect it` without the `I`: a person who goes on after a number speaks of themselves."""
    return re.sub(r"^(?:i|we|ich|wir|j'|je|nous|ik|wij|jag|vi)\b\s*(?:do |am |was |are |were )?", "", rest)


def _goes_on_alike(found: re.Match[str]) -> bool:
    """Whether what follows a number on its line means the same, or nothing."""
    rest = found[3].strip()
    if "?" in found[2] or "?" in rest:
        return False
    if not rest or found[1] == "3" or _is_filler(rest):
        return True
    if found[1] == "1":
        return bool(_YES.match(rest) or _AGREES.search(rest))
    return bool(_NO.match(rest) or _DENIES.search(rest) or _DOUBTS.search(rest))


def _is_filler(text: str) -> bool:
    """Thanks and greetings, and nothing else."""
    return not re.sub(r"[\W_]+", "", _FILLER.sub(" ", text))


def _is_contradicted(said: Said, plain: str) -> bool:
    """Whether anything in the whole answer speaks against it, in any language."""
    if said == "expected":
        rest = _HARMLESS.sub(" ", plain)
        return "?" in plain or bool(_DENIES.search(rest) or _DOUBTS.search(rest) or _UNSURE.search(rest))
    if said == "unexpected":
        return bool(_AGAINST_NO.search(plain)) or any(
            _is_alone(one, _YES) or (one.endswith("?") and _is_alone(one, _NO)) for one in _sentences(plain)
        )
    return False


def _words(plain: str, order: list[AnswerWords]) -> Reading | None:
    """What the words say, in the first language that finds any; None when none does."""
    sentences = list(_sentences(plain))
    for language in order:
        if re.search(language.unsure, plain):
            return Reading("unsure", "words", language.code)
        yes = [one for one in sentences if _starts(one, language.yes)]
        no = [one for one in sentences if _starts(one, language.no)]
        if not (yes or no):
            continue
        if (yes and no) or (yes and not _AGREES.search(plain) and not any(_is_alone(one, _YES) for one in yes)):
            return Reading("unsure", "unclear", language.code)
        return Reading("expected" if yes else "unexpected", "words", language.code)
    return None


def _sentences(plain: str) -> Iterator[str]:
    """Sentences, those that ask with their question mark."""
    return (found[0].strip() for found in _SENTENCE.finditer(plain) if found[0].strip())


def _is_alone(sentence: str, words: re.Pattern[str]) -> bool:
    """Whether a sentence is one of the words, at most with thanks and greetings."""
    rest, found = words.subn(" ", _LEADING_NUMBER.sub("", sentence))
    return found > 0 and _is_filler(rest)


def _starts(sentence: str, words: str) -> bool:
    """Whether a sentence begins with one of the words; Japanese is written without gaps."""
    return (
        re.match(rf"[\W_]{{0,5}}(?:[1-3][\W_]{{1,3}})?(?:{words})(?:$|[\W_]|(?<=[\u3040-\u30ff]))", sentence)
        is not None
    )
