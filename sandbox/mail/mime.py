"""Writing mails as mail programs do; equal drafts give equal bytes."""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from quopri import encodestring

from sandbox.data.headers import encoded


@dataclass(frozen=True)
class File:
    """An attachment, or an image inside the HTML when it has a content id."""

    name: str
    mime_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Draft:
    """A mail before it is bytes. Addresses are (display name, address)."""

    sender: tuple[str, str]
    to: tuple[tuple[str, str], ...]
    subject: str
    date: datetime
    message_id: str
    text: str = ""
    html: str = ""
    cc: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """More headers, in front of MIME-Version."""
    charset: str = "utf-8"
    transfer: str = "quoted-printable"
    """`quoted-printable`, `base64`, `8bit` or `7bit`."""


def mailbox(person: tuple[str, str]) -> str:
    """`Name <address>` as it stands in a header."""
    name, address = person
    if not name:
        return address
    if not name.isascii():
        return f"{encoded(name)} <{address}>"
    if not all(letter.isalnum() or letter in " -_'" for letter in name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def write(draft: Draft) -> bytes:
    """The mail: CRLF line ends, text and HTML as alternatives, then files."""
    headers = [
        ("From", mailbox(draft.sender)),
        ("To", ",\r\n\t".join(mailbox(person) for person in draft.to)),
        *([("Cc", ",\r\n\t".join(mailbox(person) for person in draft.cc))] if draft.cc else []),
        ("Subject", encoded(draft.subject)),
        ("Date", format_datetime(draft.date)),
        *([("Message-ID", draft.message_id)] if draft.message_id else []),
        *draft.headers,
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("utf-8", "replace") + body(draft)


def body(draft: Draft) -> bytes:
    """Everything below the envelope headers: Content-Type, an empty line, and the parts."""
    inline = tuple(file for file in draft.files if file.content_id)
    attached = tuple(file for file in draft.files if not file.content_id)
    if attached:
        inner = body(replace(draft, files=inline))
        return multipart("mixed", [inner, *map(_file, attached)], draft.message_id)
    if inline:
        inner = body(replace(draft, files=()))
        return multipart("related", [inner, *map(_file, inline)], draft.message_id)
    if draft.text and draft.html:
        parts = [_text(draft, "plain", draft.text), _text(draft, "html", draft.html)]
        return multipart("alternative", parts, draft.message_id)
    return _text(draft, "html", draft.html) if draft.html else _text(draft, "plain", draft.text)


def multipart(subtype: str, parts: list[bytes], seed: str, *, parameters: str = "") -> bytes:
    """A body with its Content-Type; `parts` begin with their own headers."""
    digest = hashlib.sha256(f"{seed}/{subtype}".encode()).hexdigest()
    boundary = f"----=_{digest[:24]}"
    head = f'Content-Type: multipart/{subtype};{parameters}\r\n\tboundary="{boundary}"\r\n\r\n'
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + (b"" if part.endswith(b"\r\n") else b"\r\n") for part in parts)
    return head.encode() + body + line + b"--\r\n"


def _text(draft: Draft, subtype: str, text: str) -> bytes:
    try:
        content = text.replace("\r\n", "\n").replace("\n", "\r\n").encode(draft.charset)
        charset = draft.charset
    except UnicodeEncodeError:
        content, charset = text.replace("\r\n", "\n").replace("\n", "\r\n").encode(), "utf-8"
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    transfer = draft.transfer
    longest = max((len(line) for line in content.split(b"\r\n")), default=0)
    if longest > 990 and transfer in ("7bit", "8bit"):
        transfer = "quoted-printable"
    if transfer == "7bit" and not content.isascii():
        transfer = "8bit"
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    return head.encode() + _encoded(content, transfer)


def _encoded(content: bytes, transfer: str) -> bytes:
    if transfer == "quoted-printable":
        return encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    if transfer == "base64":
        return encodebytes(content).replace(b"\n", b"\r\n")
    return content


def _file(file: File) -> bytes:
    quoted = encoded(file.name)
    if file.mime_type == "message/rfc822":
        head = f'Content-Type: message/rfc822; name="{quoted}"\r\n'
        body = b"Content-Disposition: attachment;\r\n\t" + f'filename="{quoted}"\r\n\r\n'.encode() + file.content
        return head.encode() + body
    disposition = "inline" if file.content_id else "attachment"
    head = (
        f'Content-Type: {file.mime_type};\r\n\tname="{quoted}"\r\n'
        f'Content-Disposition: {disposition};\r\n\tfilename="{quoted}"\r\n'
        + (f"Content-ID: <{file.content_id}>\r\n" if file.content_id else "")
        + "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + _encoded(file.content, "base64")
