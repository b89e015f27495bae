"""People report mail of the tenant: what reached them, forwarded to the reporting mailbox, with the truth about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from sandbox.data import Mail
from sandbox.data.body import as_html, eml, link, plain
from sandbox.mail import forwarding
from sandbox.mail.delivery import Origin
from sandbox.mail.foreign import Foreign
from sandbox.mail.incoming import Truth
from sandbox.mail.people import Person


def original_of(mail: Mail, person: Person, received: datetime) -> Foreign:
    """A mail of the tenant as it lies in one recipient's mailbox: with what the gateway wrote on top."""
    theirs = replace(mail, recipients=[(person.name, person.address)])
    url = link(mail)
    sent = received.astimezone(UTC).replace(microsecond=0)
    return Foreign(
        mail=theirs,
        raw=eml(theirs, int(received.timestamp())),
        text=plain(theirs).replace("\r\n", "\n"),
        html=as_html(theirs),
        sent=sent,
        urls=(url,) if url else (),
        origin=Origin(mail.from_env, mail.sender_ip, mail.helo, mail.spf, mail.dkim, mail.dmarc),
    )


def report(
    person: Person,
    mail: Mail,
    received: datetime,
    *,
    enclosed: bool,
    to: tuple[str, str],
    at: datetime,
    seed: str,
) -> tuple[bytes, Origin, Truth]:
    """Write the mail with which somebody reports another one.

    Args:
        person: Who reports.
        mail: The tenant's mail.
        received: When the tenant received it.
        enclosed: Attached as a file instead of quoted.
        to: (name, address) of the mailbox it goes to.
        at: When it is reported.
        seed: Decides the words.

    Returns:
        The report, how it reaches the server, and what it is; its UID is not known yet.
    """
    rng = Random(f"{seed}/report/{person.address}/{mail.message_id}/{enclosed}")
    original = original_of(mail, person, received)
    own_id = f"<{rng.getrandbits(96):024x}@northwind.example>"
    at = at.replace(microsecond=0)
    if enclosed:
        raw = forwarding.attached(person, [original], to, at, rng, own_id)
    else:
        raw = forwarding.inline(person, original, to, at, rng, own_id)
    truth = Truth(
        category="report_attached" if enclosed else "report_inline",
        account=to[1],
        sender=person.address,
        original_from=mail.from_addr,
        original_subject=mail.subject,
        original_ids=(mail.message_id,),
        urls=original.urls,
        language=person.habit.language,
    )
    origin = Origin(person.address, ip="10.20.0.15", helo="mail.northwind.example", user=person.address)
    return raw, origin, truth
