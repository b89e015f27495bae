"""Actions that send: what their forms must hold, and what they say when not everybody gets the mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailroom.errors import InvalidInputError
from tasks import mail as actions

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"


@pytest.mark.parametrize("action", [actions.send_email, actions.send_email_and_wait])
@pytest.mark.parametrize("field", ["recipients", "subject", "content"])
def test_a_field_that_is_needed_is_not_sent_empty(sandbox_box: Any, action: Any, field: str) -> None:
    given = {"recipients": AMY, "subject": "Held mail", "content": "Yes or no?", "cc": BEN} | {field: " "}
    with pytest.raises(InvalidInputError, match=r"empty|no recipient"):
        action.fn(**given)
    assert (sandbox_box.sent(), sandbox_box.store.waits.list()) == ([], [])


@pytest.mark.parametrize(
    "send",
    [lambda: actions.send_thread_reply.fn("<m1@example.org>", ""), lambda: actions.forward_email.fn("<m1@x.org>", " ")],
)
def test_a_follow_up_without_words_or_people_is_not_sent(sandbox_box: Any, send: Callable[[], object]) -> None:
    with pytest.raises(InvalidInputError, match=r"(Content|Recipients) is empty"):
        send()
    assert sandbox_box.sent() == []


@pytest.mark.parametrize(("answer", "which"), [("550 5.1.1 no such user", "good"), ("451 4.2.0 greylisted", "now")])
def test_a_mail_that_somebody_refused_is_not_called_a_success(
    real_box: Any, smtp_server: Any, answer: str, which: str
) -> None:
    smtp_server.plan("RCPT", answer)
    result = actions.send_email.fn(f"{AMY}, {BEN}", "Held mail", "Yes or no?")
    assert (result.is_success, result.accepted) == (False, 1)
    assert result.message == f"Email was sent, but not to everybody: 1 refused for {which}."
    assert (result.refused, result.open) == (([f"{AMY}: {answer}"], []) if which == "good" else ([], [AMY]))


def test_an_answer_in_a_folder_with_a_comma_in_its_name_is_found(task_box: Any) -> None:
    sent = actions.send_email.fn(AMY, "Held mail", "Yes or no?")
    with task_box.account.open_imap() as session:
        session.create("Answers, new")
        session.append("Answers, new", (
            f"From: {AMY}\r\nTo: soc@northwind.example\r\nSubject: Re: Held mail\r\nMessage-ID: <r1@example.org>\r\n"
            f"In-Reply-To: {sent.message_id}\r\n\r\nYes.\r\n"
        ).encode())  # fmt: skip
    result = actions.wait_for_email_from_user.fn(sent.message_id, folders="Answers\\, new", wait_seconds=20)
    assert (result.state, [one["content"] for one in result.responses]) == ("answered", ["Yes."])
