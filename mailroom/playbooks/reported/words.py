"""What reporters are told, in their language. Nothing of the reported mail stands in it, and no link.

`{report}` is the number of the report, `{day}` the day it came in.
"""

from __future__ import annotations

from typing import NamedTuple

FALLBACK = "en"


class Words(NamedTuple):
    """All texts of one language. Keys of `results` are verdicts; `closed` is for a case closed without one."""

    thanks_subject: str
    thanks: str
    nothing_found: str
    result_subject: str
    results: dict[str, str]
    farewell: str


LANGUAGES: dict[str, Words] = {
    "en": Words(
        "Thank you for your report",
        "Thank you. Your report {report} of {day} has arrived, and we are looking at the message.\n\n"
        "Until you hear from us, please do not open its links or files and do not answer it. If you have already "
        "typed a password somewhere or opened a file, tell us at once.",
        "Thank you. Your report {report} of {day} has arrived, but we found no forwarded message in it.\n\n"
        'Please send the message once more as an attachment: in most mail programs that is "Forward as attachment".',
        "The result of your report",
        {
            "malicious": "The message you reported on {day} was an attack. You did the right thing.\n\nPlease delete "
            "it. If you opened its links or files, or typed a password, tell us at once.",
            "suspicious": "The message you reported on {day} is not to be trusted. You did the right thing.\n\nPlease "
            "delete it and do not answer it.",
            "spam": "The message you reported on {day} is unwanted advertising and not dangerous as far as we can see."
            "\n\nPlease delete it and do not open its links.",
            "graymail": "The message you reported on {day} is a mailing, such as a newsletter, and no attack as far as "
            "we can see.\n\nIf you do not want it, delete it or cancel it with its sender.",
            "benign": "We found nothing wrong with the message you reported on {day}.\n\nIt was right to ask.",
            "simulation": "The message you reported on {day} was an exercise of ours. Well spotted.",
            "ours": "The message you reported on {day} really came from us.\n\nIt was right to ask.",
            "closed": "Somebody has looked at the message you reported on {day}. There is nothing more for you to do.",
        },
        "Your mail security team\n(This is an automatic message. You can answer it.)",
    ),
    "de": Words(
        "Danke für Ihre Meldung",
        "Danke. Ihre Meldung {report} vom {day} ist angekommen, wir sehen uns die Nachricht an.\n\n"
        "Öffnen Sie bis zu unserer Antwort bitte keine Links oder Dateien daraus und antworten Sie nicht darauf. "
        "Falls Sie schon ein Passwort eingegeben oder eine Datei geöffnet haben, sagen Sie es uns sofort.",
        "Danke. Ihre Meldung {report} vom {day} ist angekommen, aber wir haben darin keine weitergeleitete Nachricht "
        'gefunden.\n\nBitte schicken Sie die Nachricht noch einmal als Anhang ("Als Anlage weiterleiten").',
        "Das Ergebnis Ihrer Meldung",
        {
            "malicious": "Die Nachricht, die Sie am {day} gemeldet haben, war ein Angriff. Sie haben richtig gehandelt."
            "\n\nBitte löschen Sie sie. Falls Sie Links oder Dateien geöffnet oder ein Passwort eingegeben haben, "
            "sagen Sie es uns sofort.",
            "suspicious": "Der Nachricht, die Sie am {day} gemeldet haben, ist nicht zu trauen. Sie haben richtig "
            "gehandelt.\n\nBitte löschen Sie sie und antworten Sie nicht.",
            "spam": "Die Nachricht, die Sie am {day} gemeldet haben, ist unerwünschte Werbung und nach allem, was wir "
            "sehen, nicht gefährlich.\n\nBitte löschen Sie sie und öffnen Sie keine Links daraus.",
            "graymail": "Die Nachricht, die Sie am {day} gemeldet haben, ist eine Massensendung, etwa ein Newsletter, "
            "und nach allem, was wir sehen, kein Angriff.\n\nWenn Sie sie nicht wollen, löschen oder kündigen Sie sie.",
            "benign": "An der Nachricht, die Sie am {day} gemeldet haben, haben wir nichts Schlechtes gefunden.\n\n"
            "Es war richtig, zu fragen.",
            "simulation": "Die Nachricht, die Sie am {day} gemeldet haben, war eine Übung von uns. Gut erkannt.",
            "ours": "Die Nachricht, die Sie am {day} gemeldet haben, kam wirklich von uns.\n\nEs war richtig, zu "
            "fragen.",
            "closed": "Jemand hat sich die Nachricht angesehen, die Sie am {day} gemeldet haben. Sie müssen nichts "
            "weiter tun.",
        },
        "Ihr Team für Mailsicherheit\n(Dies ist eine automatische Nachricht. Sie können darauf antworten.)",
    ),
    "fr": Words(
        "Merci de votre signalement",
        "Merci. Votre signalement {report} du {day} est arrivé et nous examinons le message.\n\n"
        "D'ici notre réponse, n'ouvrez ni ses liens ni ses fichiers et n'y répondez pas. Si vous avez déjà saisi un "
        "mot de passe ou ouvert un fichier, dites-le-nous tout de suite.",
        "Merci. Votre signalement {report} du {day} est arrivé, mais nous n'y avons trouvé aucun message transféré.\n\n"
        "Veuillez renvoyer le message en pièce jointe (« Transférer en pièce jointe »).",
        "Le résultat de votre signalement",
        {
            "malicious": "Le message que vous avez signalé le {day} était une attaque. Vous avez bien fait.\n\n"
            "Veuillez le supprimer. Si vous avez ouvert ses liens ou fichiers, ou saisi un mot de passe, dites-le-nous "
            "tout de suite.",
            "suspicious": "Le message que vous avez signalé le {day} n'est pas digne de confiance. Vous avez bien "
            "fait.\n\nVeuillez le supprimer et ne pas y répondre.",
            "spam": "Le message que vous avez signalé le {day} est de la publicité indésirable et, autant que nous "
            "puissions en juger, sans danger.\n\nVeuillez le supprimer sans ouvrir ses liens.",
            "graymail": "Le message que vous avez signalé le {day} est un envoi en nombre, par exemple une lettre "
            "d'information, et non une attaque, autant que nous puissions en juger.\n\nSupprimez-le ou "
            "désabonnez-vous si vous n'en voulez pas.",
            "benign": "Nous n'avons rien trouvé de suspect dans le message que vous avez signalé le {day}.\n\n"
            "Vous avez bien fait de demander.",
            "simulation": "Le message que vous avez signalé le {day} était un exercice de notre part. Bien vu.",
            "ours": "Le message que vous avez signalé le {day} venait bien de nous.\n\nVous avez bien fait de "
            "demander.",
            "closed": "Le message que vous avez signalé le {day} a été examiné. Vous n'avez rien d'autre à faire.",
        },
        "Votre équipe de sécurité de la messagerie\n(Ceci est un message automatique. Vous pouvez y répondre.)",
    ),
    "es": Words(
        "Gracias por su aviso",
        "Gracias. Su aviso {report} del {day} ha llegado y estamos revisando el mensaje.\n\n"
        "Hasta que le respondamos, no abra sus enlaces ni sus archivos y no lo conteste. Si ya ha escrito una "
        "contraseña o abierto un archivo, díganoslo enseguida.",
        "Gracias. Su aviso {report} del {day} ha llegado, pero no hemos encontrado en él ningún mensaje reenviado.\n\n"
        "Envíe el mensaje otra vez como archivo adjunto («Reenviar como datos adjuntos»).",
        "El resultado de su aviso",
        {
            "malicious": "El mensaje que nos avisó el {day} era un ataque. Hizo lo correcto.\n\nBórrelo. Si abrió sus "
            "enlaces o archivos, o escribió una contraseña, díganoslo enseguida.",
            "suspicious": "El mensaje que nos avisó el {day} no es de fiar. Hizo lo correcto.\n\nBórrelo y no lo "
            "conteste.",
            "spam": "El mensaje que nos avisó el {day} es publicidad no deseada y, por lo que vemos, no es peligroso."
            "\n\nBórrelo sin abrir sus enlaces.",
            "graymail": "El mensaje que nos avisó el {day} es un envío masivo, como un boletín, y no un ataque, por lo "
            "que vemos.\n\nSi no lo quiere, bórrelo o dese de baja.",
            "benign": "No hemos encontrado nada malo en el mensaje que nos avisó el {day}.\n\nHizo bien en preguntar.",
            "simulation": "El mensaje que nos avisó el {day} era un ejercicio nuestro. Bien visto.",
            "ours": "El mensaje que nos avisó el {day} era realmente nuestro.\n\nHizo bien en preguntar.",
            "closed": "Alguien ha revisado el mensaje que nos avisó el {day}. No tiene que hacer nada más.",
        },
        "Su equipo de seguridad del correo\n(Este es un mensaje automático. Puede contestarlo.)",
    ),
    "ja": Words(
        "ご報告ありがとうございます",
        "ご報告（{report}、{day}）を受け付けました。現在、メールを確認しています。\n\n"
        "結果をお知らせするまで、メール内のリンクやファイルを開かず、返信もしないでください。"
        "すでにパスワードを入力した、またはファイルを開いた場合は、すぐにお知らせください。",
        "ご報告（{report}、{day}）を受け付けましたが、転送されたメールが見つかりませんでした。\n\n"
        "お手数ですが、該当のメールを添付ファイルとしてもう一度お送りください。",
        "ご報告の結果",
        {
            "malicious": "{day}にご報告いただいたメールは攻撃でした。適切なご対応、ありがとうございます。\n\n"
            "メールを削除してください。リンクやファイルを開いた、またはパスワードを入力した場合は、すぐにお知らせください。",
            "suspicious": "{day}にご報告いただいたメールは信用できません。適切なご対応、ありがとうございます。\n\n"
            "メールを削除し、返信しないでください。",
            "spam": "{day}にご報告いただいたメールは迷惑な広告で、確認した限り危険なものではありません。\n\n"
            "リンクを開かずに削除してください。",
            "graymail": "{day}にご報告いただいたメールはニュースレターなどの一斉配信で、"
            "確認した限り攻撃ではありません。\n\n"
            "不要であれば削除または配信停止してください。",
            "benign": "{day}にご報告いただいたメールに問題は見つかりませんでした。\n\n"
            "ご確認いただきありがとうございます。",
            "simulation": "{day}にご報告いただいたメールは当社の訓練でした。よく気づかれました。",
            "ours": "{day}にご報告いただいたメールは確かに当社からのものです。\n\nご確認いただきありがとうございます。",
            "closed": "{day}にご報告いただいたメールは担当者が確認しました。これ以上の対応は必要ありません。",
        },
        "メールセキュリティ担当\n（このメールは自動送信です。ご返信いただけます。）",
    ),
}
_BY_PREFIX = {
    "wg": "de", "tr": "fr", "rv": "es", "転送": "ja", "fw": "en", "fwd": "en",
}  # fmt: skip


def language_of(subject: str) -> str:
    """The language of a reporter's mail program, by how it marks a forward; English says little, and is the default."""
    prefix, colon, _ = subject.strip()[:20].partition(":")
    return _BY_PREFIX.get(prefix.strip().casefold(), FALLBACK) if colon else FALLBACK


def words_for(language: str) -> Words:
    """The texts of a language; English where there are none."""
    return LANGUAGES.get(language, LANGUAGES[FALLBACK])
