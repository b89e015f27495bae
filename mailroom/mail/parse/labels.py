"""Charset labels as senders write them, and the codecs that are worth trying for each."""

from __future__ import annotations

import codecs
import re

from mailroom.mail.parse.remembering import remembering

# Labels that Python does not know, or for which senders mean more than the name says. Tried in order, strictly.
_LABELS: dict[str, tuple[str, ...]] = {
    "iso-8859-6-e": ("iso8859-6", "cp1256"),
    "iso-8859-6-i": ("iso8859-6", "cp1256"),
    "iso-8859-8-i": ("iso8859-8", "cp1255"),
    "iso-8859-8-e": ("iso8859-8", "cp1255"),
    "visual": ("iso8859-8", "cp1255"),
    "logical": ("iso8859-8", "cp1255"),
    "sun_eu_greek": ("iso8859-7",),
    "csisolatin9": ("iso8859-15",),
    "latin-9": ("iso8859-15",),
    "koi": ("koi8-r",),
    "koi8": ("koi8-r",),
    "koi8r": ("koi8-r",),
    "koi8-ru": ("koi8-u",),
    "iso-ir-111": ("koi8-r",),
    "koi8u": ("koi8-u",),
    "x-gbk": ("gb18030",),
    "gb_2312": ("gb18030",),
    "gb_2312-80": ("gb18030",),
    "csgb2312": ("gb18030",),
    "gb2312_charset": ("gb18030",),
    "windows-31j": ("cp932",),
    "windows31j": ("cp932",),
    "x-sjis": ("cp932",),
    "x-shift-jis": ("cp932",),
    "x-euc-jp": ("euc_jp",),
    "eucjp-ms": ("euc_jp",),
    "eucjpms": ("euc_jp",),
    "cseucpkdfmtjapanese": ("euc_jp",),
    "iso-2022-jp-ms": ("iso2022_jp_ext",),
    "x-mac-roman": ("mac_roman",),
    "macintosh": ("mac_roman",),
    "csmacintosh": ("mac_roman",),
    "mac": ("mac_roman",),
    "mac-ce": ("mac_latin2",),
    "macce": ("mac_latin2",),
    "mac-centraleurroman": ("mac_latin2",),
    "mac-icelandic": ("mac_iceland",),
    "x-mac-cyrillic": ("mac_cyrillic",),
    "x-mac-ukrainian": ("mac_cyrillic",),
    "x-big5": ("cp950", "big5hkscs"),
    "cn-big5": ("cp950", "big5hkscs"),
    "chinesebig5": ("cp950", "big5hkscs"),
    "unicode-1-1-utf-7": ("utf-7",),
    "unicode-1-1-utf-8": ("utf-8",),
    "unicode11utf8": ("utf-8",),
    "unicode20utf8": ("utf-8",),
    "unicodefffe": ("utf-16-be",),
    "unicodefeff": ("utf-16-le",),
    "ucs-2": ("utf-16-le",),
    "ucs2": ("utf-16-le",),
    "iso-10646-ucs-2": ("utf-16-le",),
    "ks_c_5601": ("cp949",),
    "ks_c_5601-1987": ("cp949",),
    "ks_c_5601-1989": ("cp949",),
    "ksc-5601": ("cp949",),
    "ksc_5601": ("cp949",),
    "csksc56011987": ("cp949",),
    "cseuckr": ("cp949",),
    "iso-ir-149": ("cp949",),
}
_SUPERSETS: dict[str, tuple[str, ...]] = {  # by Python's own name for the codec
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc_kr": ("cp949",),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "big5": ("cp950", "big5hkscs"),
    "iso8859-1": ("cp1252", "iso8859-1"),
    "iso8859-9": ("cp1254", "iso8859-9"),
    "iso8859-8": ("iso8859-8", "cp1255"),
    "tis-620": ("cp874",),
    "iso8859-11": ("cp874",),
    "iso2022_jp": ("iso2022_jp_ext",),
    "euc_jp": ("euc_jp", "euc_jis_2004"),
}
_GUESS = frozenset(
    {"utf8mb4", "utf-8lias", "unicode", "default_charset", "default", "unknown-8bit", "x-user-defined", "binary"}
    | {"x-unknown", "unknown", "none", "8bit", "iso-8859-", "ansi", "", "ascii", "us-ascii"}
)
_SHORT = 100
"""Characters of a label that is remembered."""
_NOT_FOR_TEXT = frozenset({"undefined", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "mbcs", "oem"})
_ISO_8859 = re.compile(r"(?:cs)?(?:iso[-_ ]?)?8859[-_ ]?(\d{1,2})")
_LOCALE = re.compile(r"\A[a-z]{2}_[a-z]{2}\.")
"""What stands before the charset in `de_DE.ISO-8859-15`."""
_CODE_PAGE = re.compile(r"(?:x-)?(?:ms-)?(?:windows|win|cp|ms|ibm|dos|ansi|codepage)[-_ ]?(\d{3,5})")
_CODE_PAGES = {
    932: "cp932", 936: "gb18030", 949: "cp949", 950: "cp950", 1200: "utf-16-le", 1201: "utf-16-be", 10000: "mac_roman",
    10007: "mac_cyrillic", 20127: "us-ascii", 20866: "koi8-r", 20932: "euc_jp", 20936: "gb18030", 21866: "koi8-u",
    28591: "iso-8859-1", 28592: "iso-8859-2", 28593: "iso-8859-3", 28594: "iso-8859-4", 28595: "iso-8859-5",
    28596: "iso-8859-6", 28597: "iso-8859-7", 28598: "iso-8859-8", 28599: "iso-8859-9", 28603: "iso-8859-13",
    28605: "iso-8859-15", 38598: "iso-8859-8", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp",
    50225: "iso-2022-kr", 51932: "euc-jp", 51936: "gb18030", 51949: "euc-kr", 52936: "hz", 54936: "gb18030",
    65000: "utf-7", 65001: "utf-8",
}  # fmt: skip
"""Windows code pages that are not simply `cp` and their number."""


def code_page_label(number: int) -> str:
    """The charset label of a Windows code page."""
    return _CODE_PAGES.get(number, f"cp{number}")


_FONT_CHARSETS = {
    "128": 932, "129": 949, "134": 936, "136": 950, "161": 1253, "162": 1254, "163": 1258, "177": 1255, "178": 1256,
    "186": 1257, "204": 1251, "222": 874, "238": 1250,
}  # fmt: skip
"""Numbers that Windows gives the scripts of a font, which some programs write as the charset, and their code pages."""


@remembering(512, longest=_SHORT)
def codecs_for(label: str) -> tuple[str, ...]:
    """Codecs to try for a charset label as written; empty when the label says nothing usable."""
    name = label.strip(" \t\"'<>").partition(";")[0].partition("*")[0].partition("$")[0].strip(" \t\"'_").lower()
    if len(name) > 60:
        return ()
    name = _LOCALE.sub("", name)
    for candidate in (name, name.removeprefix("x-"), name.replace("_", "-"), name.replace(" ", "")):
        if candidate in _GUESS:
            return ()
        if (found := _known(candidate)) is not None:
            return found
    return _numbered(name)


def _known(name: str) -> tuple[str, ...] | None:
    """Codecs for a label that is in a table, ours or Python's; None when it is in neither."""
    if name in _LABELS:
        return _LABELS[name]
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if info.name in _NOT_FOR_TEXT or info.name == "ascii" or not getattr(info, "_is_text_encoding", True):
        return ()
    return _SUPERSETS.get(info.name, (info.name,))


def _numbered(name: str) -> tuple[str, ...]:
    """Codecs for what is only another way to spell a numbered charset: `win1251`, `x-ms-cp932`, `iso88592`."""
    if match := _ISO_8859.match(name):
        return _known(f"iso8859-{int(match[1])}") or ()
    if number := _FONT_CHARSETS.get(name):
        return _known(code_page_label(number)) or ()
    if match := _CODE_PAGE.fullmatch(name):
        return _known(code_page_label(int(match[1]))) or ()
    return ()
