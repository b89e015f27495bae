"""The line that a phone or an app puts below a mail (`Sent from my iPhone`), told from a person's own sentence."""

from __future__ import annotations

import re

from mailroom.mail.replies.folding import folded
from mailroom.mail.replies.languages import LANGUAGES

_BEGINNINGS = tuple(sorted({text for language in LANGUAGES for text in language.sent_from if text != "via"}, key=len))
_DEVICE = re.compile(
    r"(?<![a-z])(?:iphon|ipad|ipod|ios\b|android|samsung|galaxy|blackberry|outlook|yahoo|gmail|windows|mobil|handy|"
    r"smartphone|phone|unterwegs|mobiel|мобильн|почт|téléphone|telefon|telefono|teléfono|huawei|xiaomi|redmi|nokia|"
    r"htc|lg\b|sony|xperia|mailbox|proton|thunderbird|spark\b|airmail|gmx|web\.de|t-online|orange\b|verizon|at&t|"
    r"t-mobile|sprint\b|device|tablet|acompli|aquamail|nine\b|mail\b|móvil|movil|cellulare|celular|cell\b|"
    r"puhelime(?:sta|ni)|телефон|смартфон|mac\b|treo|nexus|pixel\b|motorola|zte\b|oneplus|icloud|inbox\b|front\b|"
    r"superhuman|telus|rogers|vodafone|lumia|surface\b|app\b|mailspring|shortwave|missive|boxer\b|roundcube|mailbird|"
    r"canary|bluemail|typeapp|zoho|hushmail|tuta(?:nota)?\b|fastmail|hey\b|polymail|edison|spike\b|fairphone|"
    r"telemóvel|täppar|telekom|rediff|alto\b|seamonkey|ibm verse|traveler\b|touchdown\b|inky\b|unibox|cloudmagic|"
    r"mixmax|xfinity|em client)|我的\S{0,8}(?:手机|手機)|(?:qq|网易|新浪|搜狐|阿里|139|189)\S{0,4}(?:邮|郵)|小米|华为|"
    r"スマートフォン|휴대폰|스마트폰|네이버 ?메일|메일 ?앱"
)
"""What sends. Words for mail in Chinese, Japanese and Korean are of no use: people write them as well."""
_PLATFORM = r"(?:ios|android|mac|windows|iphone|ipad)"
_APP_TO_GET = re.compile(
    rf"get (?:\S{{2,20}} ){{1,2}}for {_PLATFORM}|"
    rf"\S{{3,14}} (?:(?:el|o|the|le|το|sie sich|program|aplikację|aplikaci) )?outlook\S{{0,3}} \S{{2,6}} "
    rf"(?:\S{{6,9}} )?{_PLATFORM}|"
    rf"outlook \S{{2,5}} {_PLATFORM}\S{{0,4}} (?:herunterladen|beziehen|downloaden|letöltése)|"
    rf"[获獲取下][^\n]{{1,7}}{_PLATFORM} ?[的版] ?outlook|{_PLATFORM}용 outlook (?:받기|다운로드|가져오기)"
)
"""`Get Outlook for iOS` in whatever language the phone speaks; a sentence has more words, or others."""
_OUTLOOK_LINK = re.compile(r"(?=[^\n]{0,60}outlook)[^\n]{0,60}(?:ios|android)[^\n]{0,30}https?://aka\.ms/\w{1,20}")
_LAST = (
    "gönderildi",
    "에서 보냄",
    "에서 보낸 메일입니다",
    "에서 보냈습니다",
    "から送信",
    "lähetetty",
    "küldve",
    "を入手",
    "u edinin",
    "beszerzése",
    "다운로드",
    "发送",
)
"""How the line ends where the verb comes last; a sentence that ends with the verb has other words before it."""
_GERMAN_LAST = re.compile(
    r"van mijn [^\n]{1,60}(?:verzonden|verstuurd)|"
    r"(?:von (?:mein\S{0,12}|yahoo|unterwegs|proton|samsung[ -](?:mobile|tablet))|vom|mobil|unterwegs|diese nachricht|"
    r"mit|sicher)\b[^\n]{0,90}"
    r"(?:gesendet|versendet|verschickt|geschickt)"
)
_SENT_BY_MAIL = re.compile(
    r"(?:sent (?:by|via)|envoyé par|enviad[oa] por|inviat[oa] (?:per|via)|verzonden per|skickat via|"
    r"sendt (?:via|per|på)) e?-?mail\b"
)
"""How a person sent something."""
_VERB_LAST = ("gesendet", "versendet", "verschickt", "geschickt", "verzonden", "verstuurd")
_BY_APPS = ("gesendet", "verzonden", "verstuurd")
_FROM_MINE = ("von meinem ", "vom handy ", "vom mobiltelefon ", "vom smartphone ", "vom iphone ")
"""With the other verbs, which people use of parcels and letters."""
_GERMAN_FIRST = ("von mein", "von mir aus")
_MY_DEVICE = re.compile(r"(?:from|typed on|composed on) my (?:\S{1,20} ){0,3}\S{1,20}")
_BY_PHONE = re.compile(
    r"(?:\w{2,20} )?(?:from|by|via) (?:my )?(?:mobile|cell|phone|cellphone|iphone|ipad)(?: phone)?(?: \d{1,2})?"
)
_BY_SOMEBODY = re.compile(r"(?:sent|envoyé|enviado|enviada|inviato) (?:by|par|por|da) (?:\S{1,20} ){2}")
"""`Envoyé par le client depuis son téléphone`: what did it would stand right behind."""
_OURS = re.compile(
    r"(?<!\w)(?:our|unser\w{0,2}|notre|nuestr[oa]|nostr[oa]|noss[oa]|onze|vår|vores|unknown|by mistake|colleague|boss|"
    r"kolleg\w{0,3}|collègue|colega|collega|server|serveur|gateway)(?!\w)"
)
"""No app speaks of people, or of where else a mail may come from."""
_DAYS = re.compile(
    r"(?<!\w)(?:yesterday|today|gestern|heute|hier|ayer|hoy|ieri|oggi|ontem|hoje|gisteren|vandaag|igår|idag|i går|"
    r"i dag|eilen|tänään|wczoraj|dzisiaj|včera|dnes|вчера|сегодня|вчора|сьогодні|tegnap|azi|dün|bugün|morning|"
    r"tonight)(?!\w)|昨日|今日|昨天|今天|어제|오늘"
)
"""No app says when."""
_APOLOGY = re.compile(r"excuse|typo|brevity|auto-?correct|fat fingers|entschuldig|tippfehler")
_LINK = re.compile(r"[<(\[]?\s?(?:https?|mailto):[^\s>)\]]{1,200}\s?[>)\]]?")
_ADVERTISEMENT = re.compile(
    r"(?:securely )?sent (?:with|from) (?:tuta(?:nota)?|proton ?mail)\b[^\n]{0,80}|"
    r"sent via the samsung galaxy [^\n]{1,50}|sent from my blackberry [^\n]{1,60} network\.?|"
    r"sent using https?://www\.zoho\.\S{1,20}|"
    r"(?:yahoo|aol) mail: search, organize, conquer\.?|sent with (?:shift|good|mixmax) ?\((?:https?://|www\.)\S{1,60}"
)
"""Whole lines of apps that say more than which app it was."""
_MOST_WORDS = 10
_MOST_WORDS_BEFORE_A_VERB = 6


def is_app_line(line: str) -> bool:
    """Whether a phone or an app wrote this line."""
    text = line.strip(" \t*_<>[]()\xa0\u200b-–—")
    if not 4 <= len(text) <= 130:
        return False
    low = folded(text).replace("’", "'")
    if _BY_PHONE.fullmatch(low) or _OUTLOOK_LINK.fullmatch(low) or low.rstrip(".") == "sent on the go":
        return True
    core = _LINK.sub("", low).strip(" .。:;<>[]()")
    if _APP_TO_GET.fullmatch(core) or _ADVERTISEMENT.fullmatch(low):
        return True
    if core.endswith(("?", "!")) or _DAYS.search(core) or _OURS.search(core):
        return False
    if len(core.split()) <= 12 and _APOLOGY.search(core) and core.startswith(("sent ", "vom ", "von ", "gesendet ")):
        return True
    if core.endswith(_VERB_LAST) and not core.startswith("gesendet"):
        if not core.endswith(_BY_APPS) and not core.startswith(_FROM_MINE):
            return False
        return _GERMAN_LAST.fullmatch(core) is not None and _names_a_device(core)
    if not low.startswith(_BEGINNINGS):
        words = core.split()
        return core.endswith(_LAST) and len(words) <= _MOST_WORDS_BEFORE_A_VERB and _names_a_device(core)
    return _is_whole_line(core, text)


def _is_whole_line(core: str, text: str) -> bool:
    """Whether a line that begins as apps' lines do goes on like one."""
    words = core.split()
    if _SENT_BY_MAIL.match(core) or (core.startswith("sent by ") and "," in core):
        return False
    if core.startswith("sent using ") and not text[len("sent using ") :][:1].isupper():
        return False
    if len(words) > _MOST_WORDS or core.startswith(_GERMAN_FIRST) or "outlook für" in core[:14]:
        return False
    if core.startswith(("from my ", "typed on ", "composed on ")) and not _MY_DEVICE.fullmatch(core):
        return False
    if core.startswith(("get ", "holen ", "download ")):
        return _APP_TO_GET.fullmatch(core) is not None
    if len(words) <= 6 and core.startswith("sent from my") and "," not in core:
        return True
    if _BY_SOMEBODY.match(core) and not _names_a_device(" ".join(words[:5])):
        return False
    if core.startswith("sent from ") and (" by " in core or (len(words) == 4 and words[3].isdigit())):
        return " by " not in core
    return all(_names_a_device(part) for part in re.split("[,;]", core))


def _names_a_device(low: str) -> bool:
    return _DEVICE.search(low) is not None
