"""Outlook's .msg files: an OLE container with one MAPI property per stream."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import olefile

from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.parse import mapi
from mailroom.mail.parse.addresses import read_addresses
from mailroom.mail.parse.attachments import make_attachment
from mailroom.mail.parse.blocks import read_block
from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.dates import read_date
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.ids import read_ids, read_message_id
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.rtf import decompress_rtf, unwrap_rtf

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FIXED_STREAM = "__properties_version1.0"
_ENTRIES = 10_000
_RECIPIENTS = 2_000
ReadMail = Callable[..., Mail]


def is_msg(raw: bytes) -> bool:
    """Whether these octets are an OLE file."""
    return raw.startswith(_SIGNATURE)


def read_msg(raw: bytes, work: Work, level: int, read_mail: ReadMail) -> Mail:
    """The mail in a .msg file; a `Mail` with the defect `not_a_mail` when it is another kind of OLE file."""
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        with olefile.OleFileIO(io.BytesIO(raw)) as container:
            if not container.exists(_FIXED_STREAM):
                return Mail(sha256, len(raw), defects=("not_a_mail",))
            mail = _Folder(container, (), work, [work.limits.attachments_total]).read(level, read_mail)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
        return Mail(sha256, len(raw), defects=("msg_unreadable",))
    return replace(mail, sha256=sha256, size=len(raw), defects=tuple(sorted(work.defects)))


@dataclass(slots=True)
class _Folder:
    """One storage: a message, a recipient or an attachment. `room` is how many octets may still be read."""

    container: olefile.OleFileIO
    path: tuple[str, ...]
    work: Work
    room: list[int]
    label: str = ""

    def read(self, level: int, read_mail: ReadMail) -> Mail:
        """The message in this storage."""
        fixed = self._fixed(32 if not self.path else 24)
        codepage = fixed.get(mapi.MESSAGE_CODEPAGE) or fixed.get(mapi.INTERNET_CODEPAGE) or 0
        self.label = mapi.codepage_label(codepage)
        headers = self._headers()
        first = {name.lower(): value for name, value in reversed(headers)}
        text, html = self._bodies(fixed)
        recipients = self._recipients()
        attachments, nested, nested_raw = self._attachments(level, read_mail)
        return Mail(
            sha256=self._digest(),
            size=0,
            headers=tuple((name, decode_header(value)) for name, value in headers),
            subject=self.text(mapi.SUBJECT).strip() or decode_header(first.get("subject", "")),
            from_=self._authors(first.get("from", "")),
            sender=read_addresses(first.get("sender", ""), author=True),
            reply_to=read_addresses(first.get("reply-to", ""), author=True),
            to=recipients[1] or read_addresses(first.get("to", "")),
            cc=recipients[2] or read_addresses(first.get("cc", "")),
            bcc=recipients[3],
            date=read_date(first.get("date", "")) or self._sent(fixed),
            message_id=read_message_id(first.get("message-id", "") or self.text(mapi.MESSAGE_ID)),
            in_reply_to=read_ids(first.get("in-reply-to", "") or self.text(mapi.IN_REPLY_TO)),
            references=read_ids(first.get("references", "") or self.text(mapi.REFERENCES), self.work.limits.references),
            text=text,
            html=html,
            charset=self.label or "utf-16",
            content_type="application/vnd.ms-outlook",
            attachments=tuple(attachments),
            nested=tuple(nested),
            nested_raw=tuple(nested_raw),
        )

    def octets(self, name: int, kind: int = 0x0102) -> bytes:
        """The stream of one property; empty when there is none or the limit is reached."""
        path = [*self.path, f"__substg1.0_{name:04X}{kind:04X}"]
        if not self.container.exists(path):
            return b""
        size = self.container.get_size(path)
        if size > self.room[0]:
            self.work.defects.add("attachment_too_large")
            return b""
        self.room[0] -= size
        data: bytes = self.container.openstream(path).read()
        return data

    def text(self, name: int) -> str:
        """A text property, in UTF-16 or in the code page of the mail."""
        if wide := self.octets(name, 0x001F):
            return wide.decode("utf-16-le", "replace").replace("\x00", "")
        return decode(self.octets(name, 0x001E).rstrip(b"\x00"), self.label).text

    def _fixed(self, header: int) -> dict[int, int]:
        """Numbers and times, which share one stream after a header of so many octets."""
        path = [*self.path, _FIXED_STREAM]
        if not self.container.exists(path):
            return {}
        data: bytes = self.container.openstream(path).read()[: 16 * _ENTRIES]
        found: dict[int, int] = {}
        for position in range(header, len(data) - 15, 16):
            kind = int.from_bytes(data[position : position + 2], "little")
            name = int.from_bytes(data[position + 2 : position + 4], "little")
            width = 8 if kind in {0x40, 0x14} else 4
            found[name] = int.from_bytes(data[position + 8 : position + 8 + width], "little")
        return found

    def _headers(self) -> list[tuple[str, str]]:
        written = self.text(mapi.HEADERS)
        if not written:
            return []
        octets = written.encode("utf-8", "replace").lstrip(b"\r\n")
        return [(name, value) for name, value in read_block(octets, 0, len(octets), self.work).fields if name]

    def _bodies(self, fixed: dict[int, int]) -> tuple[str, str]:
        text = self.text(mapi.BODY)
        label = mapi.codepage_label(fixed.get(mapi.INTERNET_CODEPAGE, 0))
        html = decode(self.octets(mapi.HTML).rstrip(b"\x00"), label, is_html=True).text or self.text(mapi.HTML)
        if not html and (packed := self.octets(mapi.RTF)):
            plain, html = unwrap_rtf(decompress_rtf(packed))
            text = text or plain
        limit = self.work.limits.text
        return text.replace("\r\n", "\n").replace("\r", "\n")[:limit], html.replace("\r\n", "\n")[:limit]

    def _authors(self, written: str) -> tuple[MailAddress, ...]:
        if written and (found := read_addresses(written, author=True)):
            return found
        for name, smtp, address in (
            (mapi.FROM_NAME, mapi.FROM_SMTP, mapi.FROM_ADDRESS),
            (mapi.SENDER_NAME, mapi.SENDER_SMTP, mapi.SENDER_ADDRESS),
        ):
            if (found_name := self.text(name)) or self.text(address):
                return (_address(found_name, self.text(smtp) or self.text(address)),)
        return ()

    def _sent(self, fixed: dict[int, int]) -> datetime | None:
        return mapi.file_time(fixed.get(mapi.SENT_AT, 0)) or mapi.file_time(fixed.get(mapi.RECEIVED_AT, 0))

    def _below(self, prefix: str) -> list[str]:
        depth = len(self.path)
        names = {
            entry[depth]
            for entry in self.container.listdir(streams=True, storages=True)[:_ENTRIES]
            if len(entry) > depth and tuple(entry[:depth]) == self.path and entry[depth].startswith(prefix)
        }
        return sorted(names)

    def _recipients(self) -> dict[int, tuple[MailAddress, ...]]:
        found: dict[int, list[MailAddress]] = {1: [], 2: [], 3: []}
        for name in self._below("__recip_version1.0_")[:_RECIPIENTS]:
            folder = _Folder(self.container, (*self.path, name), self.work, self.room, self.label)
            address = folder.text(mapi.RECIPIENT_SMTP) or folder.text(mapi.RECIPIENT_ADDRESS)
            kind = folder._fixed(8).get(mapi.RECIPIENT_TYPE, 1) & 3
            found.get(kind, found[1]).append(_address(folder.text(mapi.DISPLAY_NAME), address))
        return {kind: tuple(entries) for kind, entries in found.items()}

    def _attachments(self, level: int, read_mail: ReadMail) -> tuple[list[Attachment], list[Mail], list[bytes]]:
        attachments: list[Attachment] = []
        nested: list[Mail] = []
        nested_raw: list[bytes] = []
        for number, name in enumerate(self._below("__attach_version1.0_")[: self.work.limits.parts], 1):
            folder = _Folder(self.container, (*self.path, name), self.work, self.room, self.label)
            inner = (*folder.path, "__substg1.0_3701000D")
            if self.container.exists([*inner, _FIXED_STREAM]):
                if self._may_nest(level):
                    nested.append(_Folder(self.container, inner, self.work, self.room).read(level + 1, read_mail))
                    nested_raw.append(b"")
                continue
            content = folder.octets(mapi.ATTACH_DATA)
            names = [folder.text(mapi.ATTACH_LONG_NAME), folder.text(mapi.ATTACH_NAME)]
            made = make_attachment(
                self.work,
                content,
                names=[written for written in dict.fromkeys(names) if written],
                mime_type=folder.text(mapi.ATTACH_MIME).strip().lower() or "application/octet-stream",
                number=number,
                content_id=folder.text(mapi.ATTACH_CONTENT_ID),
                fallback_name=folder.text(mapi.DISPLAY_NAME),
            )
            if (made.name.lower().endswith((".eml", ".msg")) or made.mime_type == "message/rfc822") and self._may_nest(
                level
            ):
                nested.append(read_mail(content, self.work, level + 1))
                nested_raw.append(content)
                made = replace(made, flags=(*made.flags, "nested_mail"))
            attachments.append(made)
        return attachments, nested, nested_raw

    def _may_nest(self, level: int) -> bool:
        limits = self.work.limits
        if level >= limits.nested_depth or self.work.nested >= limits.nested_count:
            self.work.defects.add("nested_too_deep" if level >= limits.nested_depth else "too_many_nested")
            return False
        self.work.nested += 1
        return True

    def _digest(self) -> str:
        """Of a mail stored in another: it has no octets of its own, so its property streams stand for it."""
        digest = hashlib.sha256()
        for name in (mapi.SUBJECT, mapi.BODY, mapi.HTML, mapi.RTF, mapi.HEADERS, mapi.MESSAGE_ID):
            for kind in (0x001F, 0x001E, 0x0102):
                digest.update(f"{name}:{kind}:".encode() + self.octets(name, kind))
        return digest.hexdigest()


def _address(name: str, written: str) -> MailAddress:
    """An address from two properties. Exchange's own addresses (`/o=...`) are kept as they are and are not valid."""
    if "@" in written:
        entry = read_addresses(written.encode("utf-8").decode("latin-1"))
        if len(entry) == 1:
            shown = name.strip().strip("'") if name.strip().strip("'") != written else ""
            flags = entry[0].flags
            return MailAddress(entry[0].address, shown, f"{name} <{written}>", entry[0].valid, flags)
    return MailAddress(written.lower(), name.strip().strip("'"), f"{name} <{written}>", valid=False)
