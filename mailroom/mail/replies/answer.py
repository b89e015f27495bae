"""What a person answered: `extract_answer(mail)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mailroom.mail.model import Mail
from mailroom.mail.replies.answer_html import html_lines
from mailroom.mail.replies.answer_text import CUT_MARK, QUOTE_MARK, TextCut, cut_text
from mailroom.mail.replies.signature import SIGNATURE_BEGINS, SIGNATURE_ENDS, cut_signature

_MARKS = re.compile(f"[{QUOTE_MARK}{CUT_MARK}{SIGNATURE_BEGINS}{SIGNATURE_ENDS}]")
_JOINED = "[\u0600-\u06ff\u0750-\u077f\u08a0-\u0dff]"
"""Scripts in which a non-joiner is part of the spelling: Arabic as written in Iran, and those of India."""
_INVISIBLE = re.compile(
    f"(?<!{_JOINED})\u200c|\u200c(?!{_JOINED})|[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]"
)
_MAX_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply taken apart. Nothing is lost: `text_full` is the whole body."""

    text: str
    """What the person wrote: no quote, no header block, no signature. The whole body when `cut` is `failed`."""
    text_full: str
    """The whole body as text."""
    quoted: str
    """What was recognised as the mail that is answered."""
    cut: Literal["html", "text", "none", "failed"]
    """How the quote was found; `none` when there is none, `failed` when cutting left nothing."""
    inline: bool
    """The person wrote below or between the quoted lines."""
    language: str | None
    """Of the mail program, by its attribution line or header block; None when it gave nothing away."""
    signature: str


def extract_answer(mail: Mail) -> Answer:
    """Take the person's own text out of a reply.

    HTML structure is used where the mail has it, text rules otherwise and afterwards. Never raises; the time it takes
    grows with the size of the body only. Text beyond 1,000,000 characters is left out of `text`.
    """
    full = mail.text or (_plain(mail.html) if mail.html else "")
    if mail.html:
        lines, structure = html_lines(mail.html[:_MAX_TEXT])
        if structure or not mail.text.strip():
            cut = cut_text(lines)
            signed = any(SIGNATURE_BEGINS in line for line in cut.own)
            if cut.found or signed or not mail.text.strip():
                answer = _answer(cut, full, "html" if structure else "text")
                if answer.cut != "failed" or not mail.text.strip():
                    return answer
    return _answer(cut_text(clean(full[:_MAX_TEXT]).split("\n")), full, "text")


def answer_from_text(text: str) -> Answer:
    """The same for a body that is text alone."""
    return _answer(cut_text(clean(text[:_MAX_TEXT]).split("\n")), text, "text")


def clean(text: str) -> str:
    """One kind of line ends; no characters that only steer or hide."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    if plain.isascii():
        return plain
    return _INVISIBLE.sub("", _MARKS.sub("", plain.replace("\u2028", "\n").replace("\u2029", "\n")))


def _plain(html: str) -> str:
    return "\n".join(html_lines(html[:_MAX_TEXT], structure=False)[0]).strip("\n")


def _answer(cut: TextCut, full: str, how: Literal["html", "text"]) -> Answer:
    body, signature = cut_signature(cut.own)
    text = "\n".join(line.rstrip() for line in body).strip()
    quoted = "\n".join(line for line in cut.quoted if not _MARKS.search(line)).strip("\n")
    whole = full.strip()
    if not text:
        return Answer(whole, full, "", "failed" if cut.found else "none", False, cut.language, "")
    sign = "\n".join(signature).strip()
    return Answer(text, full, quoted, how if cut.found else "none", cut.inline, cut.language, sign)
