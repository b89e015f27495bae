"""A likely charset for octets that declare none: only for texts long enough that guessing beats a coin."""

from __future__ import annotations

import re

_MINIMUM = 64
"""Non-ASCII octets below which guessing does more harm than good."""
_SAMPLE = 4096
_PLAUSIBLE = [
    "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp874",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "iso8859_2", "iso8859_5",
]  # fmt: skip
_LETTERS = (
    ("cp932", re.compile("[\u3041-\u30fe]"), 3),
    ("euc_jp", re.compile("[\u3041-\u30fe]"), 3),
    ("euc_kr", re.compile("[\uac00-\ud7a3]"), 1),
)
"""Codecs whose letters no other text yields by chance, and every how many of its characters is one at least."""
_FEWEST = 4
_HIGH = re.compile(rb"[\x80-\xff]")


def guess_charset(data: bytes) -> str:
    """Python's name of a codec, or an empty text when there is too little to go by."""
    first = _HIGH.search(data)
    if first is None:
        return ""
    start = max(0, first.start() - 200)
    sample = data[start : start + _SAMPLE]
    if len(_HIGH.findall(sample)) < _MINIMUM:
        return _by_letters(sample)
    from charset_normalizer import from_bytes  # late: it takes longer to import than a hundred mails to parse

    best = from_bytes(sample, steps=3, chunk_size=1024, cp_isolation=_PLAUSIBLE, preemptive_behaviour=False).best()
    return best.encoding if best is not None else ""


def _by_letters(sample: bytes) -> str:
    """Japanese and Korean are known by a few letters; whatever else is short is left alone."""
    for codec, letters, share in _LETTERS:
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        found = len(letters.findall(text))
        if found >= _FEWEST and found * share >= sum(character > "\x7f" for character in text):
            return codec
    return ""
