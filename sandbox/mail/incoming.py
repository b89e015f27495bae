"""The mail that lies in the analysts' and the reporting mailbox before anybody looks; equal seeds give equal mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from sandbox.data import pick
from sandbox.mail import forwarding, notices, phrases
from sandbox.mail import incoming_words as words
from sandbox.mail.delivery import AUTHSERV_ID, Origin
from sandbox.mail.foreign import Foreign, foreign
from sandbox.mail.mime import Draft, write
from sandbox.mail.people import Person
from sandbox.mail.reading import question

SOC = ("Northwind SOC", "soc@northwind.example")
PHISH = ("Report phishing", "phish@northwind.example")
SHARES = {
    "report_inline": 18,
    "report_attached": 15,
    "newsletter": 16,
    "question": 13,
    "bounce": 9,
    "alert": 9,
    "phish": 7,
    "spam": 6,
    "away": 5,
    "read_receipt": 2,
}
"""Category -> how many in a hundred."""
_SPAN_DAYS = 13.0


@dataclass(frozen=True)
class Truth:
    """What one of these mails is.

    Attributes:
        category: Key of `SHARES`.
        account: Whose INBOX it lies in.
        uid: There; 0 before it is stored.
        sender: Address of whoever sent it to us.
        original_from: Of the reported mail.
        original_subject: Of the reported mail.
        original_ids: Message-IDs of the enclosed or returned mails.
        urls: What the mail, or the mail in it, links to.
        language: Of whoever wrote it.
    """

    category: str
    account: str
    sender: str
    uid: int = 0
    original_from: str = ""
    original_subject: str = ""
    original_ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True)
class Incoming:
    """A mail to put into a mailbox. `seen` has been opened by an analyst."""

    raw: bytes
    at: datetime
    origin: Origin
    seen: bool
    truth: Truth


def incoming(count: int, seed: int, base: datetime, people: Sequence[Person]) -> Iterator[Incoming]:
    """Write `count` mails, oldest first; the last one arrived just before `base`."""
    for number in range(count):
        rng = Random(f"{seed}/incoming/{number}")
        share = (number + rng.random()) / count
        at = (base - timedelta(days=_SPAN_DAYS * (1 - share))).replace(microsecond=0)
        category = pick.weighted(rng, SHARES)
        yield _WRITERS[category](_Desk(rng, seed, number, at, people))


@dataclass(frozen=True)
class _Desk:
    """What a writer needs."""

    rng: Random
    seed: int
    number: int
    at: datetime
    people: Sequence[Person]

    def someone(self) -> Person:
        return self.rng.choice(self.people)

    def own_id(self, host: str = "northwind.example") -> str:
        return f"<{self.rng.getrandbits(96):024x}@{host}>"

    def seen(self) -> bool:
        return self.rng.random() < 0.3


def _report(desk: _Desk, *, enclosed: bool) -> Incoming:
    reporter = desk.someone()
    category = pick.weighted(desk.rng, {"phish": 70, "spam": 12, "newsletter": 8, "malware": 10})
    received = desk.at - timedelta(minutes=desk.rng.randrange(3, 900))
    me = (reporter.name, reporter.address)
    originals = [foreign(desk.seed, desk.number, category, me, received)]
    if enclosed and desk.rng.random() < 0.12:
        originals.append(foreign(desk.seed, desk.number + 500_000, "phish", me, received))
    own_id = desk.own_id()
    if enclosed:
        raw = forwarding.attached(reporter, originals, PHISH, desk.at, desk.rng, own_id)
    else:
        raw = forwarding.inline(reporter, originals[0], PHISH, desk.at, desk.rng, own_id)
    truth = Truth(
        category="report_attached" if enclosed else "report_inline",
        account=PHISH[1],
        sender=reporter.address,
        original_from=originals[0].mail.from_addr,
        original_subject=originals[0].mail.subject,
        original_ids=tuple(original.mail.message_id for original in originals) if enclosed else (),
        urls=tuple(url for original in originals for url in original.urls),
        language=reporter.habit.language,
    )
    return Incoming(raw, desk.at, _inside(reporter), desk.seen(), truth)


def _outside(desk: _Desk, category: str) -> Incoming:
    made: Foreign = foreign(desk.seed, desk.number, category, SOC, desk.at)
    truth = Truth(
        category=category,
        account=SOC[1],
        sender=made.mail.from_addr,
        original_subject=made.mail.subject,
        urls=made.urls,
        language=made.mail.language,
    )
    return Incoming(made.raw, desk.at, made.origin, desk.seen(), truth)


def _question(desk: _Desk) -> Incoming:
    asker = desk.someone()
    language = asker.habit.language
    subject, text = desk.rng.choice(words.QUESTIONS[language])
    raw = write(
        Draft(
            sender=asker.sender,
            to=(SOC,),
            subject=subject,
            date=phrases.local(desk.at, language),
            message_id=desk.own_id(),
            text=text.replace("{name}", asker.name or "Northwind"),
        )
    )
    truth = Truth("question", SOC[1], asker.address, original_subject=subject, language=language)
    return Incoming(raw, desk.at, _inside(asker), desk.seen(), truth)


def _alert(desk: _Desk) -> Incoming:
    subject, text = desk.rng.choice(words.ALERTS)
    url = (
        f"https://console.{desk.rng.choice(('edr', 'proxy', 'backup'))}.northwind.example/e/{desk.rng.randrange(10**6)}"
    )
    values = {
        "n": str(desk.rng.randrange(100, 999)),
        "name": desk.someone().address,
        "url": url,
        "ip": pick.ip(desk.rng),
        "hash": sha256(f"{desk.seed}/{desk.number}".encode()).hexdigest(),
    }
    for name, value in values.items():
        subject, text = subject.replace(f"{{{name}}}", value), text.replace(f"{{{name}}}", value)
    sender = "no-reply@console.northwind.example"
    raw = write(
        Draft(
            sender=("Monitoring", sender),
            to=(SOC,),
            subject=subject,
            date=desk.at,
            message_id=desk.own_id("console.northwind.example"),
            text=text,
            headers=(("Auto-Submitted", "auto-generated"), ("X-Priority", "1")),
        )
    )
    return Incoming(
        raw, desk.at, Origin(sender, ip="10.1.2.3"), desk.seen(), Truth("alert", SOC[1], sender, urls=(url,))
    )


def _sent_by_us(desk: _Desk, to: Person) -> tuple[bytes, str]:
    """A mail the analysts had sent, for somebody or something to answer."""
    own_id = desk.own_id()
    subject = f"Did you expect this message? [{desk.rng.randrange(1000, 9999)}]"
    draft = Draft(
        sender=SOC,
        to=((to.name, to.address),),
        subject=subject,
        date=desk.at - timedelta(seconds=40),
        message_id=own_id,
        text="A message for you is being held. Did you expect it? Please answer yes or no.",
    )
    return write(draft), subject


def _bounce(desk: _Desk) -> Incoming:
    to = desk.someone()
    raw, subject = _sent_by_us(desk, to)
    asked = question(raw, desk.at)
    report = notices.Report(
        recipient=to.address,
        action=desk.rng.choice(("failed", "failed", "delayed")),
        style=desk.rng.choice(notices.STYLES),
        to=SOC[1],
        raw=raw,
        subject=subject,
        original_id=asked.message_id,
        at=desk.at,
        message_id=desk.own_id(AUTHSERV_ID),
    )
    truth = Truth("bounce", SOC[1], "mailer-daemon", original_subject=subject, original_ids=(asked.message_id,))
    origin = Origin("", ip="127.0.0.1", helo=AUTHSERV_ID, spf="none", dkim="none", dmarc="none")
    return Incoming(notices.delivery_report(report), desk.at, origin, desk.seen(), truth)


def _notice(desk: _Desk, category: str) -> Incoming:
    by = desk.someone()
    raw, subject = _sent_by_us(desk, by)
    asked = question(raw, desk.at)
    made = (notices.away if category == "away" else notices.read_receipt)(by, asked, desk.at, desk.own_id())
    truth = Truth(
        category,
        SOC[1],
        by.address,
        original_subject=subject,
        original_ids=(asked.message_id,),
        language=by.habit.language,
    )
    origin = Origin("" if category == "away" else by.address, user=by.address)
    return Incoming(made, desk.at, origin, desk.seen(), truth)


def _inside(person: Person) -> Origin:
    return Origin(person.address, ip="10.20.0.15", helo="mail.northwind.example", user=person.address)


_WRITERS: dict[str, Callable[[_Desk], Incoming]] = {
    "report_inline": lambda desk: _report(desk, enclosed=False),
    "report_attached": lambda desk: _report(desk, enclosed=True),
    "newsletter": lambda desk: _outside(desk, "newsletter"),
    "phish": lambda desk: _outside(desk, "phish"),
    "spam": lambda desk: _outside(desk, "spam"),
    "question": _question,
    "alert": _alert,
    "bounce": _bounce,
    "away": lambda desk: _notice(desk, "away"),
    "read_receipt": lambda desk: _notice(desk, "read_receipt"),
}
