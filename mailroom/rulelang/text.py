"""Text as a person sees it: what look-alike, styled and invisible characters collapse to.

`skeleton` maps a text to a form in which visually equal texts are equal; it is for comparing, never for showing.
All functions are linear in the (capped) length of their input.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TEXT = 2_048
"""Characters of one value that comparisons look at; canonical ordering of combining marks is quadratic beyond."""
MAX_LONG_TEXT = 100_000
"""The same for a body, which is compared piece by piece."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\u24b6-\u24e9\uff21-\uff3a\uff41-\uff5a\U0001f110-\U0001f12b\U0001f130-\U0001f189"
    "\u1d00-\u1d2b\ua730-\ua731]"
)
_WORD = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# One line per target letter: everything after it is drawn (nearly) the same. Cyrillic, Greek, Armenian, Latin
# extensions, small capitals. Chosen from the confusables table of Unicode TR39, letters that occur in real mail.
_LOOKALIKES = """
a аαɑạаᴀ
b ЬьƅвВβʙ
c сϲᴄƈ¢с
d ԁɗđᴅժ
e еєέεҽɛᴇёз
f ƒғꜰ
g ɡցǥɢ
h һհнңʜ
j јʝᴊյ
k кκқᴋĸ
l iıіӏιΙ1|ɩιїíɪĺłʟІ
m мᴍʍ
n ոпηռɴиñ
o о0οσօөøᴏօоθ
p рρᴘþр
q ԛգզ
r гᴦʀɾя
s ѕʂꜱ5$
t тτŧᴛț
u υսᴜʋцμ
v ѵνᴠ
w ԝωшᴡѡщ
x хχ×ҳх
y уγүʏўу
z ᴢƶʐ
ae æ
oe œ
ss ß
"""
_TABLE: dict[int, str] = {}
for _line in _LOOKALIKES.split("\n"):
    if _line:
        _target, _sources = _line.split(" ")
        for _source in _sources:
            _TABLE[ord(_source)] = _target
_ASCII_TABLE = {code: target for code, target in _TABLE.items() if code < 128}
for _offset in range(26):  # negative squared and negative circled letters, which NFKC leaves alone
    _TABLE[0x1F150 + _offset] = _TABLE[0x1F170 + _offset] = chr(ord("a") + _offset)


def strip_invisible(text: str) -> str:
    """`text` without characters that have no width, and without direction marks."""
    return text if text.isascii() else INVISIBLE.sub("", text)


def has_invisible(text: str) -> bool:
    """Whether zero-width, filler or direction characters hide in `text`."""
    return not text.isascii() and INVISIBLE.search(text[:MAX_TEXT]) is not None


def has_direction_marks(text: str) -> bool:
    """Whether `text` holds characters that change the reading direction."""
    return not text.isascii() and _BIDI.search(text[:MAX_TEXT]) is not None


def has_styled_letters(text: str) -> bool:
    """Whether `text` spells with mathematical, circled, squared or full-width Latin letters."""
    return not text.isascii() and _STYLED.search(text[:MAX_TEXT]) is not None


def has_control(text: str) -> bool:
    """Whether control characters (tab excepted) are in `text`."""
    return _CONTROL.search(text[:MAX_TEXT].replace("\t", " ")) is not None


@lru_cache(maxsize=16_384)
def skeleton(text: str) -> str:
    """What `text` looks like: lower case, no accents, nothing invisible, look-alikes made equal.

    Digits that pass for letters are mapped too (0/o, 1/l/i, 5/s), on both sides of every comparison.
    """
    text = text[:MAX_TEXT]
    if text.isascii():
        return text.lower().translate(_ASCII_TABLE)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return letters.translate(_TABLE).casefold().translate(_TABLE)


def words(text: str, *, long: bool = False) -> list[str]:
    """The words of `text`, as skeletons, in order; of a body with `long`, else of a line."""
    return _WORD.findall(long_skeleton(text) if long else skeleton(text))


@lru_cache(maxsize=8)
def long_skeleton(text: str) -> str:
    """`skeleton` of a body: piece by piece, cut between words where there are any."""
    text = text[:MAX_LONG_TEXT]
    parts, start = [], 0
    while start < len(text):
        end = start + MAX_TEXT
        if end < len(text):
            gap = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = gap + 1 if gap > start else end
        parts.append(skeleton.__wrapped__(text[start:end]))
        start = end
    return "".join(parts)


def needs_substring_match(phrase: str) -> bool:
    """Whether `phrase` is in a script that does not put spaces between words."""
    return _NO_SPACES.search(phrase) is not None


def letters_joined(parts: list[str]) -> list[str]:
    """Words with runs of single letters joined: `m l c r o` becomes `mlcro` (spaced-out names)."""
    joined: list[str] = []
    run: list[str] = []
    for part in [*parts, ""]:
        if len(part) == 1:
            run.append(part)
            continue
        if run:
            joined.append("".join(run))
            run = []
        if part:
            joined.append(part)
    return joined


def shown(value: object, limit: int = 80) -> str:
    """`value` fit for one line of evidence: hidden and control characters made visible, cut at `limit`.

    HTML and Markdown are left to whoever renders the line.
    """
    if isinstance(value, (list, tuple, set, frozenset)):
        text = ", ".join(str(part) for part in list(value)[:10])
    elif value is None:
        text = "(none)"
    else:
        text = str(value)
    text = text[: limit + 1]
    cut = len(text) > limit
    text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = INVISIBLE.sub(_visible, _CONTROL.sub(_visible, text))
    return text + ("…" if cut else "")


def _visible(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
