"""From the tree of parts to what a mail consists of: text, HTML, attachments, mails inside, reports."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field

from mailroom.mail.model import Attachment, Mail
from mailroom.mail.parse.attachments import disposition_of, make_attachment, name_in_location, names_of
from mailroom.mail.parse.charsets import decode, usual_text
from mailroom.mail.parse.declared import charset_of_headers
from mailroom.mail.parse.entities import Entity, read_entity
from mailroom.mail.parse.flowed import reflow
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.reports import read_status, returned_header_fields
from mailroom.mail.parse.smime import signed_content, smime_kind
from mailroom.mail.parse.tnef import is_tnef, read_tnef
from mailroom.mail.parse.tnef_mail import tnef_mail
from mailroom.mail.parse.transfer import is_base64
from mailroom.mail.parse.uuencoded import FILE_BEGINS, take_files

ReadNested = Callable[[bytes, int], "Mail | None"]
_STATUS = frozenset(
    {
        "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
        "message/global-disposition-notification", "message/feedback-report",
    }
)  # fmt: skip
_MAILS = frozenset({"message/rfc822", "message/global", "message/news", "message/rfc2822"})
_HEADERS_ONLY = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_BIG_TEXT = 2 * 1024 * 1024
_PGP = "-----BEGIN PGP MESSAGE-----"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(slots=True)
class Gathered:
    """What was found so far."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    charset: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    nested: list[Mail] = field(default_factory=list)
    nested_raw: list[bytes] = field(default_factory=list)
    delivery_status: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    returned_headers: tuple[tuple[str, str], ...] = ()
    calendar_method: str = ""
    encrypted: bool = False
    named_texts: list[tuple[bool, str]] = field(default_factory=list)
    """Body text only when there is no other: parts with a file name, multiparts without parts; (is it HTML, text)."""


class Gatherer:
    """Visits the parts of one mail in order.

    Args:
        work: The account of what the mail uses up.
        level: Of the mail: 0 for the outermost.
        read_nested: Parses a mail inside: `read_nested(raw, level)`.
        hint: Charset of raw octets in file names that are not UTF-8.
    """

    def __init__(self, work: Work, level: int, read_nested: ReadNested, hint: str = "") -> None:
        self.found = Gathered()
        self._work = work
        self._level = level
        self._read_nested = read_nested
        self._hint = hint
        self._pages_before = 0
        """HTML texts found before the multipart that is being visited."""

    def gather(self, root: Entity) -> Gathered:
        """Everything in the mail whose root entity this is."""
        self._visit(root, None, 0)
        found = self.found
        if found.named_texts and not found.texts and not found.htmls:
            for is_html, text in found.named_texts:
                (found.htmls if is_html else found.texts).append(text)
        return found

    def _visit(self, entity: Entity, parent: Entity | None, index: int) -> None:
        kind = entity.type
        if kind.startswith("multipart/"):
            self._visit_multipart(entity, parent, index)
        elif kind.startswith("text/"):
            self._visit_text(entity, parent, index)
        elif kind.startswith("message/"):
            self._visit_message(entity, parent)
        elif kind in _SMIME:
            self._visit_smime(entity)
        else:
            if kind == "application/pgp-encrypted":
                self.found.encrypted = True
            self._attach(entity, entity.decoded(self._work))

    def _visit_multipart(self, entity: Entity, parent: Entity | None, index: int) -> None:
        if entity.type == "multipart/encrypted":
            self.found.encrypted = True
        if not entity.children:
            if entity.cut:
                self._attach(entity, entity.content)
            elif entity.body < entity.end:  # no part was found in it: better than nothing, when there is nothing else
                text = self._text_of(entity, entity.decoded(self._work), is_html=False)
                self.found.named_texts.append((False, text))
            return
        outside, self._pages_before = self._pages_before, len(self.found.htmls)
        for number, child in enumerate(entity.children):
            self._visit(child, entity, number)
        self._pages_before = outside

    def _visit_text(self, entity: Entity, parent: Entity | None, index: int) -> None:
        kind = entity.type
        if kind in _HEADERS_ONLY:
            fields = returned_header_fields(entity.decoded(self._work), self._work)
            self.found.returned_headers = self.found.returned_headers or fields
            if parent is None or parent.type != "multipart/report":
                self._attach(entity, entity.decoded(self._work))
            return
        if kind in {"text/plain", "text/html"}:
            self._text_part(entity, parent, index, is_html=kind == "text/html")
            return
        if kind == "text/calendar" and not self.found.calendar_method:
            self.found.calendar_method = decode_header(entity.parameter("method")).strip().upper()[:40]
        if parent is None and disposition_of(entity) != "attachment" and kind != "text/calendar":
            self._add_text(entity, entity.decoded(self._work), is_html=False)
        else:
            self._attach(entity, entity.decoded(self._work))

    def _octets_of(self, entity: Entity) -> bytes:
        """The octets of a text in base64; as they stand where that is said of what is plainly words."""
        if not is_base64(entity.raw, entity.body, entity.end):
            self._work.defects.add("transfer_encoding_wrong")
            return entity.content
        return entity.decoded(self._work)

    def _text_part(self, entity: Entity, parent: Entity | None, index: int, *, is_html: bool) -> None:
        content = self._octets_of(entity) if entity.encoding == "base64" else entity.decoded(self._work)
        disposition = disposition_of(entity)
        if disposition == "attachment":
            self._attach(entity, content)
            return
        is_alternative = parent is None or parent.type in {"multipart/alternative", "multipart/related"}
        if parent is not None and index and parent.type == "multipart/related" and _is_referred_to(entity, parent):
            if not is_html or len(self.found.htmls) > self._pages_before:
                self._attach(entity, content)
                return
            is_alternative = False  # the page itself, behind its pictures; listed as well when it has a file name
        if (not is_alternative or "content-type" not in entity.first) and (names := names_of(entity, self._hint)):
            self._attach(entity, content)
            guessed = None if "content-type" in entity.first else mimetypes.guess_type(names[0])[0]
            if guessed and not guessed.startswith("text/"):
                return
            if disposition != "inline":  # declared inline, mail programs show it among the text
                self.found.named_texts.append((is_html, self._text_of(entity, content, is_html=is_html)))
                return
        if not is_html and (parent is None or not is_alternative) and FILE_BEGINS.search(content):
            content, files = take_files(content, self._work.limits.parts - self._work.parts)
            self._work.parts += len(files)
            for name, octets in files:
                self._attach_file(name, "application/octet-stream", octets, flag="uuencoded")
        self._add_text(entity, content, is_html=is_html, alternative=is_alternative)

    def _add_text(self, entity: Entity, content: bytes, *, is_html: bool, alternative: bool = False) -> None:
        text = self._text_of(entity, content, is_html=is_html)
        into = self.found.htmls if is_html else self.found.texts
        if text and not text.isspace() and not (alternative and text in into):
            into.append(text)
        if text.startswith(_PGP) or (text[:1].isspace() and text.lstrip().startswith(_PGP)):
            self.found.encrypted = True

    def _text_of(self, entity: Entity, content: bytes, *, is_html: bool) -> str:
        limit = self._work.limits.text
        if len(content) > _BIG_TEXT:
            self._work.heavy("a lot of text")
        if len(content) > limit:
            content = content[:limit]
            self._work.defects.add("text_cut")
        label = entity.parameter("charset") if entity.parameters else ""
        decoded = usual_text(content, label) or decode(content, label, is_html=is_html)
        if decoded.replaced:
            self._work.defects.add("charset_replaced")
        if not self.found.charset:
            self.found.charset = decoded.used
        text = decoded.text
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not is_html and entity.parameters and entity.parameter("format").strip("\"' ").lower() == "flowed":
            text = reflow(text, delete_space=entity.parameter("delsp").strip("\"' ").lower() == "yes")
        return text

    def _visit_message(self, entity: Entity, parent: Entity | None) -> None:
        kind = entity.type
        if kind in _STATUS:
            blocks = read_status(entity.decoded(self._work), self._work)
            self.found.delivery_status += blocks
            return
        if kind in _HEADERS_ONLY:
            fields = returned_header_fields(entity.decoded(self._work), self._work)
            self.found.returned_headers = self.found.returned_headers or fields
            return
        content = entity.decoded(self._work)
        if kind not in _MAILS:
            self._attach(entity, content, flags=("external_body",) if kind == "message/external-body" else ())
            return
        nested = self._nest(content)
        title = f"{nested.subject[:80]}.eml" if nested is not None and nested.subject else ""
        self._attach(entity, content, fallback_name=title, nested=False, flags=("nested_mail",) if nested else ())
        if nested is not None and parent is not None and parent.type == "multipart/report":
            self.found.returned_headers = self.found.returned_headers or nested.headers

    def _nest(self, content: bytes) -> Mail | None:
        limits = self._work.limits
        if self._level >= limits.nested_depth or self._work.nested >= limits.nested_count:
            self._work.defects.add("nested_too_deep" if self._level >= limits.nested_depth else "too_many_nested")
            return None
        self._work.nested += 1
        ours, self._work.defects = self._work.defects, set()  # what is wrong with that mail is said there
        try:
            nested = self._read_nested(content, self._level + 1)
        finally:
            self._work.defects = ours
        if nested is not None:
            self.found.nested.append(nested)
            self.found.nested_raw.append(content)
        return nested

    def _visit_smime(self, entity: Entity) -> None:
        content = entity.decoded(self._work)
        kind = smime_kind(content, entity.parameter("smime-type"))
        if kind == "enveloped-data":
            self.found.encrypted = True
        self._attach(entity, content, flags=("encrypted",) if kind == "enveloped-data" else ())
        if kind == "signed-data" and (inner := signed_content(content)):
            root = read_entity(inner, 0, len(inner), self._work, depth=1)
            self._hint = self._hint or charset_of_headers(root)
            self._visit(root, None, 0)

    def _attach(
        self,
        entity: Entity,
        content: bytes,
        *,
        fallback_name: str = "",
        nested: bool = True,
        flags: tuple[str, ...] = (),
    ) -> None:
        names = names_of(entity, self._hint)
        if nested and self._is_mail(names, entity.type, content) and self._nest(content) is not None:
            flags = (*flags, "nested_mail")
        made = make_attachment(
            self._work,
            content,
            names=names,
            mime_type=entity.type,
            number=len(self.found.attachments) + 1,
            content_id=entity.first.get("content-id", ""),
            disposition=disposition_of(entity),
            fallback_name=fallback_name or ("" if names else name_in_location(entity, self._hint)),
            flags=flags,
        )
        self.found.attachments.append(made)
        if is_tnef(content):
            self._work.heavy("an Outlook container")
            self._unpack_tnef(content)

    def _is_mail(self, names: list[str], kind: str, content: bytes) -> bool:
        if content.startswith(_OLE):
            return kind == "application/vnd.ms-outlook" or any(name.lower().endswith(".msg") for name in names)
        return any(name.lower().endswith(".eml") for name in names) and b":" in content[:1000]

    def _attach_file(self, name: str, mime_type: str, octets: bytes, *, flag: str, content_id: str = "") -> None:
        """A file that is no part of its own; how it came is the flag."""
        is_mail = self._is_mail([name], mime_type, octets) and self._nest(octets) is not None
        self.found.attachments.append(
            make_attachment(
                self._work,
                octets,
                names=[name] if name else [],
                mime_type=mime_type,
                number=len(self.found.attachments) + 1,
                content_id=content_id,
                flags=(flag, "nested_mail") if is_mail else (flag,),
            )
        )

    def _unpack_tnef(self, content: bytes) -> None:
        unpacked = read_tnef(content, self._work)
        for name, mime_type, octets, content_id in unpacked.attachments:
            self._attach_file(name, mime_type, octets, flag="from_tnef", content_id=content_id)
        for octets, message in unpacked.messages:
            self.found.nested.append(tnef_mail(octets, message, self._work))
            self.found.nested_raw.append(octets)
        if not self.found.texts and not self.found.htmls:
            if unpacked.html:
                self.found.htmls.append(unpacked.html)
            if unpacked.text:
                self.found.texts.append(unpacked.text)


def _is_referred_to(entity: Entity, related: Entity) -> bool:
    """Whether a part of a multipart/related can be shown by the page in it, and is not named as that page."""
    if "content-id" not in entity.first:
        return "content-location" in entity.first
    start = _id(related.parameter("start"))
    return not start or start != _id(entity.first["content-id"])


def _id(written: str) -> str:
    return written.strip(' \t"<>')
