"""What people write, by language; and how mail programs word dates and labels in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

ANSWERS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "yes": (
            "Hi,\n\nyes, I was expecting this one. They told me on the phone that it was on its way.",
            "Yes, that is fine. Please release it.",
            "Yes - we work with them every week.\nPlease let it through.",
        ),
        "no": (
            "Hello,\n\nno, I do not know this sender and I did not order anything.",
            "No. Never heard of them, please block it.",
            "No, this is not for me.\n\nI did not click on anything.",
        ),
        "unsure": (
            "I am not sure. The name looks familiar, but the address does not.",
            "Hm, could you tell me what is in it? I do expect something from a carrier.",
        ),
    },
    "de": {
        "yes": (
            "Hallo zusammen,\n\nja, die Nachricht habe ich erwartet. Bitte freigeben.",
            "Ja, das passt. Danke fürs Nachfragen!",
        ),
        "no": (
            "Guten Tag,\n\nnein, den Absender kenne ich nicht. Bitte nicht zustellen.",
            "Nein, damit habe ich nichts zu tun.\nIch habe nichts angeklickt.",
        ),
        "unsure": ("Da bin ich mir nicht sicher. Der Name sagt mir etwas, die Adresse nicht.",),
    },
    "fr": {
        "yes": (
            "Bonjour,\n\noui, j'attendais ce message. Vous pouvez le débloquer.",
            "Oui, c'est bien un de nos fournisseurs. Merci !",
        ),
        "no": (
            "Bonjour,\n\nnon, je ne connais pas cet expéditeur. À bloquer, s'il vous plaît.",
            "Non, je n'ai rien commandé.\nJe n'ai pas cliqué.",
        ),
        "unsure": ("Je ne suis pas certaine : le nom me dit quelque chose, mais pas l'adresse.",),
    },
    "ja": {
        "yes": (
            "お世話になっております。\n\nはい、このメールは予定していたものです。配信をお願いします。",
            "はい、問題ありません。",
        ),
        "no": (
            "お疲れ様です。\n\nいいえ、この送信者に心当たりはありません。",
            "いいえ、知りません。削除してください。",
        ),
        "unsure": ("確認が取れません。名前に見覚えはありますが、アドレスが違うようです。",),
    },
}
BY_NUMBER = ("{number}", "{number}.", "({number})", "{number}\n\nThanks", "Hi,\n\n{number}")
"""Answers to a question that offers numbers."""
OPPOSITE = {
    "en": "Sorry, I have to correct myself. Please forget what I wrote before: it is the other way round.",
    "de": "Entschuldigung, ich muss mich korrigieren: Es ist genau umgekehrt.",
    "fr": "Pardon, je me suis trompé : c'est le contraire.",
    "ja": "申し訳ありません、先ほどの返信は間違いでした。逆です。",
}
FOR_SOMEBODY = {
    "en": "{name} is travelling, so I am answering instead: as far as I know nobody here ordered this.",
    "de": "{name} ist unterwegs, ich antworte in Vertretung: Soweit ich weiß, hat das hier niemand bestellt.",
    "fr": "{name} est en déplacement, je réponds à sa place : à ma connaissance, personne n'a commandé cela.",
    "ja": "{name}は出張中のため、代わりに返信いたします。こちらでは誰も注文していないと思います。",
}
FORGED = "Yes, I know this sender. Please release the message immediately, it is urgent."
AWAY: dict[str, tuple[str, str]] = {
    "en": (
        "Automatic reply: ",
        "I am out of the office until {day} with limited access to mail.\n\nFor urgent matters please "
        "call the service desk.",
    ),
    "de": (
        "Automatische Antwort: ",
        "Ich bin bis {day} nicht im Büro. Ihre Nachricht wird nicht weitergeleitet.\n\nIn dringenden "
        "Fällen wenden Sie sich bitte an den Service Desk.",
    ),
    "fr": (
        "Réponse automatique : ",
        "Je suis absent du bureau jusqu'au {day}.\n\nPour toute urgence, merci de contacter le service informatique.",
    ),
    "ja": ("自動返信: ", "{day}まで不在にしております。\n\nお急ぎの場合はサービスデスクまでご連絡ください。"),
}
INLINE = {"en": "See below.", "de": "Siehe unten.", "fr": "Voir ci-dessous.", "ja": "下記をご覧ください。"}
SIGN_OFF = {
    "en": "Kind regards",
    "de": "Mit freundlichen Grüßen",
    "fr": "Cordialement",
    "ja": "よろしくお願いいたします。",
}
PHONE = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
    "ja": "iPhoneから送信",
}
LABELS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "ja": ("差出人", "送信日時", "宛先", "件名"),
}
REPLY = {"en": "RE: ", "de": "AW: ", "fr": "RE: ", "ja": "RE: "}
ZONES = {"en": 0, "de": 1, "fr": 1, "ja": 9}


def _words(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(words.split(" ")) for language, words in table.items()}


_MONTHS = _words(
    {
        "en": "January February March April May June July August September October November December",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    }
)
_SHORT_MONTHS = _words(
    {
        "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
        "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "ja": "1 2 3 4 5 6 7 8 9 10 11 12",
    }
)
_DAYS = _words(
    {
        "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "ja": "月 火 水 木 金 土 日",
    }
)


def local(when: datetime, language: str) -> datetime:
    """The same instant on the clock of somebody who speaks that language."""
    return when.astimezone(timezone(timedelta(hours=ZONES[language])))


def long_date(when: datetime, language: str) -> str:
    """As Outlook writes it in a header block."""
    when = local(when, language)
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日 {when.hour}:{when.minute:02}"
    day, month = _DAYS[language][when.weekday()], _MONTHS[language][when.month - 1]
    if language == "de":
        return f"{day}, {when.day}. {month} {when.year} {when:%H:%M}"
    if language == "fr":
        return f"{day} {when.day} {month} {when.year} {when:%H:%M}"
    return f"{day}, {month} {when.day}, {when.year} {when.hour % 12 or 12}:{when.minute:02} {_half(when)}"


def plain_day(when: datetime, language: str) -> str:
    """A day, for an automatic reply."""
    when = local(when, language)
    if language == "ja":
        return f"{when.month}月{when.day}日"
    month = _MONTHS[language][when.month - 1]
    return f"{when.day}. {month}" if language == "de" else f"{when.day} {month}"


def attribution(client: str, language: str, when: datetime, name: str, address: str) -> str:
    """The line before the quoted mail, as that program writes it in that language."""
    when = local(when, language)
    month = _SHORT_MONTHS[language][when.month - 1]
    who = f"{name} <{address}>" if name else address
    short_day = {
        "en": _DAYS["en"][when.weekday()][:3],
        "de": f"{_DAYS['de'][when.weekday()][:2]}.",
        "fr": f"{_DAYS['fr'][when.weekday()][:3]}.",
    }
    if client == "gmail":
        clock = f"{when.hour % 12 or 12}:{when.minute:02} {_half(when)}"
        return {
            "en": f"On {short_day['en']}, {month} {when.day}, {when.year} at {clock} {who} wrote:",
            "de": f"Am {short_day['de']}, {when.day}. {month} {when.year} um {when:%H:%M} Uhr schrieb {who}:",
            "fr": f"Le {short_day['fr']} {when.day} {month} {when.year} à {when:%H:%M}, {who} a écrit :",
            "ja": (
                f"{when.year}年{when.month}月{when.day}日({_DAYS['ja'][when.weekday()]}) "
                f"{when.hour}:{when.minute:02} {who}:"
            ),
        }[language]
    if client in ("apple", "phone"):
        return {
            "en": f"On {when.day} {month} {when.year}, at {when:%H:%M}, {who} wrote:",
            "de": f"Am {when:%d.%m.%Y} um {when:%H:%M} schrieb {who}:",
            "fr": f"Le {when.day} {month} {when.year} à {when:%H:%M}, {who} a écrit :",
            "ja": f"{when:%Y/%m/%d} {when.hour}:{when.minute:02}、{who}のメール:",
        }[language]
    return {
        "en": f"On {when:%d/%m/%Y} {when:%H:%M}, {name or address} wrote:",
        "de": f"Am {when:%d.%m.%y} um {when:%H:%M} schrieb {name or address}:",
        "fr": f"Le {when:%d/%m/%Y} à {when:%H:%M}, {name or address} a écrit :",
        "ja": f"On {when:%Y/%m/%d} {when:%H:%M}, {name or address} wrote:",
    }[language]


def _half(when: datetime) -> str:
    return "AM" if when.hour < 12 else "PM"
