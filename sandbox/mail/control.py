"""The mail server's part of the back door, below `/__sandbox__/mail/`.

`GET state`, `people`, `sent`, `answers`, `truths`; `POST deliver`, `habit`, `advance`, `faults`; `report` is for the
tenant beside it, which knows the mails.
"""

from __future__ import annotations

from dataclasses import asdict
from email.utils import parseaddr
from hashlib import sha256
from typing import Any

from sandbox.mail.faults import MailFault
from sandbox.mail.incoming import PHISH, SOC
from sandbox.mail.mime import Draft, write
from sandbox.mail.people import Habit
from sandbox.mail.server import MailServer


def read(server: MailServer, name: str) -> Any:
    """Answer a GET; None when there is nothing of that name."""
    match name:
        case "state":
            return {
                "now": server.clock.now().isoformat(),
                "sent": len(server.sent),
                "answers": len(server.answers),
                "pending": server.pending,
                "mails": {address: len(server.mails(address)) for address in (SOC[1], PHISH[1])},
            }
        case "people":
            return {address: {"name": one.name, **asdict(one.habit)} for address, one in server.people.items()}
        case "sent":
            return [
                {"sender": mail.sender, "recipients": mail.recipients, "user": mail.user, "size": len(mail.raw)}
                for mail in server.sent
            ]
        case "answers":
            return [
                {
                    "person": answer.person,
                    "kind": answer.kind,
                    "sender": answer.sender,
                    "to": answer.to,
                    "answer": answer.answer,
                    "signature": answer.signature,
                    "question_id": answer.question_id,
                    "message_id": answer.message_id,
                    "at": answer.at.isoformat(),
                }
                for answer in server.answers
            ]
        case "truths":
            return [asdict(truth) for truth in server.truths]
    return None


def change(server: MailServer, name: str, sent: dict[str, Any]) -> Any:
    """Answer a POST; None when there is nothing of that name.

    Raises:
        ValueError, TypeError, KeyError: The body makes no sense.
    """
    match name:
        case "deliver":
            return {"uid": _deliver(server, dict(sent))}
        case "habit":
            address = sent.pop("address")
            return asdict(server.set_habit(address, Habit(**sent)).habit)
        case "report":
            return asdict(server.report(**sent))
        case "advance":
            return {"sent": server.advance(float(sent["seconds"])), "now": server.clock.now().isoformat()}
        case "faults":
            if not sent:
                server.faults.clear()
                return {"armed": 0}
            server.faults.add(MailFault(**sent))
            return {"armed": server.faults.armed}
    return None


def _deliver(server: MailServer, sent: dict[str, Any]) -> int:
    """A whole mail (`raw`), or one made of `from`, `subject`, `text` and `html`."""
    to, raw = sent.pop("to", SOC[1]), sent.pop("raw", None)
    author = parseaddr(sent.pop("from", "someone@outside.example"))
    subject, text, html = sent.pop("subject", ""), sent.pop("text", ""), sent.pop("html", "")
    sent.setdefault("sender", author[1])
    if raw is None:
        seed = f"{server.clock.now().isoformat()}/{subject}/{text}"
        own_id = f"<{sha256(seed.encode()).hexdigest()[:24]}@{author[1].rpartition('@')[2]}>"
        now = server.clock.now().replace(microsecond=0)
        raw = write(Draft(author, (("", to),), subject, now, own_id, text=text or " ", html=html)).decode("latin-1")
    return server.deliver(raw.encode("latin-1"), to, **sent)
