"""Automatic replies without a telling header, and the people who write about absences."""

from __future__ import annotations

import pytest

from mailroom.mail.parse import parse
from mailroom.mail.replies import classify


def kind(subject: str, body: str, **headers: str) -> str:
    headers = {"From": "Kim Lee <kim@northwind.example>", "To": "soc@northwind.example"} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8"])
    return classify(parse(f"{head}\r\n\r\n{body}".encode())).kind


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Out of Office: Re: Held mail", "Thank you."),
        ("OOF: Automatic reply", "Thank you."),
        ("Abwesenheitsnotiz: Held mail", "Danke."),
        ("AUTO: Lee, Kim is away (returning 05/01/2026)", "Thank you."),
        ("I'm out of the office", "I will be back on 12 March."),
        ("Abwesenheit", "Ich bin außer Haus."),
        ("Frånvaro", "Jag är på semester."),
        ("Nepřítomnost", "Čerpám dovolenou."),
        ("Отсутствие", "Я на больничном."),
        ("Absence jusqu'au 12 août", "Je suis en congé."),
        ("OOO: Out of Office", "Thank you."),
        ("Abwesenheit Re: Held mail", "Danke."),
        ("Ausência Re: Held mail", "Obrigado."),
        ("Out of the office Re: Held mail", "Thank you."),
        ("Abwesenheitsnotiz Re: Held mail", "Danke."),
        ("Réponse automatique d’absence du bureau : Held mail", "Merci."),
        ("Automātiskā atbilde: Held mail", "Paldies."),
        ("Аутоматски одговор: Held mail", "Хвала."),
        ("پاسخ خودکار: Held mail", "ممنون."),
        ("【自動返信】 Held mail", "ありがとうございます。"),
        ("（自动回复）Held mail", "谢谢。"),
        ("Kim Lee is out of the office (returning 03/11/2024)", "I will answer then."),
        ("Kim Lee/Northwind ist nicht im Büro", "Ich antworte dann."),
        ("Kim Lee est absent(e) du bureau", "Je vous répondrai."),
    ],
)
def test_what_a_server_puts_before_a_subject_and_what_people_say_of_their_absence(subject: str, body: str) -> None:
    assert kind(subject, body) == "auto_reply"


@pytest.mark.parametrize(
    ("subject", "body", "headers"),
    [
        (
            "Re: Out of office: shift",
            "Sam, please take over.\r\n\r\n> I am out of the office.",
            {"In_Reply_To": "<a@b>"},
        ),
        ("Vacation", "I will be on vacation, I will be back on Monday.", {"Cc": "ann@northwind.example"}),
        ("Vacation", "I will be back on Monday, is that all right?", {}),
        ("Out of office", "Sam is away, please confirm delivery with Ann.", {}),
        ("Auto: the repair", "It costs 500.", {}),
        ("Urlaubsplanung", "Wer ist im August abwesend?", {}),
        ("Absent-minded as ever", "I am away from the desk, the keys are on it.", {}),
        ("Re: setup", "This is an automated build log.", {"Precedence": "bulk", "Sender": "owner-users@lists.example"}),
        ("Re: setup", "I will be away.", {"Precedence": "bulk", "Return-Path": "<users-return-7-kim=x@lists.example>"}),
        ("Absence of tests", "No tests for this, it is an auto-generated file.", {}),
        ("Bob Smith is out of the office", "Please ask Ann about this mail.", {}),
        ("Auto reply to customers: draft", "Please check the text: 'I am out of the office'.", {}),
        ("Re: spam", "Challenge-response (TMDA) annoys people. Can you confirm delivery?", {"In_Reply_To": "<a@b>"}),
    ],
)
def test_people_who_write_about_it_are_people(subject: str, body: str, headers: dict[str, str]) -> None:
    assert kind(subject, body, **headers) == "human"


@pytest.mark.parametrize(
    "body",
    [
        "I am currently out of the office. For urgent matters, please contact ann@fabrikam.example.",
        "Vielen Dank für Ihre Nachricht. Ich bin bis 10.03.2024 nicht im Haus. Ihre E-Mail wird nicht weitergeleitet.",
        "Bonjour,\r\nJe suis en congés jusqu'au 10 mars. Pour toute urgence, contactez ann@fabrikam.example.",
        "Gracias por su mensaje. Me encuentro fuera, sin acceso al correo. Contacte a ann@fabrikam.example.",
        "Dobrý den, do 10. března čerpám dovolenou. V naléhavých případech pište na ann@fabrikam.example.",
        "您好，我已收到您的邮件。我目前正在休假，如有急事请联系 ann@fabrikam.example。",
        "Thank you for your email! I am on vacation. For urgent matters contact ann@fabrikam.example.\r\n\r\n"
        "Kind regards,\r\nKim Lee\r\nNorthwind Ltd. Hamburg",
        "Guten Tag,\r\nvielen Dank für Ihre E-Mail. Ich bin vom 4. bis 8. März nicht im Büro. In dringenden Fällen "
        "wenden Sie sich bitte an ann@fabrikam.example.\r\nMit freundlichen Grüßen\r\nKim Lee",
        "Здравствуйте! Я в отпуске до 10 марта. По срочным вопросам пишите на ann@fabrikam.example.\r\nС уважением",
        "Dzień dobry,\r\njestem na urlopie. W pilnych sprawach: ann@fabrikam.example.\r\nPozdrawiam\r\nKim Lee",
    ],
)
def test_a_notice_of_absence_is_known_by_its_text_alone(body: str) -> None:
    assert kind("Re: Held mail", body, In_Reply_To="<q@northwind.example>") == "auto_reply"


@pytest.mark.parametrize(
    "body",
    [
        "It is mine. I am on vacation, for urgent matters write to ann@fabrikam.example.",
        "I am out of the office until Monday with no access to my laptop, so please release the mail.",
        "Ich bin bis Freitag nicht im Büro, in dringenden Fällen bitte Ann fragen. Die Mail ist von mir.",
        "Bob no longer works for us. Please contact ann@fabrikam.example.",
        "I am on vacation until Monday. Release it please. For urgent matters ask ann@fabrikam.example.",
        "Thanks, release it. I am on vacation, for urgent matters ask ann@fabrikam.example.",
        "1\r\n\r\nI am on vacation. For urgent matters ask ann@fabrikam.example.",
        "Ich bin im Urlaub. 2. In dringenden Fällen ann@fabrikam.example fragen.",
        "I am away from my desk. Do not reply to this mail, it is phishing.",
        "Ich bin im Urlaub, aber bitte freigeben. In dringenden Fällen ann@fabrikam.example fragen.",
        "Je suis en congé mais c'est bon. En cas d'urgence : ann@fabrikam.example",
        "I am on vacation with no access to my files. The mail is from ann@fabrikam.example, please release it.",
        "我出差了，不过这封邮件紧急，请放行，是 ann@fabrikam.example 发的。",
        "I am out of the office. Urgent matters go to ann@fabrikam.example, who asks: what is this mail?",
        "I am out of the office, for urgent matters ask ann@fabrikam.example.\r\n\r\n"
        "On Mon, Mar 4, 2024 SOC <soc@northwind.example> wrote:\r\n> Is it yours?",
    ],
)
def test_a_person_who_mentions_an_absence_in_an_answer_is_a_person(body: str) -> None:
    assert kind("Re: Held mail", body, In_Reply_To="<q@northwind.example>") == "human"
