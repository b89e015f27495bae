"""Mail from outside as bytes: the fiction of the hold queue, with bodies."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random

from sandbox.data import Mail, compose, pick
from sandbox.data.headers import encoded, raw_from
from sandbox.mail.delivery import Origin
from sandbox.mail.incoming_words import NEWSLETTER, PHISH
from sandbox.mail.mime import Draft, File, body


@dataclass(frozen=True)
class Foreign:
    """A mail that somebody outside wrote.

    Attributes:
        mail: The fiction behind it.
        raw: Its bytes, as sent.
        text: Its body as text.
        html: Its body as HTML.
        sent: Its date.
        urls: Every address it links to.
        origin: How it reached us.
    """

    mail: Mail
    raw: bytes
    text: str
    html: str
    sent: datetime
    urls: tuple[str, ...]
    origin: Origin


def foreign(seed: int, number: int, category: str, to: tuple[str, str], at: datetime) -> Foreign:
    """Write a mail of one category of the fiction (`phish`, `spam`, `newsletter`, `malware`, `business`, ...)."""
    rng = Random(f"{seed}/foreign/{number}")
    mail = compose(seed, 1_000_000 + number, category, f"mailbox/{number}", [to])
    sent = at - timedelta(seconds=mail.sent_lag or 4)
    text, urls = _words(rng, mail, category)
    page = _page(text, urls, mail)
    files = tuple(File(part.name, part.mime_type, part.content) for part in mail.attachments)
    draft = Draft(
        sender=(mail.from_name, mail.from_addr),
        to=(to,),
        subject=mail.subject,
        date=sent,
        message_id=mail.message_id,
        text=text,
        html=page if rng.random() < 0.85 else "",
        files=files,
        transfer=rng.choice(("quoted-printable", "base64", "8bit")),
    )
    host = mail.remote_server or "mail.unknown.example"
    lines = [
        ("Received", f"from workstation (unknown [10.0.0.7])\r\n\tby {host} with ESMTP; {format_datetime(sent)}"),
        *(("Authentication-Results", value) for value in mail.foreign_auth),
        *(("From", value) for value in raw_from(mail)),
        *([("Reply-To", encoded(mail.reply_to))] if mail.reply_to is not None else []),
        ("To", f"<{to[1]}>"),
        ("Subject", encoded(mail.subject)),
        ("Date", format_datetime(sent)),
        *([("Message-ID", mail.message_id)] if mail.message_id else []),
        *mail.extra_headers,
        *(_list_headers(mail) if category in ("newsletter", "bulk") else []),
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    origin = Origin(mail.from_env, mail.sender_ip, mail.helo, mail.spf, mail.dkim, mail.dmarc)
    return Foreign(mail, head.encode("utf-8", "replace") + body(draft), text, page, sent, urls, origin)


def _words(rng: Random, mail: Mail, category: str) -> tuple[str, tuple[str, ...]]:
    brand = mail.from_name or "Support"
    language = mail.language
    if category in ("newsletter", "bulk"):
        domain = mail.from_addr.rpartition("@")[2] or "news.example"
        url = f"https://{domain}/issue/{rng.randrange(100, 999)}?r={rng.getrandbits(32):08x}"
        leave = f"https://{domain}/unsubscribe/{rng.getrandbits(40):010x}"
        text = NEWSLETTER.get(language, NEWSLETTER["en"]).replace("{url}", url) + f"\n\n{leave}"
        return text, (url, leave)
    url = f"https://{pick.throwaway(rng)}/{rng.choice(('login', 'verify', 'doc', 'track'))}/{rng.getrandbits(48):012x}"
    text = rng.choice(PHISH.get(language, PHISH["en"])).replace("{url}", url).replace("{brand}", brand)
    return text, (url,)


def _page(text: str, urls: tuple[str, ...], mail: Mail) -> str:
    rows = html.escape(text, quote=False)
    for url in urls:
        shown = "Review" if mail.category == "phish" else url
        rows = rows.replace(html.escape(url, quote=False), f'<a href="{html.escape(url)}">{html.escape(shown)}</a>')
    paragraphs = "\n".join(f"<p>{part}</p>" for part in rows.replace("\n\n", "\0").replace("\n", "<br>").split("\0"))
    pixel = f'<img src="https://{mail.from_addr.rpartition("@")[2] or "t.example"}/p.gif" width="1" height="1" alt="">'
    head = f'<head><meta charset="utf-8"><title>{html.escape(mail.subject)}</title></head>'
    return f"<html>{head}<body>{paragraphs}{pixel}</body></html>\n"


def _list_headers(mail: Mail) -> list[tuple[str, str]]:
    domain = mail.from_addr.rpartition("@")[2] or "news.example"
    known = {name for name, _ in mail.extra_headers}
    wanted = [
        ("List-Id", f"<news.{domain}>"),
        ("List-Unsubscribe", f"<mailto:leave@{domain}>, <https://{domain}/unsubscribe>"),
        ("Precedence", "bulk"),
    ]
    return [(name, value) for name, value in wanted if name not in known]
