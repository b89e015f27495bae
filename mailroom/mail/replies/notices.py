"""Notices of absence that nothing but their text tells: no header, and the subject of any reply."""

from __future__ import annotations

import re

from mailroom.mail.model import Mail
from mailroom.mail.replies.answer import extract_answer
from mailroom.mail.replies.bounced_text import ADDRESS
from mailroom.mail.replies.phrases import ABSENCE_ADVICE, ABSENCE_BODY, ABSENCE_FACTS, THANKS

_WORD = re.compile(r"\w+")
_SENTENCE_ENDS = re.compile(r"(?<!\d)[.!](?=\s|$)\s*|[。！]\s*")
_SHORT = 14
_THANKS_WITHIN = 40
_MOST_WORDS = 2
"""Of thanks that do not say what for."""
_LONGEST = 1_200
_NUMBER = re.compile(r"(?:\A|\n|[.!。])[ \t]*[1-9][.)]?[ \t\r]*(?:\n|\Z)|[.!。]\s*[1-9][.)]\s")
"""Alone, it is what a question with numbers to choose from asks for."""
_UNSPACED = "\u0590"
_HELLO = frozenset(
    {
        "hi",
        "moin",
        "hej",
        "hei",
        "ciao",
        "salut",
        "olá",
        "здравствуйте",
        "здравейте",
        "привет",
        "вітаю",
        "ahoj",
        "merhaba",
        "dobrý den",
        "dzień dobry",
        "jó napot",
        "γεια σας",
        "שלום",
        "您好",
        "你好",
        "こんにちは",
        "안녕하세요",
    }
)
_BUT = re.compile(
    r"\b(?:but|however|aber|jedoch|mais|pero|però|ma|mas|maar|men|mutta|ale|jednak|však|avšak|но|однако|але|dar|"
    r"ama|fakat|αλλά)\b|不过|但|ですが|ますが|けれど|지만"
)
"""Behind it comes what the person has to say about the question."""
_CONTACT = re.compile(
    r"contact|kontakt|contatt|contat|conta[ck]te|get in touch|turn to|reach|wend\w|schreib|erreich|écri|adress|escrib|"
    r"dirig|rivolg|scriv|escrev|schrijf|neem|pišt|piš|pisz|napisz|skriv|skicka|ota yhteyttä|iletişim|başvur|fordul|"
    r"forduljon|írj|обра[тщ]|пиш|зверт|επικοινων|פנה|לפנות|اتصل|تواصل|联系|聯繫|联络|聯絡|連絡|연락"
)
_MAIL = re.compile(
    r"mail|mesa[gj]|messag|nachricht|mensa[jg]|correo|courriel|bericht|meddel|melding|henvend|viest|wiadomo|zpráv|správ|"
    r"üzenet|level|сообщ|письм|повідом|лист|posta|μήνυμα|הודע|رسال|بريد|邮件|郵件|来信|連絡|メール|メッセージ|메일|메시지"
)
_CLOSING = re.compile(
    r"\W{0,4}(?:(?:best|kind|warm|many|with)\b.{0,20}(?:regards|wishes|thanks)|regards\b|sincerely|"
    r"(?:thanks|thank you|cheers)\W{0,4}$|"
    r"(?:mit )?(?:freundlich|best|viel|herzlich|lieb)\w*\sgr(?:ü|ue)(?:ß|ss)|"
    r"(?:viel|herzlich|best)\w* dank\W{0,4}$|mfg\b|(?:bien )?cordialement|"
    r"bien à vous|sincères|(?:un |cordiales )?saludos?\b|atentamente|(?:cordiali|distinti) saluti|saluti\b|"
    r"atenciosamente|(?:com os melhores )?cumprimentos|met (?:vriendelijke|hartelijke)|groet|(?:med )?vänlig|mvh\b|"
    r"(?:med )?ven(?:n)?lig|hilsen|ystävällisin|terveisin|z poważaniem|(?:s )?pozdrav|pozdrawiam|pozdrowienia|"
    r"üdvözlettel|cu stimă|с уважением|з повагою|saygılar|iyi çalışmalar|με εκτίμηση|בברכה|敬具|よろしく|此致|祝)",
)


def is_notice(mail: Mail, text: str) -> bool:
    """Whether the text is a notice of absence and nothing else.

    It begins with the absence, goes on as notices do, quotes nothing, and holds no sentence about anything else: a
    person who is away and answers says so, too, but has an answer.

    Args:
        mail: The mail.
        text: Its body as text.
    """
    body = _folded(text)
    if len(body) > _LONGEST or "?" in body or _BUT.search(body) or len(mail.to) + len(mail.cc) > 1:
        return False
    if not (mail.in_reply_to or mail.references) or _NUMBER.search(text):
        return False
    sentences = [one for one in _SENTENCE_ENDS.split(_folded(_without_closing(text))) if one]
    start = next((one for one in sentences if not _is_greeting(one)), "")
    absence = [phrase for phrase in ABSENCE_BODY if phrase in start]
    advice = [phrase for phrase in ABSENCE_FACTS if phrase in body]
    if ADDRESS.search(body):
        advice += [phrase for phrase in ABSENCE_ADVICE if phrase in body]
    if not any(one not in other and other not in one for one in absence for other in advice):
        return False
    name = set(_WORD.findall(mail.author.name.casefold()))
    if not all(_belongs(one, name) for one in sentences):
        return False
    return extract_answer(mail).cut == "none"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).replace("’", "'")


def _without_closing(text: str) -> str:
    """The lines above the one that says goodbye; who signs below is not asked about."""
    lines = text.split("\n")
    goodbye = (at for at, line in enumerate(lines) if at and _CLOSING.match(line.casefold()))
    return "\n".join(lines[: next(goodbye, None)])


def _is_greeting(sentence: str) -> bool:
    """Whether it says hello or thanks, and nothing about an absence."""
    if any(phrase in sentence for phrase in ABSENCE_BODY):
        return False
    short = len(_WORD.findall(sentence)) <= (2 if sentence[:1] < _UNSPACED else 1) and len(sentence) <= _SHORT
    return short or any(word in sentence[:_THANKS_WITHIN] for word in THANKS)


def _belongs(sentence: str, name: set[str]) -> bool:
    """Whether a sentence belongs into a notice: an absence, whom to write to instead, thanks, who signs."""
    if any(phrase in sentence for phrases in (ABSENCE_BODY, ABSENCE_FACTS, ABSENCE_ADVICE) for phrase in phrases):
        return True
    if ADDRESS.search(sentence):
        return _CONTACT.search(sentence) is not None
    words = _WORD.findall(sentence)
    thanks = any(word in sentence[:_THANKS_WITHIN] for word in THANKS)
    return (
        set(words) <= name
        or sentence in _HELLO
        or (thanks and (len(words) <= _MOST_WORDS or _MAIL.search(sentence) is not None))
    )
