"""The result of an answer under the keys playbooks branch on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from mailroom.mail.answer_result import answer_result
from mailroom.mail.model import Mail, MailAddress

KEYS = {
    "body", "receivers", "cc", "timestamp", "raw", "names", "content_type", "date", "subject", "answer", "sender",
    "received_timestamp", "charset", "bcc", "to", "email_uid", "received_date", "reply_to", "html_body", "message_id",
    "plaintext_body", "in_replay_to",
}  # fmt: skip
MAIL = Mail(
    "ab12", 9, subject="Re: Held mail", from_=(MailAddress("kim@northwind.example", "Kim Lee"),),
    to=(MailAddress("soc@northwind.example"),), cc=(MailAddress("lee@northwind.example", "Lee"),),
    date=datetime(2024, 3, 4, 11, 0, tzinfo=timezone(timedelta(hours=2))), message_id="<a1@northwind.example>",
    in_reply_to=("<q1@soc.example>",), text="Yes.\n\n> Q", html="<p>Yes.</p>", charset="utf-8",
)  # fmt: skip
RECEIVED = datetime(2024, 3, 4, 9, 0, 30, tzinfo=UTC)


def test_every_documented_key_is_there_the_misspelt_one_included() -> None:
    data = answer_result(MAIL, uid=17, received_at=RECEIVED, answer="Yes.", raw=b"raw \xff").as_json()
    assert set(data) >= KEYS
    assert data["in_replay_to"] == data["in_reply_to"] == "<q1@soc.example>"
    assert data["receivers"] == ["soc@northwind.example", "lee@northwind.example"]
    assert (data["to"], data["cc"], data["bcc"]) == (["soc@northwind.example"], ["lee@northwind.example"], [])
    assert (data["date"], data["received_date"]) == ("2024-03-04 09:00:00", "2024-03-04 09:00:30")
    assert (data["timestamp"], data["received_timestamp"]) == (1709542800, 1709542830)
    assert data["names"] == {
        "kim@northwind.example": "Kim Lee",
        "soc@northwind.example": None,
        "lee@northwind.example": "Lee",
    }
    assert (data["email_uid"], data["answer"], data["sender"]) == ("17", "Yes.", "kim@northwind.example")
    json.dumps(data)


def test_a_mail_without_date_or_text_still_gives_a_result() -> None:
    data = answer_result(Mail("x", 1, html="<p>Yes</p>"), uid="1", received_at=RECEIVED, answer="Yes").as_json()
    assert (data["date"], data["timestamp"], data["body"]) == (None, None, "Yes")
