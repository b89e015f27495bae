"""Texts of the mail that lies in the mailboxes. `{url}`, `{brand}`, `{name}`, `{n}` are filled in."""

from __future__ import annotations

PHISH = {
    "en": (
        "Dear customer,\n\nwe noticed unusual activity on your {brand} account. To avoid suspension, "
        "confirm your details "
        "within 24 hours:\n\n{url}\n\nYour {brand} security team",
        "Hello,\n\na document is waiting for your signature. It expires today.\n\nReview the document: "
        "{url}\n\n{brand}",
        "Your mailbox has used 98 % of its quota. Incoming messages will be rejected.\n\nIncrease quota now: {url}",
    ),
    "de": (
        "Sehr geehrte Kundin, sehr geehrter Kunde,\n\nwir haben ungewöhnliche Aktivitäten in Ihrem "
        "{brand}-Konto bemerkt. Bitte "
        "bestätigen Sie Ihre Daten innerhalb von 24 Stunden:\n\n{url}\n\nIhr {brand}-Team",
    ),
    "fr": (
        "Cher client,\n\nvotre compte {brand} sera suspendu. Veuillez confirmer vos informations sous "
        "24 heures :\n\n{url}\n\n"
        "Le service sécurité {brand}",
    ),
    "ja": (
        "お客様各位\n\n{brand}アカウントで異常なアクセスを検出しました。24時間以内に以下のリンクよりご確"
        "認ください。\n\n{url}\n\n{brand}サポート",
    ),
}
NEWSLETTER = {
    "en": (
        "Rates, routes and people: what moved this week.\n\nRead online: {url}\n\nYou get this because you subscribed."
    ),
    "de": (
        "Frachtraten, Häfen, Menschen: die Woche in Kürze.\n\nOnline lesen: {url}\n\nSie erhalten diese "
        "Ausgabe als Abonnent."
    ),
    "fr": (
        "Tarifs, ports et portraits : la semaine en bref.\n\nLire en ligne : {url}\n\nVous êtes abonné à cette lettre."
    ),
    "ja": "今週の物流ニュースをお届けします。\n\nウェブで読む: {url}\n\n配信停止は下記よりお手続きください。",
}
COMMENT = {
    "en": (
        "Is this real? I did not click.",
        "Looks fishy to me, please have a look.",
        "Reporting this one as phishing.",
        "",
    ),
    "de": ("Ist das echt? Ich habe nichts angeklickt.", "Kommt mir komisch vor, bitte prüfen.", "z. K."),
    "fr": ("Est-ce authentique ? Je n'ai pas cliqué.", "Cela me paraît suspect, merci de vérifier."),
    "ja": ("こちらは本物でしょうか。クリックはしていません。", "不審なメールのため転送します。"),
}
QUESTIONS = {
    "en": (
        (
            "Mail missing?",
            "Hi,\n\na supplier says they sent me an invoice on Monday. Can you see whether it is being "
            "held?\n\nThanks\n{name}",
        ),
        ("Can I open this?", "Hello SOC,\n\nI got a zip file from a new customer. May I open it?\n\n{name}"),
        (
            "Password page",
            "I typed my password on a page that looked like ours, about ten minutes ago. What should I do?\n\n{name}",
        ),
    ),
    "de": (
        (
            "Frage zu Quarantäne",
            "Guten Morgen,\n\nein Kunde wartet auf meine Antwort, aber seine Mail kommt nicht an. Könnt ihr "
            "nachsehen?\n\nViele Grüße\n{name}",
        ),
        ("USB-Stick gefunden", "Hallo,\n\nauf dem Parkplatz lag ein USB-Stick. Was soll ich damit machen?\n\n{name}"),
    ),
    "fr": (
        (
            "Message bloqué ?",
            "Bonjour,\n\nun fournisseur m'a écrit hier mais je n'ai rien reçu. Pouvez-vous vérifier ?\n\nMerci\n{name}",
        ),
    ),
    "ja": (
        (
            "メールが届きません",
            "お疲れ様です。\n\n取引先からのメールが届いていないようです。ご確認をお願いいたします。\n\n{name}",
        ),
    ),
}
ALERTS = (
    (
        "[EDR] Detection on WS-{n}: credential access",
        "Host: WS-{n}\nUser: {name}\nSeverity: medium\nHash: {hash}\nSource: {ip}\n\nConsole: {url}",
    ),
    (
        "[Proxy] Blocked category: newly registered domain",
        "User {name} was blocked from {url}\nSource: {ip}\nCount: {n}",
    ),
    ("Backup report: {n} jobs, 0 failed", "All jobs finished.\n\nRepository: {url}"),
)
FORWARD = {
    "en": ("FW: ", "---------- Forwarded message ---------", "Begin forwarded message:"),
    "de": ("WG: ", "---------- Forwarded message ---------", "Anfang der weitergeleiteten Nachricht:"),
    "fr": ("TR: ", "---------- Forwarded message ---------", "Début du message transféré :"),
    "ja": ("転送: ", "---------- Forwarded message ---------", "転送されたメッセージ:"),
}
GMAIL_LABELS = {
    "en": ("From", "Date", "Subject", "To"),
    "de": ("Von", "Date", "Subject", "To"),
    "fr": ("De", "Date", "Subject", "To"),
    "ja": ("From", "Date", "Subject", "To"),
}
APPLE_LABELS = {
    "en": ("From", "Subject", "Date", "To"),
    "de": ("Von", "Betreff", "Datum", "An"),
    "fr": ("De", "Objet", "Date", "À"),
    "ja": ("差出人", "件名", "日付", "宛先"),
}
