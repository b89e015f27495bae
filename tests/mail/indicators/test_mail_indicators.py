"""Indicators of a whole mail: from every part of it, each once, and saying where."""

from __future__ import annotations

from mailroom.indicators import Indicator, Limits
from mailroom.mail.indicators import mail_indicators
from mailroom.mail.model import Attachment, Mail, MailAddress

DIGEST = "0123456789abcdef" * 4


def by_value(mail: Mail) -> dict[tuple[str, str], Indicator]:
    return {(one.kind, one.value): one for one in mail_indicators(mail)}


def test_every_part_of_a_mail_is_read() -> None:
    mail = Mail(
        sha256="0" * 64,
        size=1,
        subject="Invoice from northwind.com",
        from_=(MailAddress("jane@contoso.com", "Jane"),),
        reply_to=(MailAddress("joe@fabrikam.com"),),
        text="call hxxp://example[.]org/a",
        html='<a href="http://192.0.2.7/x">http://shown.example.net/x</a>',
        attachments=(Attachment("offer.pdf", 3, DIGEST, "application/pdf"),),
    )
    found = by_value(mail)
    places = {value: one.notes[0] for (_, value), one in found.items()}
    assert places["northwind.com"] == "subject"
    assert places["jane@contoso.com"] == "from"
    assert places["joe@fabrikam.com"] == "reply_to"
    assert places["http://example.org/a"] == "text"
    assert places["http://192.0.2.7/x"] == "html"
    assert places["http://shown.example.net/x"] == "html"
    assert places["offer.pdf"] == "attachment:offer.pdf"
    assert places[DIGEST] == "attachment:offer.pdf"


def test_the_target_of_a_rewritten_link_is_reported_in_addition() -> None:
    wrapped = "https://urldefense.proofpoint.com/v2/url?u=https-3A__contoso.com_a&d=x"
    found = by_value(Mail("0" * 64, 1, html=f'<a href="{wrapped}">x</a>'))
    assert ("url", wrapped) in found
    assert found["url", "https://contoso.com/a"].notes[0] == "unwrapped"
    assert ("domain", "contoso.com") in found


def test_a_value_in_both_bodies_is_reported_once() -> None:
    mail = Mail("0" * 64, 1, text="https://contoso.com/a", html="<p>https://contoso.com/a</p>")
    assert [one.value for one in mail_indicators(mail) if one.kind == "url"] == ["https://contoso.com/a"]


def test_attached_mails_are_read_too_unless_told_otherwise() -> None:
    innermost = Mail("2" * 64, 1, text="192.0.2.9")
    mail = Mail("0" * 64, 1, text="192.0.2.1", nested=(Mail("1" * 64, 1, text="192.0.2.5", nested=(innermost,)),))
    assert [one.value for one in mail_indicators(mail)] == ["192.0.2.1", "192.0.2.5", "192.0.2.9"]
    assert mail_indicators(mail)[1].notes[:2] == ("nested", "text")
    assert [one.value for one in mail_indicators(mail, nested=False)] == ["192.0.2.1"]


def test_no_more_is_returned_than_the_limit_says() -> None:
    mail = Mail("0" * 64, 1, text=" ".join(f"host{number}.northwind.com" for number in range(50)))
    assert len(mail_indicators(mail, limits=Limits(indicators=9))) == 9
