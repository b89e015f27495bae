"""One attachment: its names, its octets, what it claims to be and what it is."""

from __future__ import annotations

import hashlib
import re

from mailroom.mail.model import Attachment
from mailroom.mail.parse.declared import charset_of_part
from mailroom.mail.parse.entities import Entity
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.names import made_up_name, name_flags, safe_name
from mailroom.mail.parse.parameters import split_value, text_values
from mailroom.mail.parse.real_type import content_flags, real_type

_FILE = re.compile(r"[^/\\:?#%<>\"\r\n]{1,200}\.[A-Za-z0-9]{1,5}")


def names_of(entity: Entity, hint: str = "") -> list[str]:
    """Every file name a part was given, decoded, the best first.

    Args:
        entity: The part.
        hint: Charset of raw octets that are not UTF-8, when the part declares none itself.
    """
    if not entity.block.plain:
        hint = charset_of_part(entity) or hint
    written = entity.first.get("content-disposition", "")
    found: list[str] = []
    given: tuple[tuple[str, str], ...] = ()
    if "=" in written:
        given = split_value(written[: 64 * 1024])[1]
        found = text_values(given, "filename", hint)
    if entity.parameters:
        found += text_values(entity.parameters, "name", hint)
        if not found:  # written in the wrong header
            found = text_values(entity.parameters, "filename", hint)
    if not found and given:
        found = text_values(given, "name", hint)
    return list(dict.fromkeys(found)) if len(found) > 1 else found


def name_in_location(entity: Entity, hint: str = "") -> str:
    """The file name that stands alone in `Content-Location`: some programs name a part nowhere else."""
    written = entity.first.get("content-location", "")
    if not written or len(written) > 1000:
        return ""
    name = decode_header(written.strip(' \t"<>'), hint)
    return name if _FILE.fullmatch(name) else ""


def disposition_of(entity: Entity) -> str:
    """`attachment`, `inline` or empty; an unknown word means attachment, as RFC 2183 asks."""
    written = entity.first.get("content-disposition", "")
    if not written:
        return ""
    main = split_value(written[: 64 * 1024])[0]
    if main in {"attachment", "inline", ""}:
        return main
    return "inline" if main == "inline;" else "attachment"


def make_attachment(
    work: Work,
    content: bytes,
    *,
    names: list[str],
    mime_type: str,
    number: int,
    content_id: str = "",
    disposition: str = "",
    fallback_name: str = "",
    flags: tuple[str, ...] = (),
) -> Attachment:
    """An attachment out of its decoded octets.

    Args:
        work: Decides whether the content is kept.
        content: Decoded octets.
        names: Every name, decoded, the best first.
        mime_type: As declared.
        number: Position among the attachments, from 1; for a made-up name.
        content_id: As written.
        disposition: `attachment`, `inline` or empty.
        fallback_name: Used when the mail gives none, for instance made from a subject.
        flags: To start with.
    """
    kind = real_type(content)
    name = next((safe for safe in map(safe_name, names) if safe), "") or safe_name(fallback_name)
    name = name or made_up_name(number, mime_type)
    found = [*flags, *(flag for written in names for flag in name_flags(written)), *content_flags(name, content, kind)]
    return Attachment(
        name=name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        mime_type=mime_type,
        real_type=kind,
        content=content if work.keeps(len(content)) else None,
        content_id=decode_header(content_id).strip().strip("<>").strip() if content_id else "",
        disposition=disposition,
        original_names=tuple(names),
        flags=tuple(dict.fromkeys(found)),
    )
