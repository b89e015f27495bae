"""The charset that a mail declares for its texts: raw octets in its headers and file names are in it too."""

from __future__ import annotations

from collections.abc import Iterator

from mailroom.mail.parse.entities import Entity
from mailroom.mail.parse.labels import codecs_for


def charset_of_headers(root: Entity) -> str:
    """The first charset that a part of the mail declares and that is not Unicode, as written.

    Empty when there is none, or when all headers of all parts are plain ASCII and nobody needs it.
    """
    if not root.children:
        return "" if root.block.plain else charset_of_part(root)
    parts = list(_parts(root))
    if all(part.block.plain for part in parts):
        return ""
    return next((label for part in parts if (label := charset_of_part(part))), "")


def charset_of_part(entity: Entity) -> str:
    """The charset that one part declares; empty when it is Unicode, which shows without being declared."""
    label = entity.parameter("charset")
    codecs = codecs_for(label) if label else ()
    return label if codecs and not codecs[0].startswith("utf") else ""


def _parts(root: Entity) -> Iterator[Entity]:
    """The entity and all below it, in the order of the mail."""
    waiting = [root]
    while waiting:
        entity = waiting.pop()
        yield entity
        waiting += reversed(entity.children)
