"""What octets really are, by their first bytes."""

from __future__ import annotations

import re

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"Rar!\x1a\x07", "application/x-rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"MZ", "application/x-dosexec"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"{\\rtf", "application/rtf"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"-----BEGIN PGP", "application/pgp"),
    (b"%!PS", "application/postscript"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"#!", "text/x-script"),
    (b"vhdxfile", "application/x-vhdx"),
    (b"conectix", "application/x-vhd"),
)
_BY_FIRST: dict[int, list[tuple[bytes, str]]] = {}
for _magic, _kind in _MAGIC:
    _BY_FIRST.setdefault(_magic[0], []).append((_magic, _kind))
_HTML = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<script|<meta|<table|<!--)", re.IGNORECASE)
_MARKUP = re.compile(rb"\s*<(?:\?xml|svg)", re.IGNORECASE)
_MAIL = re.compile(rb"(?:(?:received|return-path|from|to|subject|date|mime-version|message-id|delivered-to|x-[a-z-]+):"
                   rb"[^\n]*\n(?:[ \t][^\n]*\n)*){3}", re.IGNORECASE)  # fmt: skip
_OOXML = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("EncryptedPackage", "application/x-encrypted-office"),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book\x00", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
# What an extension may be in truth; extensions that are not here are never called a lie.
_HONEST: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "png": ("image/",), "jpg": ("image/",), "jpeg": ("image/",), "gif": ("image/",), "bmp": ("image/",),
    "txt": ("text/", "application/rtf"), "csv": ("text/",), "log": ("text/",),
    "doc": ("application/msword", "application/rtf", "application/vnd.openxml", "text/", "application/x-encrypted"),
    "docx": ("application/vnd.openxml", "application/zip", "application/x-encrypted"),
    "xls": ("application/vnd.ms-excel", "application/vnd.openxml", "text/", "application/x-encrypted"),
    "xlsx": ("application/vnd.openxml", "application/zip", "application/x-encrypted"),
    "ppt": ("application/vnd.ms-powerpoint", "application/vnd.openxml", "application/x-encrypted"),
    "pptx": ("application/vnd.openxml", "application/zip", "application/x-encrypted"),
    "zip": ("application/zip", "application/vnd.openxml", "application/java-archive"),
    "rar": ("application/x-rar",), "7z": ("application/x-7z-compressed",),
    "htm": ("text/",), "html": ("text/",), "rtf": ("application/rtf",),
    "mp3": ("audio/",), "mp4": ("video/",), "msg": ("application/vnd.ms-outlook",), "eml": ("message/", "text/"),
}  # fmt: skip
_PROGRAMS = frozenset({"application/x-dosexec", "application/x-elf", "application/x-ms-shortcut",
                       "application/x-mach-binary"})  # fmt: skip
_PROGRAM_EXTENSIONS = frozenset(
    {"exe", "dll", "scr", "com", "pif", "cpl", "sys", "ocx", "msi", "lnk", "so", "elf", "bin"}
)


def real_type(content: bytes) -> str:
    """A MIME type, or an empty text when the first bytes say nothing."""
    if not content:
        return ""
    for magic, kind in _BY_FIRST.get(content[0], ()):
        if content.startswith(magic) and (kind not in {"image/bmp", "application/x-dosexec"} or _binary(content)):
            return kind
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_type(content)
    if content.startswith(_OLE):
        return _ole_type(content)
    if content.startswith(b"RIFF") and len(content) > 12:
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(content[8:12], "")
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content[7:14] == b"**ACE**":
        return "application/x-ace"
    if content[257:262] == b"ustar":
        return "application/x-tar"
    if content[32769:32774] == b"CD001":
        return "application/x-iso9660-image"
    return _text_type(content[:2048])


def _binary(content: bytes) -> bool:
    return len(content) >= 26 and b"\x00" in content[:64]


def _text_type(start: bytes) -> str:
    start = start.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(start):
        return "image/svg+xml" if b"<svg" in start.lower() else "text/xml"
    if _HTML.match(start):
        return "text/html"
    if _MAIL.match(start.replace(b"\r\n", b"\n")):
        return "message/rfc822"
    return ""


def _zip_type(content: bytes) -> str:
    names = content[:4096] + content[-8192:]
    if b"[Content_Types].xml" in names:
        for folder, kind in _OOXML:
            if folder in names:
                return kind
    if b"META-INF/MANIFEST.MF" in names:
        return "application/java-archive"
    if content[30:38] == b"mimetype":
        return content[38:100].partition(b"PK")[0].decode("ascii", "ignore") or "application/zip"
    return "application/zip"


def _ole_type(content: bytes) -> str:
    for stream, kind in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return kind
    return "application/x-ole-storage"


def content_flags(name: str, content: bytes, kind: str) -> list[str]:
    """`type_mismatch`, `executable`, `encrypted`: what the content says against its name."""
    flags = []
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if kind in _PROGRAMS:
        flags.append("executable")
        if extension not in _PROGRAM_EXTENSIONS:
            flags.append("type_mismatch")
    elif kind and (honest := _HONEST.get(extension)) and not kind.startswith(honest):
        flags.append("type_mismatch")
    if _is_encrypted(content, kind):
        flags.append("encrypted")
    return flags


def _is_encrypted(content: bytes, kind: str) -> bool:
    if kind == "application/x-encrypted-office":
        return True
    if content.startswith(b"PK\x03\x04"):
        return bool(content[6] & 1) if len(content) > 6 else False
    if kind == "application/pdf":
        return b"/Encrypt" in content[-4096:] or b"/Encrypt" in content[:4096]
    if content.startswith(b"Rar!\x1a\x07\x01\x00"):
        return content[13:14] == b"\x04"
    return content.startswith(b"-----BEGIN PGP MESSAGE")
