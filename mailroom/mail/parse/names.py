"""File names: what the mail says, made safe to show and to use as the last component of a path."""

from __future__ import annotations

import mimetypes
import re
import unicodedata

_BYTES = 240
"""File systems take 255; the rest is for what others hang on."""
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_JOINED = "[\u00a9\u00ae\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
"""Letters of Arabic, the scripts of India, Burma, Cambodia and Mongolia, and pictures: they change beside a joiner."""
_REAL_JOINER = re.compile(f"(?<={_JOINED})[\u200c\u200d](?={_JOINED})")
_RIGHT_TO_LEFT = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
_DRIVE = re.compile(r"^[A-Za-z]:")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?:\..*)?", re.IGNORECASE)
_DOUBLE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|rtf|txt|csv|jpe?g|png|gif|bmp|tiff?|mp[34]|avi|mov|html?|eml|zip)[\s_.]*"
    r"\.(?:exe|scr|com|pif|bat|cmd|js|jse|vbs|vbe|wsf|wsh|hta|lnk|ps1|jar|msi|iso|img|vhd|cpl|reg|chm|html?|svg|"
    r"url|one|dll|zip|rar|7z|ace|gz)$",
    re.IGNORECASE,
)
_EXTENSIONS = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "message/rfc822": ".eml",
    "message/global": ".eml", "application/octet-stream": ".bin", "image/jpeg": ".jpg",
    "application/ms-tnef": ".dat", "application/pgp-signature": ".asc", "application/pgp-encrypted": ".pgp",
    "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m", "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s", "application/vnd.ms-outlook": ".msg", "application/pdf": ".pdf",
    "application/zip": ".zip", "text/csv": ".csv", "image/png": ".png", "image/gif": ".gif", "image/jpg": ".jpg",
    "image/pjpeg": ".jpg", "image/x-png": ".png", "audio/mp3": ".mp3",
}  # fmt: skip


def safe_name(written: str) -> str:
    """A name without path, control and invisible characters; empty when nothing usable is left."""
    name = re.split(r"[/\\]", written)[-1] if ("/" in written or "\\" in written) else written
    name = _DRIVE.sub("", name)
    name = unicodedata.normalize("NFC", _visible(name))
    name = _FORBIDDEN.sub("_", name).lstrip(". \t\u00a0\u3000").rstrip(". \t\u00a0\u3000")
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _capped(name)


def _visible(name: str) -> str:
    """The name without characters that nobody sees; a joiner stays where it is part of the spelling or of a picture."""
    if name.isascii() or not _REAL_JOINER.search(name):
        return _INVISIBLE.sub("", name)
    joiners = [match.group() for match in _REAL_JOINER.finditer(name)]
    pieces = [_INVISIBLE.sub("", piece) for piece in _REAL_JOINER.split(name)]
    return "".join(piece + joiner for piece, joiner in zip(pieces, [*joiners, ""], strict=True))


def _capped(name: str) -> str:
    if len(name.encode("utf-8")) <= _BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode("utf-8")) > 20:
        stem, extension = name, ""
    room = _BYTES - len(extension.encode("utf-8")) - len(dot if extension else "")
    stem = stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(". \u200c\u200d")
    return f"{stem}.{extension}" if extension else stem


def made_up_name(number: int, mime_type: str) -> str:
    """`part-3.pdf`: for a part that has no name."""
    unknown = ".txt" if mime_type.startswith("text/") else ".bin"
    extension = _EXTENSIONS.get(mime_type) or mimetypes.guess_extension(mime_type) or unknown
    return f"part-{number}{extension}"


def name_flags(written: str) -> list[str]:
    """What is suspicious about a name as it was written."""
    flags = []
    if _RIGHT_TO_LEFT.search(written):
        flags.append("rlo")
    if _DOUBLE.search(_INVISIBLE.sub("", written)):
        flags.append("double_extension")
    if "/" in written or "\\" in written:
        flags.append("path_in_name")
    return flags
