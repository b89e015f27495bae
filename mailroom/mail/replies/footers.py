"""What gateways and virus scanners put below everybody's mail."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailroom.mail.replies.separators import is_row

_MOST_LINES = 60
_SECRET = re.compile(
    r"confidential|privileged|vertraulich|confidentiel|confidencial|riservat|vertrouwelijk|konfidentiell|fortrolig|"
    r"luottamuksell|poufn|důvěrn|dôvern|bizalmas|confidenți|конфиденциальн|конфіденційн|gizli|机密|保密|機密|기밀",
    re.IGNORECASE,
)
_READER = re.compile(
    r"recipient|addressee|intended (?:for|solely|only)|empfänger|adressat|destinatai|destinatari|destinatári|"
    r"geadresseerde|ontvanger|mottagar|modtager|mottaker|vastaanottaj|adresat|odbiorc|příjemc|príjemc|címzett|"
    r"получател|адресат|одержувач|alıcı|收件人|受信者|수신인",
    re.IGNORECASE,
)
_MAIL = r"(?:e-?mails?|mails?|messages?|nachricht|courriel|mensaje|correo|messaggio|mensagem|bericht|wiadomość|zpráv\w)"
_CHECKED = (
    "scanned|checked|free from|geprüft|überprüft|analysé|vérifié|analizad|verificad|comprobad|controllat|scansion|"
    "gescand|gecontroleerd|skann|kontroll|przeskan|sprawdzon|zkontrol|skontrol|проверен"
)
_SCANNED = re.compile(
    rf"(?=[^\n]{{0,90}}(?:{_CHECKED}))(?:this|diese|cet?|este|questa?|esta|deze|dit|denna|denne|ta|tato|tento)\s{_MAIL}\b[^\n]{{0,90}}"
    r"(?:avast|avg\b|antivir|virus|viren|wirus|malware)|"
    r"(?:virenfrei|virus-?free|garanti sans virus|sans virus|libre de virus|privo di virus|virusvrij|virusfri|"
    r"bez wirusów|bez virů|без вирусов)[.:]?\s{1,3}(?:<?https?://|\[?www\.)",
    re.IGNORECASE,
)
_LINK_ALONE = re.compile(r"\s*[<(\[]?(?:https?://|www\.)\S{3,300}\s*$")
_HEADING = re.compile(
    r"[*_\s]{0,8}(?:(?:legal |e-?mail )?disclaimer|confidentiality notice|haftungsausschluss|avis)\W{0,8}$", re.I
)


def is_scanners(lines: Sequence[str], index: int, end: int) -> bool:
    """Whether a virus scanner wrote `lines[index:end]`: its sentence, and a link at most."""
    if _SCANNED.match(lines[index].lstrip(" *_[")) is None:
        return False
    below = [line for line in lines[index + 1 : end] if line.strip()]
    return len(below) <= 1 and all(_LINK_ALONE.match(line) for line in below)


def gateways_footer(lines: Sequence[str]) -> int:
    """Where, below a quote, the legal notice of a gateway begins; the number of lines when there is none."""
    above = 0
    for index, line in enumerate(lines[:_MOST_LINES]):
        if not line.strip() or is_row(line) or line.strip() in {"--", "---"} or _HEADING.match(line):
            continue
        if not lines[above:index] or not lines[index - 1].strip() or is_row(lines[index - 1]):
            paragraph = _paragraph(lines, index)
            if (_SECRET.search(paragraph) and _READER.search(paragraph)) or _SCANNED.match(paragraph):
                return above
        above = index + 1
    return len(lines)


def _paragraph(lines: Sequence[str], start: int) -> str:
    stop = start
    while stop < min(len(lines), start + _MOST_LINES) and lines[stop].strip():
        stop += 1
    return " ".join(line.strip() for line in lines[start:stop])[:3_000]
