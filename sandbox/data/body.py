"""What a mail says: its text, its link, and the whole of it as a file."""

from __future__ import annotations

import base64
import html as markup
import zlib

from sandbox.data.headers import header_block
from sandbox.data.mail import Component, Mail

PROTECT = "https://protect-sbx.mimecast.com/s/"
"""Where rewritten links lead; the path holds the true address."""
SENTENCES = {
    "business": "please find the details below and let us know by the end of the week.",
    "newsletter": "the news of this week for everybody who moves goods by road, rail and sea.",
    "bulk": "we would like to show you an offer that ends on Friday.",
    "spam": "you were chosen, claim your prize within 24 hours.",
    "phish": "your account will be closed unless you sign in and confirm your password.",
    "impersonation": "I need a payment made today and cannot talk, answer by mail only.",
    "malware": "open the attached document and enable its content to see the invoice.",
    "simulation": "your password has expired, sign in to keep access to your mailbox.",
}
"""What a mail is about besides its subject, by category."""
_LINKED = {"newsletter": "read", "bulk": "offer", "spam": "win", "phish": "login", "simulation": "renew"}


def link(mail: Mail) -> str:
    """The address a mail wants people to open; empty when it wants none."""
    if mail.url:
        return mail.url
    if mail.category not in _LINKED:
        return ""
    domain = (mail.from_env or mail.from_addr).rpartition("@")[2].lower() or "unknown.example"
    number = zlib.crc32(mail.from_addr.encode("utf-8", "replace"))
    return f"https://{domain}/{_LINKED[mail.category]}/{number:08x}"


def protect(url: str) -> str:
    """A link as the gateway rewrites it."""
    return PROTECT + base64.urlsafe_b64encode(zlib.compress(url.encode("utf-8", "replace"))).decode().rstrip("=")


def unprotect(url: str) -> str | None:
    """The true address of a rewritten link; None when it is none."""
    if not url.startswith(PROTECT):
        return None
    token = url[len(PROTECT) :].partition("?")[0]
    try:
        return zlib.decompress(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))).decode()
    except (ValueError, zlib.error):
        return None


def plain(mail: Mail, *, rewritten: bool = False) -> str:
    """The text of a mail, with lines that end in CRLF."""
    address = link(mail)
    shown = protect(address) if address and rewritten else address
    name = mail.recipients[0][0] if mail.recipients else ""
    lines = [f"Dear {name or 'colleague'},", "", mail.subject, "", SENTENCES[mail.category]]
    if shown:
        lines += ["", shown]
    return "\r\n".join([*lines, "", "Kind regards", mail.from_name, ""])


def as_html(mail: Mail, *, rewritten: bool = False) -> str:
    """The same as HTML, with a picture when the mail has one inside."""
    address = link(mail)
    paragraphs = [f"<p>{markup.escape(line)}</p>" for line in plain(mail, rewritten=rewritten).split("\r\n") if line]
    if address:
        target = markup.escape(protect(address) if rewritten else address)
        paragraphs.append(f'<p><a href="{target}">Open</a></p>')
    pictures = [f'<img src="cid:{content_id(part)}">' for part in mail.components if part.inline]
    return f"<html><body>{''.join([*paragraphs, *pictures])}</body></html>"


def content_id(part: Component) -> str:
    """The name by which the HTML text calls an inline picture."""
    return f"{part.token}@sandbox.example"


def eml(mail: Mail, received: int, *, rewritten: bool = False) -> bytes:
    """The whole mail as a file."""
    boundary = f"b{received}"
    lines = [f"{name}: {value}" for name, value in header_block(mail, received)]
    lines.append("")
    for part in mail.components:
        lines.append(f"--{boundary}")
        if part.attachment or part.inline:
            lines += _file(part)
        else:
            write = as_html if part.mime_type == "text/html" else plain
            text = write(mail, rewritten=rewritten)
            lines += [f"Content-Type: {part.mime_type}; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("utf-8", "replace")


def _file(part: Component) -> list[str]:
    name = "".join(letter if letter.isprintable() and letter not in '"\\' else "_" for letter in part.name)
    place = "inline" if part.inline else "attachment"
    lines = [
        f"Content-Type: {part.mime_type}",
        f'Content-Disposition: {place}; filename="{name}"',
        "Content-Transfer-Encoding: base64",
    ]
    if part.inline:
        lines.append(f"Content-ID: <{content_id(part)}>")
    encoded = base64.b64encode(part.content).decode()
    return [*lines, "", *(encoded[at : at + 76] for at in range(0, len(encoded), 76))]
