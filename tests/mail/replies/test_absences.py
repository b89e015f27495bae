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
        ("Re: spam", "Challenge-response (TMDA) annoys people. Can you confirm delivery?", {"In_Reply_To": "<a@b>"}),
    ],
)
def test_people_who_write_about_it_are_people(subject: str, body: str, headers: dict[str, str]) -> None:
    assert kind(subject, body, **headers) == "human"
