"""A person's reply told from everything machines send back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import Classification, cause_of, classify
from mailroom.mail.replies.dates import find_day, parse_moment

SENT = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)


def mail(
    subject: str = "Re: Held mail", text: str = "Yes, please.", sender: str = "kim@northwind.example", **rest: object
) -> Mail:
    headers = tuple(rest.pop("headers", {}).items())  # type: ignore[attr-defined]
    author = MailAddress(sender, str(rest.pop("name", "")))
    header = (("From", sender), ("Subject", subject), *headers)
    return Mail("", 0, header, subject, (author,), text=text, date=SENT, **rest)  # type: ignore[arg-type]


def kind(found: Mail, **more: object) -> str:
    return classify(found, **more).kind  # type: ignore[arg-type]


def test_a_persons_reply_is_human() -> None:
    assert classify(mail()) == Classification("human")


def test_headers_that_ordinary_exchange_mail_carries_prove_nothing() -> None:
    headers = {"X-Auto-Response-Suppress": "All", "X-MS-Exchange-Organization-SCL": "-1"}
    assert kind(mail(text="Yes. I am out of the office tomorrow.", headers=headers)) == "human"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied (vacation)"}, {"Auto-Submitted": "auto-generated; x=y"},
        {"X-Autoreply": "yes"},
        {"Precedence": "auto_reply"}, {"X-Autorespond": "Held mail"}, {"Return-Path": "<>"},
        {"X-MS-Exchange-Inbox-Rules-Loop": "kim@northwind.example"}, {"X-Apple-Action": "VACATION/"},
    ],
)  # fmt: skip
def test_one_strong_sign_makes_an_automatic_reply(headers: dict[str, str]) -> None:
    headers = {name: value.rstrip("/") for name, value in headers.items()}
    found = classify(mail(headers=headers))
    assert found.kind == "auto_reply"
    assert found.reasons


@pytest.mark.parametrize("value", ["no", "auto-forwarded"])
def test_auto_submitted_values_that_leave_a_mail_human(value: str) -> None:
    assert kind(mail(headers={"Auto-Submitted": value})) == "human"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Held mail", "Automatische Antwort: Held mail", "Réponse automatique : Held mail",
        "Respuesta automática: Held mail", "Risposta automatica: Held mail", "Automatisch antwoord: Held mail",
        "Autosvar: Held mail", "Automaattinen vastaus: Held mail", "Odpowiedź automatyczna: Held mail",
        "Автоматический ответ: Held mail", "自動返信: Held mail", "自动答复: Held mail", "자동 회신: Held mail",
        "Re: Held mail (Automatic Response)", "תשובה אוטומטית: Held mail", "Trả lời tự động: Held mail",
    ],
)  # fmt: skip
def test_subjects_only_a_server_writes(subject: str) -> None:
    assert kind(mail(subject, "Thank you.")) == "auto_reply"


def test_an_answer_to_an_automatic_reply_is_a_persons() -> None:
    assert kind(mail("Re: Automatic reply: Held mail", "I never switched that on. Block the sender.")) == "human"
    assert kind(mail("Re: Automatic reply: Held mail", "I am on annual leave until Monday.")) == "auto_reply"


def test_an_absence_needs_subject_and_text() -> None:
    assert kind(mail("Out of Office", "I am on vacation until March 9.")) == "auto_reply"
    assert kind(mail("Abwesenheitsnotiz", "Ich bin im Urlaub.")) == "auto_reply"
    assert kind(mail("Out of office party", "Shall we go?")) == "human"
    assert kind(mail("Re: vacation plans", "I'd like July.")) == "human"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I am out of the office until 9 March 2024.", date(2024, 3, 9)),
        ("I will be back in the office on March 11th.", date(2024, 3, 11)),
        ("Ich bin vom 04.03.2024 bis 08.03.2024 nicht im Büro.", date(2024, 3, 8)),
        ("Je suis absent du bureau. De retour le 12 mars.", date(2024, 3, 12)),
        ("Estaré fuera hasta el 15 de marzo de 2024.", date(2024, 3, 15)),
        ("I am away through March 5, 2024. I will be back in the office on March 6.", date(2024, 3, 6)),
        ("I am out of the office.", None),
    ],
)
def test_the_day_somebody_is_back(text: str, day: date | None) -> None:
    assert classify(mail("Automatic reply: x", text)).return_date == day


def test_an_answer_within_seconds_is_only_a_hint() -> None:
    assert kind(mail(), question_sent_at=SENT - timedelta(seconds=2)) == "human"


def test_a_machines_address_alone_is_not_enough_but_with_words_it_is() -> None:
    assert kind(mail(sender="noreply@northwind.example")) == "human"
    text = "This is an automated message. Ticket 17 was opened."
    assert kind(mail(text=text, sender="noreply@northwind.example")) == "auto_reply"


def report(action: str, status: str) -> Mail:
    return mail(
        "Delivery report", "...", "mailer-daemon@mx.example", report_type="delivery-status",
        content_type="multipart/report",
        delivery_status=(
            (("Reporting-MTA", "dns; mx.example"), ("Original-Envelope-Id", "QQ1")),
            (("Final-Recipient", "rfc822; Kim@Northwind.example"), ("Action", action), ("Status", status),
             ("Diagnostic-Code", "smtp; 550 5.1.1 no such user")),
        ),
        returned_headers=(("Message-ID", "<q1@soc.example>"),),
    )  # fmt: skip


def test_a_delivery_report_says_who_why_and_which_mail() -> None:
    found = classify(report("failed", "5.1.1"))
    assert found.kind == "bounce"
    assert found.bounce is not None
    (recipient,) = found.bounce.failed
    assert (recipient.address, recipient.status) == ("kim@northwind.example", "5.1.1")
    assert (found.bounce.original_message_id, found.bounce.envelope_id) == ("<q1@soc.example>", "QQ1")
    assert not found.bounce.suspected
    assert cause_of(recipient.status) == "bad_address"


def test_a_delay_is_a_bounce_that_ends_nothing() -> None:
    found = classify(report("delayed", "4.4.1"))
    assert found.kind == "bounce"
    assert found.bounce is not None
    assert found.bounce.failed == ()


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_positive_delivery_report_is_a_receipt(action: str) -> None:
    assert kind(report(action, "2.0.0")) == "receipt"


BOUNCES = {
    "qmail": ("failure notice", "MAILER-DAEMON@mx.example", "Hi. This is the qmail-send program at "
    "mx.example.\nI'm afraid I "
              "wasn't able to deliver your message to the following addresses.\n\n<kim@northwind.example>:\nSorry, no "
              "mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the "
              "message.\n\nReturn-Path: <a@b.c>"
              "\nMessage-ID: <q1@soc.example>\n", {}),
    "exim": ("Mail delivery failed: returning message to sender", "Mailer-Daemon@mx.example", "A message that "
    "you sent could "
             "not be delivered.\n\n  kim@northwind.example\n    550 unknown user\n",
             {"X-Failed-Recipients": "kim@northwind.example"}),
    "notes": ("DELIVERY FAILURE: User kim not listed in Domino Directory", "Postmaster@northwind.example", "Your "
    "message\n\n"
              "  Subject: Held mail\n\nwas not delivered to:\n\n  kim@northwind.example\n\nbecause:\n\n  not "
              "listed\n", {}),
    "exchange, German": ("Unzustellbar: Held mail", "postmaster@northwind.example", "Fehler bei der "
    "Nachrichtenzustellung an "
                         "folgende Empfänger:\n\nkim@northwind.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound\n", {}),
    "Japanese": ("メールエラー通知", "no-reply@carrier.example", "送信できませんでした。\nCould not be delivered to: "
                 "<kim@northwind.example>\n550 5.2.2 mailbox full\n\nReturn-Path: <a@b.c>\n", {"Return-Path": "<>"}),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "sender", "text", "headers"), BOUNCES.values(), ids=BOUNCES)
def test_bounces_in_free_text_are_suspected(subject: str, sender: str, text: str, headers: dict[str, str]) -> None:
    found = classify(mail(subject, text, sender.lower(), headers=headers))
    assert found.kind == "bounce"
    assert found.bounce is not None
    assert found.bounce.suspected
    assert found.bounce.failed[0].address == "kim@northwind.example"


def test_the_original_id_is_read_from_the_copy_below_a_bounce() -> None:
    subject, sender, text, _ = BOUNCES["qmail"]
    bounce = classify(mail(subject, text, sender.lower())).bounce
    assert bounce is not None
    assert bounce.original_message_id == "<q1@soc.example>"
    assert bounce.failed[0].status == "5.1.1"


def test_a_person_who_talks_about_a_bounce_is_a_person() -> None:
    text = "My mail came back:\n\n550 5.1.1 user unknown\n"
    assert kind(mail("Re: Undelivered Mail Returned to Sender", text, in_reply_to=("<q1@soc.example>",))) == "human"
    assert kind(mail("Fwd: Undeliverable: Held mail", text)) == "human"


def test_receipts_meeting_answers_and_complaints_are_no_replies() -> None:
    read = mail("Read: Held mail", report_type="disposition-notification", content_type="multipart/report")
    assert kind(read) == "receipt"
    assert kind(mail("Gelesen: Held mail", "Ihre Nachricht wurde am Montag gelesen")) == "receipt"
    assert kind(mail("Accepted: Talk", calendar_method="REPLY")) == "receipt"
    assert kind(mail("Abuse", report_type="feedback-report", content_type="multipart/report")) == "bulk"


def test_challenges_bulk_own_and_unreadable_mail() -> None:
    challenge = mail("Please confirm your message", "Please confirm that you are a human.", in_reply_to=("<q1@x>",))
    assert kind(challenge) == "challenge"
    news = mail("Sale", "Buy now", headers={"List-Unsubscribe": "<mailto:x>", "Feedback-ID": "1:2"})
    assert kind(news) == "bulk"
    assert kind(mail(sender="soc@northwind.example"), own_addresses=["SOC@northwind.example"]) == "own"
    assert kind(mail(text="", encrypted=True)) == "unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "Please click the link below to complete the verification process. You have to do this only once.",
        "To control spam, I now allow incoming messages only from senders I have approved beforehand.",
        "Votre message a été mis en attente. Merci de cliquer ci-dessous afin de vous authentifier.",
        "Um Spam zu vermeiden, bestätigen Sie bitte einmalig Ihre Adresse mit dem folgenden Link.",
    ],
)
def test_challenges_are_known_in_the_words_of_their_makers(text: str) -> None:
    assert kind(mail("Re: Held mail", text, in_reply_to=("<q1@x>",))) == "challenge"


@pytest.mark.parametrize(
    "text",
    [
        "Could you please confirm your message is genuine before I answer?",
        "Why does it say that your message is being held?",
        "Yes.\n\nOn Mon, Mar 4, 2024 SOC <soc@northwind.example> wrote:\n> Please complete the verification process.",
    ],
)
def test_who_asks_whether_the_question_is_genuine_is_a_person(text: str) -> None:
    assert kind(mail("Re: Held mail", text, in_reply_to=("<q1@x>",))) == "human"


def test_a_challenge_in_html_alone_is_one() -> None:
    html = "<p>Please complete the verification process.</p>"
    assert kind(mail("Re: Held mail", "", html=html, in_reply_to=("<q1@x>",))) == "challenge"


def test_a_persons_reply_that_a_rule_redirected_is_human() -> None:
    assert kind(mail(headers={"X-MS-Exchange-Inbox-Rules-Loop": "ann@northwind.example"})) == "human"


def test_a_post_to_a_discussion_list_is_human() -> None:
    headers = {"List-Id": "<staff.x>", "List-Post": "<mailto:staff@x>", "List-Unsubscribe": "<x>", "Precedence": "list"}
    assert kind(mail("[staff] lunch", headers=headers)) == "human"


def test_dates_in_many_languages() -> None:
    for text in (
        "4. März 2024",
        "4 mars 2024",
        "4 de marzo de 2024",
        "4 марта 2024 г.",
        "2024年3月4日",
        "March 4th, 2024",
    ):
        assert find_day(text) == (2024, 3, 4)
    assert parse_moment("Monday, March 4, 2024 2:05 PM -0500") == datetime(2024, 3, 4, 19, 5, tzinfo=UTC)
    assert parse_moment("no date at all") is None
    assert parse_moment("4 mars 2024 à 14:05 UTC+2") == datetime(2024, 3, 4, 12, 5, tzinfo=UTC)
    assert parse_moment("4. März 2024, 14:05 MEZ") == datetime(2024, 3, 4, 13, 5, tzinfo=UTC)
    assert parse_moment("On 4 March 2024 14:05, Adam West wrote") == datetime(2024, 3, 4, 14, 5, tzinfo=UTC)
