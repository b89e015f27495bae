"""From a question and a habit to the mails that come back, and when."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.mail import notices, phrases
from sandbox.mail.delivery import AUTHSERV_ID, Origin
from sandbox.mail.mime import Draft, write
from sandbox.mail.people import Person
from sandbox.mail.quoting import Question, quoted, subject

PLANS: dict[str, tuple[str, ...]] = {
    "answers": ("answer",),
    "out_of_office": ("away", "answer"),
    "never": (),
    "other_address": ("other_address",),
    "wrong_person": ("colleague",),
    "bounces": ("bounce",),
    "delayed": ("delay", "answer"),
    "reads_first": ("receipt", "answer"),
    "changes_mind": ("answer", "opposite"),
    "forged": ("forged", "answer"),
}
"""Habit -> what comes back, in order."""
_NUMBERS = {"yes": "1", "no": "2", "unsure": "3"}
"""What people choose when they are offered numbers: the first says yes, the second no."""
_BY_NUMBER = 0.6
"""So many do; the others write words all the same."""
_AT_ONCE = {"away": 1.0, "bounce": 2.0, "delay": 2.0, "receipt": 1.5, "forged": 1.0}


@dataclass(frozen=True)
class Answer:
    """One mail that came back, with the truth about it.

    Attributes:
        person: Address of whoever was asked.
        kind: `answer`, `opposite`, `other_address`, `colleague`, `forged`, `away`, `bounce`, `delay` or `receipt`.
        sender: Address in its From header.
        origin: How it reached the server.
        to: Where it goes.
        answer: What was typed, without quote and signature; empty for notices.
        signature: What stands below it and above the quote: a sign-off, a name, a phone's line; often empty.
        question_id: Message-ID of the question.
        message_id: Its own.
        at: When it was sent.
        raw: The mail.
    """

    person: str
    kind: str
    sender: str
    origin: Origin
    to: str
    answer: str
    signature: str
    question_id: str
    message_id: str
    at: datetime
    raw: bytes


def due(person: Person, step: int) -> float:
    """Seconds after the question until step `step` of the person's plan happens."""
    kind = PLANS[person.habit.kind][step]
    if kind in _AT_ONCE:
        return min(_AT_ONCE[kind], person.habit.delay)
    return person.habit.delay * (3 if kind == "opposite" else 1)


def answer(
    person: Person,
    step: int,
    question: Question,
    raw: bytes,
    at: datetime,
    *,
    seed: int,
    number: int,
    colleagues: Sequence[Person],
) -> Answer:
    """Write the mail of one step.

    Args:
        person: Who was asked.
        step: Which step of the plan.
        question: What they were asked.
        raw: The question's bytes.
        at: When they send it.
        seed: Of the server.
        number: How many questions this person got before; with the seed it decides the words.
        colleagues: From whom a wrong person is drawn.
    """
    kind = PLANS[person.habit.kind][step]
    rng = Random(f"{seed}/answer/{person.address}/{number}/{kind}")
    own_id = f"<{rng.getrandbits(96):024x}@{_host(person, kind)}>"
    typed = signature = ""
    sender = person.address
    origin = Origin(person.address, helo="mail.northwind.example", user=person.address)
    if kind in ("bounce", "delay"):
        report = notices.Report(
            recipient=person.address,
            action="failed" if kind == "bounce" else "delayed",
            style=rng.choice(notices.STYLES),
            to=question.reply_to[1],
            raw=raw,
            subject=question.subject,
            original_id=question.message_id,
            at=at,
            message_id=own_id,
        )
        made, sender = notices.delivery_report(report), f"mailer-daemon@{AUTHSERV_ID}"
        origin = Origin("", helo=AUTHSERV_ID, ip="127.0.0.1", spf="none", dkim="none", dmarc="none")
    elif kind == "away":
        made = notices.away(person, question, at, own_id)
        origin = Origin("", helo="mail.northwind.example", user=person.address)
    elif kind == "receipt":
        made = notices.read_receipt(person, question, at, own_id)
    else:
        writer, typed, origin = _who_writes(person, kind, rng, origin, colleagues, numbered=_is_numbered(question))
        sender = writer.address
        made = _reply(writer, typed, question, at, own_id, rng, forged=kind == "forged")
        written = quoted(writer.habit, typed, question, writer.name)
        typed, signature = written.answer, written.signature
    to = question.reply_to[1]
    return Answer(person.address, kind, sender, origin, to, typed, signature, question.message_id, own_id, at, made)


def _who_writes(
    person: Person, kind: str, rng: Random, origin: Origin, colleagues: Sequence[Person], *, numbered: bool
) -> tuple[Person, str, Origin]:
    habit = person.habit
    typed = habit.text or rng.choice(phrases.ANSWERS[habit.language][habit.says])
    if numbered and not habit.text and rng.random() < _BY_NUMBER:
        typed = rng.choice(phrases.BY_NUMBER).replace("{number}", _NUMBERS[habit.says])
    if kind == "opposite":
        return person, phrases.OPPOSITE[habit.language], origin
    if kind == "forged":
        outside = Origin(person.address, ip="203.0.113.66", helo="vps-66.cloud-rent.example", spf="fail", dmarc="fail")
        return person, phrases.FORGED, outside
    if kind == "other_address":
        address = habit.private_address or f"{person.address.partition('@')[0]}@gmail.com"
        private = Person(person.name, address, habit)
        return private, typed, Origin(address, ip="192.0.2.140", helo=f"mail.{address.partition('@')[2]}")
    if kind == "colleague":
        others = [other for other in colleagues if other.address != person.address] or [person]
        other = rng.choice(others)
        words = phrases.FOR_SOMEBODY[habit.language].replace("{name}", person.name or person.address)
        return (
            Person(other.name, other.address, habit),
            words,
            Origin(other.address, helo="mail.northwind.example", user=other.address),
        )
    return person, typed, origin


def _is_numbered(question: Question) -> bool:
    """Whether it offers three choices, one line each."""
    begins = [line.strip()[:2] for line in question.text.splitlines()]
    return all(f"{number} " in begins for number in _NUMBERS.values())


def _reply(
    writer: Person, typed: str, question: Question, at: datetime, own_id: str, rng: Random, *, forged: bool
) -> bytes:
    habit = writer.habit
    written = quoted(habit, typed, question, writer.name)
    headers: list[tuple[str, str]] = []
    if forged:
        domain = writer.address.partition("@")[2]
        claim = f"{AUTHSERV_ID}; spf=pass smtp.mailfrom={writer.address}; dkim=pass header.d={domain}; dmarc=pass"
        headers.append(("Authentication-Results", f"{claim} header.from={domain}"))
    if habit.thread == "headers" and question.message_id:
        headers.append(("In-Reply-To", question.message_id))
        headers.append(("References", "\r\n\t".join((*question.references[-8:], question.message_id))))
    if habit.client.startswith("outlook"):
        headers.append(("Thread-Topic", _ascii_topic(question.subject)))
        if habit.thread == "headers":
            headers.append(("Thread-Index", _thread_index(question, at, rng)))
        headers.append(("X-MS-Has-Attach", ""))
        headers.append(("X-Auto-Response-Suppress", "DR, OOF, AutoReply"))  # ordinary Exchange mail carries it too
    mailer = {"thunderbird": "Mozilla Thunderbird", "apple": "Apple Mail (2.3774)", "phone": "iPhone Mail (21F90)"}
    if habit.client in mailer:
        headers.append(("User-Agent" if habit.client == "thunderbird" else "X-Mailer", mailer[habit.client]))
    if habit.client == "outlook" and question.reply_to[1]:
        headers.append(
            ("Accept-Language", {"en": "en-GB", "de": "de-DE", "fr": "fr-FR", "ja": "ja-JP"}[habit.language])
        )
    old_charset = {"ja": "iso-2022-jp", "de": "iso-8859-1", "fr": "windows-1252"}.get(habit.language, "utf-8")
    return write(
        Draft(
            sender=writer.sender,
            to=(question.reply_to,),
            subject=subject(habit, question),
            date=phrases.local(at, habit.language),
            message_id=own_id,
            text=written.text,
            html=written.html,
            headers=tuple(headers),
            charset=old_charset if habit.client in ("outlook", "thunderbird") else "utf-8",
            transfer=rng.choice(("quoted-printable", "base64")) if habit.client != "thunderbird" else "8bit",
        )
    )


def _ascii_topic(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _thread_index(question: Question, at: datetime, rng: Random) -> str:
    """The question's index with five bytes more; a new one when it has none."""
    try:
        known = base64.b64decode(question.thread_index, validate=True)
    except ValueError:
        known = b""
    if len(known) < 22:
        stamp = int(at.timestamp() * 10_000_000 + 116_444_736_000_000_000) >> 16
        known = stamp.to_bytes(6, "big") + hashlib.sha256(question.message_id.encode()).digest()[:16]
    passed = int((at - question.date) / timedelta(seconds=1)) & 0xFFFFFFFF
    return base64.b64encode(known + passed.to_bytes(4, "big") + bytes([rng.randrange(256)])).decode()


def _host(person: Person, kind: str) -> str:
    if kind in ("bounce", "delay"):
        return AUTHSERV_ID
    host = {"gmail": "mail.gmail.com", "apple": "northwind.example", "phone": "northwind.example"}
    return host.get(person.habit.client, "exch01.northwind.example")
