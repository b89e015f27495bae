"""Dotted names without a scheme: domains, file names, and links written without `http://`."""

from __future__ import annotations

import re

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import AS_ASCII, GLUED, IDEOGRAPH, SIGN
from mailroom.indicators.glued import after_prefix, compound_end, has_glue, names_in
from mailroom.indicators.hosts import domain_of, idna_note
from mailroom.indicators.scan import Scan, Walls
from mailroom.indicators.suffixes import is_top_level
from mailroom.indicators.urls import end_of_url

_NAME = Pattern(rb"(?:[A-Za-z0-9_\xc0-\xff\-]+(?:\(\d{1,3}\))?\.)+(?:[A-Za-z\xc0-\xff][A-Za-z0-9_\xc0-\xff\-]+|7z\b)")
_PATH = Pattern(rb"(?::\d{1,5})?[/?][^\x00-\x20<>\"`\x7f-\xa0]")

_BEFORE_NAMES = bytes((0x2D, SIGN))
_NUMBERED = re.compile(rb"[0-9]{1,3}" + bytes([SIGN]) + rb"+(?=[A-Za-z0-9])")
"""A framed number of a list, `1️⃣northwind.com`, or a number of pieces, `3×northwind.com`."""
_ESCAPE = re.compile(rb"[2-7][0-9A-Fa-f](?=[^.])")
"""What follows the `%` of a printable ASCII character, before more of the name."""

_FILE_TYPES = """
    exe dll sys scr pif cpl bat cmd ps1 psm1 vbs vbe js jse wsf wsh hta lnk msi msp jar apk ipa dmg pkg iso
    img vhd vhdx doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltm xll csv ppt pptx pptm pps ppsx pot potx
    rtf odt ods odp pdf xps one onepkg txt log xml json yaml yml ini cfg conf inf reg eml msg ics vcf mht mhtml
    html htm shtml xhtml php php3 php5 phtml asp aspx jsp jspx cgi swf flv zip rar 7z gz tgz bz2 tbz xz tar cab
    ace arj lzh lz zst z jpg jpeg png gif bmp tif tiff svg ico webp heic mp3 mp4 avi mov mkv wav wmv py pyc pyw
    rb class so dylib elf bin dat db sqlite bak tmp plist app kext deb rpm torrent ttf woff chm hlp url website
    desktop vcs p7m p7s asc sig pem crt cer key pfx p12 dwg dxf psd ai eps pub vsd vsdx mdb accdb pst ost dump
    dmp ocx efi drv msc appx appxbundle msix msixbundle rdp theme wim lua cpp hpp tsx epub mobi ogg webm woff2
    numbers wps xlw slk iqy ade adp mde settingcontent-ms library-ms search-ms scf inetloc webloc kdbx ovpn vmdk
    bash zsh ksh sh pl pm java md ppkg oft rpt sql jnlp
"""
FILE_TYPES = frozenset(_FILE_TYPES.split())
"""Endings that make a dotted name a file name."""


def find_names(scan: Scan) -> list[tuple[int, int]]:
    """Report domains, schemeless URLs and file names in what is still free.

    Returns:
        Start and end of the paths of schemeless URLs, which may contain more.
    """
    rests: list[tuple[int, int]] = []
    data = bytes(scan.free)
    walls = Walls(data)
    glued = has_glue(data)
    done = 0
    for first, last in _NAME.spans(data):
        if first < done and (done >= last or data[done] not in GLUED):
            continue
        if not glued:
            done = _one(scan, data, walls, first, last, rests)
            continue
        for start, end in names_in(scan.text, data, max(first, done), last, _ends):
            done = _one(scan, data, walls, _name_start(scan.text, data, start, end), end, rests)
    return rests


def _ends(label: str) -> bool:
    return label in FILE_TYPES or is_top_level(label)


def _one(scan: Scan, data: bytes, walls: Walls, start: int, end: int, rests: list[tuple[int, int]]) -> int:
    while start < end and data[start] == 0x2D:
        start += 1
    start = after_prefix(scan.text, data, start, end)
    before = data[start - 1] if start else 0
    if before == 0x25 and _ESCAPE.match(data, start, end):  # %
        start += 2
    while end > start and data[end - 1] in b"_-":
        end -= 1
    token = scan.text[start:end]
    if not token.isascii():
        token = token.translate(AS_ASCII)
    if "-" in token and before not in b"/\\":  # not in `application/vnd.ms-excel`
        end = compound_end(scan.text, data, start, end, _ends, sure=False)
        token = token[: end - start]
    ending = token.rpartition(".")[2]
    numbered = token.rfind(").")
    if numbered >= 0 and ending.lower() not in FILE_TYPES:  # only a file is called `name(1).ending`
        start, token = start + numbered + 2, token[numbered + 2 :]
        numbered = -1
        before = 0x2E
    in_path = before in b"/\\" and before != 0 and data[start - 2 : start - 1] not in {b"/", b"\\"}
    sure = scan.rewritten(start, end)
    name = domain_of(token, sure=sure) if numbered < 0 else ""
    if (
        ending.lower() in FILE_TYPES
        and (ending.islower() or ending.isupper() or ending[0].isdigit())
        and (not name or in_path)
    ):
        scan.add("filename", token, start, end)
        return end
    if not name or data[end : end + 1] == b"@":
        return end  # nothing, or the left half of a message id
    length = len(name)
    if len(token) != length:  # labels were dropped at the end, or bad ones before
        at = token.lower().find(name)
        start, end = start + at, start + at + length
    path = (
        -1
        if in_path or before == 0x40
        else _path_end(data, start, end, min(walls.after(start), start + scan.limits.url), sure=sure)
    )
    if path > 0:
        notes = (*idna_note(name), "no_scheme")
        scan.add("url", name + scan.text[end:path], start, path, notes)
        scan.add("domain", name, start, end, ("of_url", *idna_note(name)))
        rests.append((end, path))
        scan.cover(start, path)
        return path
    scan.add("domain", name, start, end, idna_note(name))
    return end


def _path_end(data: bytes, start: int, end: int, wall: int, *, sure: bool) -> int:
    """Where the path after a name ends, or -1 when there is none worth calling this a URL."""
    if end >= len(data) or data[end] not in b"/?:" or _PATH.at(data, end, end + 9) < 0:
        slash_only = sure and data[end : end + 1] == b"/"
        return end + 1 if slash_only else -1
    last = end_of_url(data, start, wall)
    slash = data.find(b"/", end, last)
    if slash == last - 1 and slash == end and not sure:
        return -1
    return last if last > end + 1 or (sure and last > end) else -1


def _name_start(text: str, data: bytes, start: int, end: int) -> int:
    """Where a name begins that words or pictograms are glued to.

    A first label that ends in such words stays whole. So does that of a file unless two ASCII letters follow the words:
    `合同2023.docx` and `报价单v2.docx` are names, `ファイルinvoice.pdf` is a word and a name.
    """
    dot = data.index(b".", start, end)
    name = data.rfind(IDEOGRAPH, start, dot) + 1
    if start < name < dot and (data[name : name + 2].isalpha() or not _is_file(text[start:end])):
        start = name
    bare = data[start:dot].lstrip(_BEFORE_NAMES)
    numbered = _NUMBERED.match(bare)
    bare = bare[numbered.end() :] if numbered else bare
    return dot - len(bare) if bare else start


def _is_file(token: str) -> bool:
    return token.rpartition(".")[2].lower() in FILE_TYPES and not domain_of(token, sure=False)
