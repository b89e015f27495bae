"""The header block of a mail as the tenant keeps it, and as `transmissionInfo` shows it."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime

from sandbox.data.mail import IMPERSONATION_TESTS, Mail

TRUSTED = "relay.mimecast.com"
_CONTROL = re.compile(r"[\r\n\x00]+")
_PLAIN_WORD = re.compile(r"[\w !#$%&'*+/=?^`{|}~.-]*\Z", re.ASCII)


def header_block(mail: Mail, received: int) -> list[tuple[str, str]]:
    """(name, value) pairs, top first; values hold CRLF + tab where they are folded."""
    at = format_datetime(datetime.fromtimestamp(received, UTC))
    to = mail.recipients[0][1] if mail.recipients else ""
    lines: list[tuple[str, str]] = [
        (
            "Received",
            f"from {mail.helo} ({mail.remote_server} [{mail.sender_ip}])\r\n\tby {TRUSTED} with ESMTP"
            f" id mc-{received % 99991}-{len(mail.subject)}\r\n\t(version=TLSv1.3); {at}",
        )
    ]
    if not mail.no_auth_header:
        lines.append(("Authentication-Results", _authentication(mail)))
    if mail.impersonation is not None:
        tests = ";".join(f"{test}={'true' if test in mail.impersonation else 'false'}" for test in IMPERSONATION_TESTS)
        lines.append(("X-Mimecast-Impersonation-Protect", f"Policy={_clean(mail.policy)};{tests}"))
    lines.append(("X-Mimecast-Spam-Score", str(mail.spam_score)))
    lines.append(("Return-Path", f"<{mail.from_env}>"))
    lines += [("Authentication-Results", value) for value in mail.foreign_auth]
    lines.append(("Received", f"from workstation (unknown [10.0.0.7])\r\n\tby {mail.remote_server}; {at}"))
    lines += [("From", value) for value in raw_from(mail)]
    if mail.reply_to is not None:
        lines.append(("Reply-To", encoded(mail.reply_to)))
    lines += [("To", f"<{to}>"), ("Subject", encoded(mail.subject)), ("Date", at)]
    if mail.message_id:
        lines.append(("Message-ID", mail.message_id))
    lines.append(("MIME-Version", "1.0"))
    kind = "multipart/mixed" if mail.attachments else "multipart/alternative"
    lines.append(("Content-Type", f'{kind};\r\n\tboundary="b{received}"'))
    return lines + mail.extra_headers


def raw_from(mail: Mail) -> list[str]:
    """The values of the From headers as written on the wire."""
    if mail.raw_from is not None:
        return mail.raw_from
    if not mail.from_name:
        return [mail.from_addr]
    name = _clean(mail.from_name)
    if not name.isascii():
        return [f"{encoded(name)} <{mail.from_addr}>"]
    if not _PLAIN_WORD.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return [f"{name} <{mail.from_addr}>"]


def encoded(text: str) -> str:
    """RFC 2047 words, folded, when the text is not plain ASCII: Q for Latin letters, B for the rest."""
    text = _clean(text)
    if text.isascii():
        return text
    if max(text) < "\u0250":  # at most two bytes a letter, so ten letters fit into one word
        words = [f"=?utf-8?q?{_quoted(text[at : at + 10])}?=" for at in range(0, len(text), 10)]
    else:
        pieces = [text[at : at + 12].encode("utf-8", "replace") for at in range(0, len(text), 12)]
        words = [f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in pieces]
    return "\r\n ".join(words)


def _quoted(text: str) -> str:
    return "".join(
        letter
        if letter.isascii() and letter.isalnum()
        else "_"
        if letter == " "
        else "".join(f"={byte:02X}" for byte in letter.encode())
        for letter in text
    )


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _authentication(mail: Mail) -> str:
    parts = [TRUSTED]
    if mail.dkim == "none":
        parts.append("dkim=none")
    else:
        parts.append(f"dkim={mail.dkim} header.d={mail.dkim_domain} header.s=s1 header.b=aBcDeF12")
    parts.append(
        f"spf={mail.spf} ({TRUSTED}: domain of {mail.from_env} handles {mail.sender_ip} so)"
        f" smtp.mailfrom={mail.from_env}"
    )
    header_domain = mail.from_addr.rpartition("@")[2]
    if mail.dmarc == "none":
        parts.append("dmarc=none")
    else:
        policy = "none" if mail.dmarc == "fail" else "reject"
        parts.append(f"dmarc={mail.dmarc} (policy={policy}) header.from={header_domain}")
    return ";\r\n\t".join(parts)


def transmission_info(mail: Mail, received: int) -> str:
    """The block as the message information shows it: HTML-escaped inside `<pre>`."""
    text = "".join(f"{name}: {value}\r\n" for name, value in header_block(mail, received))
    text = html.escape(text, quote=False)
    if mail.double_escaped:
        text = html.escape(text, quote=False)
    return f"<pre>\n{text}</pre>"
