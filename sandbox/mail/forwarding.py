"""How people pass on a mail they do not trust: inline as their program does it, or attached."""

from __future__ import annotations

import html
from datetime import datetime
from random import Random

from sandbox.mail import incoming_words as words
from sandbox.mail import phrases
from sandbox.mail.foreign import Foreign
from sandbox.mail.mime import Draft, File, write
from sandbox.mail.people import Person


def inline(reporter: Person, original: Foreign, to: tuple[str, str], at: datetime, rng: Random, own_id: str) -> bytes:
    """A forward with the original below the comment."""
    habit = reporter.habit
    comment = rng.choice(words.COMMENT[habit.language])
    client = {"thunderbird": "gmail", "phone": "apple"}.get(habit.client, habit.client)
    rows = _rows(client, habit.language, original)
    opening = _opening(client, habit.language)
    block = "\n".join(f"{label}: {value}" for label, value in rows)
    below = f"{block}\n\n{original.text}\n"
    if client == "apple":
        below = "\n".join(f"> {line}" if line else ">" for line in below.split("\n"))
    text = f"{comment}\n\n{opening}\n{below}" if opening else f"{comment}\n\n{below}"
    return write(
        Draft(
            sender=reporter.sender,
            to=(to,),
            subject=_subject(habit.client, habit.language, original.mail.subject),
            date=phrases.local(at, habit.language),
            message_id=own_id,
            text=text,
            html="" if habit.form == "text" else _page(client, habit.language, comment, rows, original),
            transfer=rng.choice(("quoted-printable", "base64")),
        )
    )


def attached(
    reporter: Person, originals: list[Foreign], to: tuple[str, str], at: datetime, rng: Random, own_id: str
) -> bytes:
    """A forward that encloses the original mails byte for byte, as message/rfc822 or as .eml files."""
    habit = reporter.habit
    plain_file = rng.random() < 0.35
    files = [
        File(
            f"{original.mail.subject[:60].replace('/', '-') or 'message'}.eml",
            "application/octet-stream" if plain_file else "message/rfc822",
            original.raw,
        )
        for original in originals
    ]
    headers = (("X-MS-Has-Attach", "yes"),) if habit.client.startswith("outlook") else ()
    return write(
        Draft(
            sender=reporter.sender,
            to=(to,),
            subject=_subject(habit.client, habit.language, originals[0].mail.subject),
            date=phrases.local(at, habit.language),
            message_id=own_id,
            text=rng.choice(words.COMMENT[habit.language]) or " ",
            files=tuple(files),
            headers=headers,
        )
    )


def _subject(client: str, language: str, text: str) -> str:
    return (words.FORWARD[language][0] if client.startswith("outlook") else "Fwd: ") + text


def _opening(client: str, language: str) -> str:
    if client == "apple":
        return words.FORWARD[language][2] + "\n"
    if client == "outlook_web":
        return "_" * 32
    return words.FORWARD[language][1] if client == "gmail" else ""


def _rows(client: str, language: str, original: Foreign) -> list[tuple[str, str]]:
    mail = original.mail
    author = f"{mail.from_name} <{mail.from_addr}>" if mail.from_name else mail.from_addr
    name, address = mail.recipients[0]
    to = f"{name} <{address}>" if name else address
    when = phrases.long_date(original.sent, language)
    if client == "gmail":
        return list(zip(words.GMAIL_LABELS[language], (author, when, mail.subject, to), strict=True))
    if client == "apple":
        return list(zip(words.APPLE_LABELS[language], (author, mail.subject, when, to), strict=True))
    return list(zip(phrases.LABELS[language], (author, when, to, mail.subject), strict=True))


def _page(client: str, language: str, comment: str, rows: list[tuple[str, str]], original: Foreign) -> str:
    inner = original.html.partition("<body>")[2].partition("</body>")[0]
    said = html.escape(comment, quote=False)
    if client == "gmail":
        lines = "<br>".join(f"{label}: {html.escape(value, quote=False)}" for label, value in rows)
        return (
            f'<div dir="ltr">{said}<br><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
            f'class="gmail_attr">{words.FORWARD[language][1]}<br>{lines}<br></div><br><br>{inner}</div></div>\n'
        )
    if client == "apple":
        lines = "".join(f"<div><b>{label}: </b>{html.escape(value, quote=False)}<br></div>" for label, value in rows)
        return (
            f"<html><body><div>{said}</div><div><br><blockquote "
            f'type="cite"><div>{words.FORWARD[language][2]}</div><br>'
            f"{lines}<br><div>{inner}</div></blockquote></div></body></html>\n"
        )
    lines = "<br>\n".join(f"<b>{label}:</b> {html.escape(value, quote=False)}" for label, value in rows)
    if client == "outlook_web":
        return (
            f'<html><body dir="ltr"><div class="elementToProof">{said}</div><div id="appendonsend"></div>'
            f'<hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">{lines}<div>&nbsp;</div>'
            f"</div><div>{inner}</div></body></html>\n"
        )
    return (
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{said}</p><div '
        f'style="border:none;border-top:solid '
        f'#E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p '
        f'class="MsoNormal">{lines}</p></div>{inner}</div></body></html>\n'
    )
