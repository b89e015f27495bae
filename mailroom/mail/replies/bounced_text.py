"""What a bounce says in free text: where its own words end, whom it names, which codes stand near them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailroom.mail.model import Mail
from mailroom.mail.replies.answer_html import html_lines

_LETTERS = r"0-9A-Za-z_\u00c0-\u024f\u0386-\u052f\u0531-\u0587\u05d0-\u05ea\u0620-\u064a\u0900-\u0dff"
"""Of scripts with blanks between words: in the others an address may stand within a sentence."""
ADDRESS = re.compile(
    rf"[{_LETTERS}.!#$%&*+/=?^`{{|}}~\-][{_LETTERS}.!#$%&'*+/=?^`{{|}}~\-]{{0,63}}@"
    rf"[{_LETTERS}\-]{{1,63}}(?:\.[{_LETTERS}\-]{{1,63}}){{1,8}}"
)
ENHANCED = re.compile(r"(?<![\d.])([245]\.\d\.\d{1,3})(?!\d|\.\d)")
"""`5.1.1`, but neither an address nor the version of a server (`4.94.2`)."""
SMTP_CODE = re.compile(r"(?<![\d.\-])([45][0-5]\d)[ \-](?!\d{3})")
_COPY_BELOW = (
    "copy of the message", "copy of your message", "copy of my message", "original message", "original mail",
    "returned message", "message header", "unsent message", "message text follows", "headers follow", "header follows",
    "message follows", "below this line", "ursprüngliche nachricht", "message d'origine", "mensaje original",
    "undelivered message follows", "start of returned message", "transcript of session", "received headers",
    "bounced e-mail:", "bounced mail:", "bounced message:", "returned mail follows", "source mail attached",
)  # fmt: skip
HEADER_START = re.compile(
    r"^(?:> ?| )?(?:return-path|received|message-id|x-mailer|mime-version|delivered-to):"
    r"|^from [^\s@]{1,128}@[^\s@]{1,255} +(?:mon|tue|wed|thu|fri|sat|sun) ",
    re.IGNORECASE | re.MULTILINE,
)
_WINDOW = 12_000
_BEGINS = re.compile(r"[^\w@]{0,12}(?:smtp:|rfc822; ?|mailto:)?" + ADDRESS.pattern, re.IGNORECASE)
_NAMED = re.compile(
    r"rcpt to|recipient|\baddressed\b|\baddress:|unknown user|user unknown|error-for|userid|mailbox|expanded from|"
    r"deliver(?:ed|y)? .{0,40}\bto\b|message to\b|mail to\b|target|empfänger|destinatari|destinataire",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"[ \t>*]{0,8}(?:mail from|from|sender|original sender|reply-to|to|cc|bcc|subject|sent|date|von|an|betreff|de|à|"
    r"para)\s{0,8}:",
    re.IGNORECASE,
)
"""A line that repeats the header of the returned mail."""
_PREFIX = re.compile(r"(?:smtp|rfc822|mailto)=", re.IGNORECASE)
_NOBODY = ("mailer-daemon@", "postmaster@")


def own_text(mail: Mail) -> str:
    """What the mail itself says, without the returned mail below it."""
    text = mail.text or "\n".join(html_lines(mail.html[:100_000], structure=False)[0])
    text = text[:100_000]
    header = HEADER_START.search(text, 1)
    end = min(header.start() if header and header.start() > 60 else len(text), _WINDOW)
    at = 0
    for line in text[:end].split("\n"):
        if at > 60 and len(line) <= 160 and _is_about_a_copy(line) and ADDRESS.search(text, 0, at):
            return text[:at]
        at += len(line) + 1
    return text[:end]


def _is_about_a_copy(line: str) -> bool:
    words = line.casefold()
    return "resend" not in words and any(phrase in words for phrase in _COPY_BELOW)


def named_recipients(text: str, own: Iterable[str]) -> list[str]:
    """Addresses a bounce says it could not reach, lower case, in order, each once.

    Those a line begins with, or that stand beside words such as `recipient` or beside a code, go before all others;
    a line that repeats the header of the returned mail counts only when there is nothing else.

    Args:
        text: The bounce's own words.
        own: Addresses of the bounce's own header, which are not meant.
    """
    known = frozenset(own)
    ranked: tuple[dict[str, None], dict[str, None], dict[str, None]] = ({}, {}, {})
    for line in text.split("\n"):
        if "@" not in line:
            continue
        rank = _rank(line)
        for found in ADDRESS.findall(line):
            address = _PREFIX.sub("", found).lower()
            if address not in known and not address.startswith(_NOBODY):
                ranked[rank].setdefault(address)
    return next((list(names) for names in ranked if names), [])


def _rank(line: str) -> int:
    if _SUMMARY.match(line):
        return 2
    if _BEGINS.match(line) or _NAMED.search(line) or SMTP_CODE.search(line) or ENHANCED.search(line):
        return 0
    return 1


def code_near(text: str, address: str) -> tuple[str, str]:
    """The status code that stands nearest after an address, or anywhere, and the line with it."""
    at = max(text.lower().find(address), 0)
    near = text[at : at + 800]
    status = ENHANCED.search(near) or ENHANCED.search(text)
    code = status[1] if status else ""
    if not code:
        basic = SMTP_CODE.search(near) or SMTP_CODE.search(text)
        code = f"{basic[1][0]}.0.0" if basic else ""
    line = next((line.strip() for line in near.split("\n") if SMTP_CODE.search(line) or ENHANCED.search(line)), "")
    return code, line[:1_000]
