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
_WARNING = re.compile(
    r"if you (?:are not|have received|received|receive)|in error|solely|unauthori[sz]ed|"
    r"(?:wenn|falls|sollten) sie (?:nicht|diese|die)|irrtümlich|unbefugt|si vous n|par erreur|si usted no|si no es|"
    r"por error|se (?:non|lei)|per errore|por engano|se (?:não|você)|indien u|ten onrechte|om du|av misstag|hvis du|"
    r"ved en fejl|ved en feil|mikäli|jos et|jeżeli|jeśli|omył|pokud nejste|omylem|ak nie ste|ha nem|tévedés|dacă nu|"
    r"eroare|если вы|ошибоч|якщо ви|помилков|eğer|yanlışlık|如果您|如您|若您|误收|誤収|誤って|귀하|잘못",
    re.IGNORECASE,
)
_SHORTEST = 80
_LONG = 240
"""Octets of a legal notice with words of warning, and of one without any that are known."""
_I = re.compile(
    r"\b(?:I(?:'\w{1,2}| (?:am|was|have|had|do|did|know|will|would|think|got|see|can|cannot))|[Mm]y|[Ii]ch|[Mm]ir|"
    r"[Mm]ein\w{0,2}|[Jj]e|[Jj]'ai|[Mm]oi|[Yy]o|[Ii]o|[Ee]u|[Ii]k|[Mm]ijn|[Jj]ag|[Jj]eg|[Яя]|[Мм]не|[Мм]ой)\b|我|私は"
)
"""A person; no lawyer writes so."""
_MAIL = r"(?:e-?mails?|mails?|messages?|nachricht|courriel|mensaje|correo|messaggio|mensagem|bericht|wiadomość|zpráv\w)"
_CHECKED = (
    "scanned|checked|free from|geprüft|überprüft|analysé|vérifié|analizad|verificad|comprobad|controllat|scansion|"
    "gescand|gecontroleerd|skann|kontroll|przeskan|sprawdzon|zkontrol|skontrol|проверен"
)
_PRODUCTS = (
    "avast|avg|avira|antivir|barracuda|bitdefender|bullguard|cisco|clamav|comodo|dr.?web|eset|f-secure|forcepoint|"
    "forti\\w{2,6}|g ?data|hornetsecurity|kaspersky|mailscanner|mailmarshal|mcafee|messagelabs|mimecast|nod32|norton|"
    "panda|proofpoint|sophos|spamtitan|symantec|trend ?micro|webroot|websense"
)
_SCANNED = re.compile(
    rf"(?=[^\n]{{0,90}}(?:{_CHECKED}))(?:this|diese|cet?|este|questa?|esta|deze|dit|denna|denne|ta|tato|tento)\s{_MAIL}\b"
    rf"[^\n]{{0,90}}\b(?:{_PRODUCTS})\b|"
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
            if _is_legal(paragraph) or _SCANNED.match(paragraph):
                return above
        above = index + 1
    return len(lines)


def _is_legal(paragraph: str) -> bool:
    """Whether a paragraph speaks of a secret and its reader at length, and nobody of himself."""
    if not (_SECRET.search(paragraph) and _READER.search(paragraph)) or _I.search(paragraph):
        return False
    length = len(paragraph.encode("utf-8", "replace"))
    return length >= _LONG or (length >= _SHORTEST and _WARNING.search(paragraph) is not None)


def _paragraph(lines: Sequence[str], start: int) -> str:
    stop = start
    while stop < min(len(lines), start + _MOST_LINES) and lines[stop].strip():
        stop += 1
    return " ".join(line.strip() for line in lines[start:stop])[:3_000]
