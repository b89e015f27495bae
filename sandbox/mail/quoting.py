"""How mail programs put a question below an answer."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from datetime import datetime

from sandbox.mail import phrases
from sandbox.mail.people import Habit


@dataclass(frozen=True)
class Question:
    """A mail somebody reads and answers.

    Attributes:
        sender: (display name, address) of its From header.
        reply_to: Where an answer goes.
        to: The To header, decoded.
        subject: Decoded.
        date: Of the Date header, or of its arrival.
        message_id: With angle brackets; may be empty.
        references: The ids before it.
        text: The body as text.
        html: The body as HTML; empty when it has none.
        thread_index: Of the Thread-Index header.
    """

    sender: tuple[str, str]
    reply_to: tuple[str, str]
    to: str
    subject: str
    date: datetime
    message_id: str
    references: tuple[str, ...]
    text: str
    html: str
    thread_index: str = ""


@dataclass(frozen=True)
class Written:
    """An answer with the question below it. `answer` is what the person typed, and nothing else."""

    answer: str
    text: str
    html: str
    signature: str


def quoted(habit: Habit, answer: str, question: Question, name: str) -> Written:
    """Put the answer on top of the question, or between its lines, as the person's mail program does.

    Args:
        habit: Which program, language and form.
        answer: What the person types.
        question: What it answers.
        name: The person's name, for the signature.
    """
    signature = _signature(habit, name)
    below = _question_text(habit, question)
    if habit.inline:
        typed, text = _between(habit, answer, question)
        return Written(typed, text + (f"\n\n-- \n{name}\n" if name else "\n"), "", f"-- \n{name}")
    text = f"{answer}\n{signature}\n{below}\n"
    page = "" if habit.form == "text" else _page(habit, answer, signature, question)
    return Written(answer, "" if habit.form == "html" else text, page, signature.strip())


def subject(habit: Habit, question: Question) -> str:
    """With one reply prefix, as the program writes it."""
    prefix = phrases.REPLY[habit.language] if habit.client.startswith("outlook") else "Re: "
    known = question.subject.lower().startswith(("re:", "aw:", "sv:"))
    return question.subject if known else prefix + question.subject


def _signature(habit: Habit, name: str) -> str:
    if habit.client == "phone":
        return f"\n{phrases.PHONE[habit.language]}\n"
    if habit.client in ("outlook", "outlook_web"):
        return f"\n{phrases.SIGN_OFF[habit.language]}\n{name}\n"
    return f"\n-- \n{name}\n" if habit.client == "thunderbird" else ""


def _question_text(habit: Habit, question: Question) -> str:
    if habit.client.startswith("outlook"):
        block = "\n".join(f"{label}: {value}" for label, value in _labels(habit, question))
        rule = "_" * 32 + "\n" if habit.client == "outlook_web" else ""
        return f"{rule}{block}\n\n{question.text}"
    line = _attribution(habit, question)
    if habit.client == "gmail":  # wraps the attribution, in every language
        line = "\n".join(textwrap.wrap(line, 76, break_long_words=False, break_on_hyphens=False))
        return f"{line}\n\n{_marked(question.text)}"
    if habit.client in ("apple", "phone"):
        return f"\n{_marked(line)}\n> \n{_marked(question.text)}"
    return f"{line}\n{_marked(question.text)}"


def _between(habit: Habit, answer: str, question: Question) -> tuple[str, str]:
    """An answer between the quoted lines: the first words on top, the rest below the paragraph that asks."""
    paragraphs = question.text.strip().split("\n\n")
    first = phrases.INLINE[habit.language]
    asking = [at for at, paragraph in enumerate(paragraphs, 1) if "?" in paragraph or "？" in paragraph]
    middle = asking[-1] if asking else max(1, len(paragraphs) // 2)
    top, rest = "\n\n".join(paragraphs[:middle]), "\n\n".join(paragraphs[middle:])
    text = f"{first}\n\n{_attribution(habit, question)}\n{_marked(top)}\n\n{answer}\n"
    if rest:
        text += f"\n{_marked(rest)}\n"
    return f"{first}\n\n{answer}", text


def _page(habit: Habit, answer: str, signature: str, question: Question) -> str:
    inner = _inner(question)
    paragraphs = [html.escape(part, quote=False).replace("\n", "<br>") for part in answer.split("\n\n")]
    end = html.escape(signature.strip(), quote=False).replace("\n", "<br>")
    line = html.escape(_attribution(habit, question), quote=False)
    if habit.client == "gmail":
        body = "<div><br></div>".join(f"<div>{part}</div>" for part in paragraphs)
        return (
            f'<div dir="ltr">{body}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
            f'class="gmail_attr">{line}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
            f'border-left:1px solid rgb(204,204,204);padding-left:1ex">{inner}</blockquote></div>\n'
        )
    if habit.client == "outlook":
        rows = "<br>\n".join(f"<b>{label}:</b> {html.escape(value)}" for label, value in _labels(habit, question))
        body = "".join(f'<p class="MsoNormal">{part}<o:p></o:p></p>\n' for part in [*paragraphs, end])
        return (
            '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0cm}</s'
            "tyle></head>"
            f'<body lang="{habit.language.upper()}" link="#0563C1">\n<div class="WordSection1">{body}'
            '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\n<div style="border:none;border-top:solid #E1E1E1 1.0pt;'
            f'padding:3.0pt 0cm 0cm 0cm"><p '
            f'class="MsoNormal">{rows}<o:p></o:p></p></div>\n{inner}</div></body></html>\n'
        )
    if habit.client == "outlook_web":
        rows = "<br>\n".join(f"<b>{label}:</b> {html.escape(value)}" for label, value in _labels(habit, question))
        body = "".join(f'<div class="elementToProof">{part}</div><div><br></div>\n' for part in [*paragraphs, end])
        return (
            f'<html><body dir="ltr">\n{body}<div id="appendonsend"></div>\n<hr '
            f'style="display:inline-block;width:98%" '
            f'tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif">{rows}</font>'
            f"<div>&nbsp;</div></div>\n<div>{inner}</div></body></html>\n"
        )
    body = "<div><br></div>".join(f"<div>{part}</div>" for part in paragraphs)
    sign = f'<br><div dir="ltr">{end}</div>' if end else ""
    return (
        f'<html><body style="overflow-wrap: break-word;">{body}{sign}<div><br><blockquote '
        f'type="cite"><div>{line}</div>'
        f'<br class="Apple-interchange-newline"><div>{inner}</div></blockquote></div><br></body></html>\n'
    )


def _inner(question: Question) -> str:
    if not question.html:
        return "<div>" + html.escape(question.text, quote=False).replace("\n", "<br>\n") + "</div>"
    page = question.html
    start = page.lower().find("<body")
    start = page.find(">", start) + 1 if start >= 0 else 0
    end = page.lower().rfind("</body")
    return page[start : end if end >= 0 else len(page)]


def _labels(habit: Habit, question: Question) -> list[tuple[str, str]]:
    name, address = question.sender
    values = (
        f"{name} <{address}>" if name else address,
        phrases.long_date(question.date, habit.language),
        question.to,
        question.subject,
    )
    return list(zip(phrases.LABELS[habit.language], values, strict=True))


def _attribution(habit: Habit, question: Question) -> str:
    return phrases.attribution(habit.client, habit.language, question.date, *question.sender)


def _marked(text: str) -> str:
    return "\n".join(
        f"> {line}" if line and not line.startswith(">") else f">{line}" for line in text.strip().split("\n")
    )
