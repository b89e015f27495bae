"""What a recipient's answer says: a number, or plain words; anything that can be meant two ways says nothing.

Only the person's own words are read (quotes and signature are gone), and only their beginning. A wrong guess would be
worse than none: what is not clear is `unsure`, and an analyst reads it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from mailroom.playbooks.ask_recipient.answer_words import ANSWER_WORDS, AnswerWords

Said = Literal["expected", "unexpected", "unsure"]
_MOST = 2_000
_CHOICES: dict[str, Said] = {"1": "expected", "2": "unexpected", "3": "unsure"}
_LABEL = (
    r"(?:answer|option|choice|number|antwort|nummer|réponse|numéro|respuesta|opción|número|risposta|numero|antwoord|"
    r"resposta|odpowiedź|numer|svar|回答|番号)\W{0,3}"
)
_NUMBER = re.compile(
    rf"^(?:{_LABEL})?[\W_]{{0,3}}([1-3])(?![\w%])(?![.,:/-]\d)\s{{0,3}}([^\w\s]{{0,3}})\s{{0,3}}(.{{0,200}})"
)


_NUMBER_OR_NO = re.compile(r"no\W{0,3}[13](?!\w)")
"""`No. 1`: the number, or a no?"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood. `how`: `number`, `words` or `unclear`; `language` is empty after a mere number."""

    said: Said
    how: Literal["number", "words", "unclear"]
    language: str = ""


_SENTENCE = re.compile(r"[\n\r.!?;。！？]+")


def read_answer(text: str, asked_in: str = "") -> Reading:
    """Read an answer.

    Args:
        text: The person's own words.
        asked_in: The language of the question; where words are the same in two languages, this one counts.

    Returns:
        What was said; `unsure` by `unclear` when it cannot be told. Never raises on any text; time grows with its
        first two thousand characters.
    """
    plain = unicodedata.normalize("NFKC", text[:_MOST]).casefold()
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    order = sorted(ANSWER_WORDS, key=lambda one: one.code != asked_in)
    if any(_NUMBER_OR_NO.match(line) for line in lines[:12]):
        return Reading("unsure", "unclear")
    numbers = [found for line in lines[:12] if (found := _NUMBER.match(line)) and _is_choice(found, order)]
    chosen = {_CHOICES[found[1]] for found in numbers}
    by_words = _words(plain, order)
    if not chosen:
        return by_words or Reading("unsure", "unclear")
    if len(chosen) > 1 or (by_words is not None and by_words.said not in chosen):
        return Reading("unsure", "unclear")
    return Reading(chosen.pop(), "number", by_words.language if by_words else "")


def _is_choice(found: re.Match[str], order: list[AnswerWords]) -> bool:
    """`2`, `2.`, `2) no`, `2 no`; but not `2 invoices came`."""
    rest = found[3].strip()
    return not rest or bool(found[2]) or any(_starts(rest, f"{one.yes}|{one.no}") for one in order) or any(
        re.search(one.unsure, rest) for one in order
    )  # fmt: skip


def _words(plain: str, order: list[AnswerWords]) -> Reading | None:
    """What the words say, in the first language that finds any; None when none does."""
    sentences = [one.strip() for one in _SENTENCE.split(plain) if one.strip()]
    for language in order:
        if re.search(language.unsure, plain):
            return Reading("unsure", "words", language.code)
        yes = any(_starts(one, language.yes) for one in sentences)
        no = any(_starts(one, language.no) for one in sentences)
        if not (yes or no):
            continue
        doubtful = (yes and no) or re.search(language.against_yes if yes else language.against_no, plain)
        if doubtful:
            return Reading("unsure", "unclear", language.code)
        return Reading("expected" if yes else "unexpected", "words", language.code)
    return None


def _starts(sentence: str, words: str) -> bool:
    """Whether a sentence begins with one of the words; Japanese is written without gaps."""
    return (
        re.match(rf"[\W_]{{0,5}}(?:[1-3][\W_]{{1,3}})?(?:{words})(?:$|[\W_]|(?<=[\u3040-\u30ff]))", sentence)
        is not None
    )
