"""The original in a report, who reports, and what of it triage may believe. No server needed."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

from mailroom.connectors.reported import content_of, event_of, originals, reporter_of
from mailroom.mail.account import MailAccount
from mailroom.mail.parse import parse
from mailroom.triage.extract import extract
from mailroom.triage.ruleset import load_ruleset

OURS = frozenset({"corp.example"})
ACCOUNT = MailAccount("phish", "phish@corp.example", None, None, trusted_authserv_ids=("mx.corp.example",))
PASS = "mx.corp.example; spf=pass; dkim=pass; dmarc=pass header.from=corp.example"


def mail(text: str = "Look.", html: str = "", **headers: str) -> EmailMessage:
    made = EmailMessage()
    known = {"From": "Ann <ann@corp.example>", "To": "phish@corp.example", "Subject": "Fwd: hi", "Message_ID": "<r@c>"}
    for name, value in (known | headers).items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def bad(**headers: str) -> EmailMessage:
    known = {"From": "Bank <it@evil.example>", "To": "ann@corp.example", "Subject": "hi", "Message_ID": "<o@evil>"}
    return mail("Your password expires.", '<a href="https://evil.test/x">www.bank.example</a>', **known | headers)


def around(*inner: EmailMessage, **headers: str) -> Any:
    made = mail(**headers)
    for one in inner:
        made.add_attachment(one)
    return parse(made.as_bytes())


def test_attached_mails_are_the_originals_each_once_at_most_ten() -> None:
    found = originals(around(bad(), bad(), *(bad(Message_ID=f"<{n}@evil>") for n in range(20))))
    assert len(found) == 10
    assert {one.how for one in found} == {"attached"}
    assert found[0].message_id == "<o@evil>"


def test_the_same_mail_has_the_same_key_whoever_attaches_it() -> None:
    one, two = originals(around(bad()))[0], originals(around(bad(), From="Ben <ben@corp.example>", Subject="WG: hi"))[0]
    assert one.key == two.key
    assert originals(around(bad(Message_ID="<other@evil>")))[0].key != one.key


def test_a_colleagues_forward_around_the_mail_is_passed_over_but_not_a_strangers() -> None:
    forward = mail(Message_ID="<f@c>")
    forward.add_attachment(bad())
    assert originals(around(forward), own_domains=OURS)[0].sender.address == "it@evil.example"
    stranger = mail(From="x@stranger.example", Message_ID="<s@c>")
    stranger.add_attachment(bad())
    assert originals(around(stranger), own_domains=OURS)[0].sender.address == "x@stranger.example"


def test_a_report_of_a_machine_and_a_mail_without_another_hold_no_original() -> None:
    assert originals(parse(mail("Just a question.", Subject="Question").as_bytes())) == ()


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Authentication_Results": PASS}, ""),
        ({}, "unproven"),
        ({"Authentication_Results": PASS.replace("dmarc=pass", "dmarc=fail")}, "forged"),
        ({"Authentication_Results": PASS.replace("mx.corp", "mx.evil")}, "unproven"),
        ({"Authentication_Results": PASS, "From": "x@elsewhere.example"}, "outside"),
        ({"Authentication_Results": PASS, "From": "phish+x@corp.example"}, "ours"),
        ({"Authentication_Results": PASS, "From": "ann@corp.example, ben@corp.example"}, "several authors"),
        ({"Authentication_Results": PASS, "Auto_Submitted": "auto-generated"}, "automatic"),
        ({"Authentication_Results": PASS, "From": "ann@notcorp.example"}, "outside"),
    ],
)
def test_only_reports_of_our_own_proven_people_count(headers: dict[str, str], refused: str) -> None:
    assert reporter_of(parse(mail(**headers).as_bytes()), ACCOUNT, OURS).refused == refused


def test_what_could_prove_the_sender_is_left_out_and_what_speaks_against_the_mail_stays() -> None:
    (original,) = originals(around(bad(Authentication_Results="relay.mimecast.com; dmarc=pass header.from=evil.example",
                                       Reply_To="x@gmail.com")))  # fmt: skip
    event = event_of(original, "ann@corp.example")
    facts = extract(event, load_ruleset().context)

    assert facts["level"] == "T3"
    assert "auth.dmarc" not in facts
    assert "auth.dmarc_pass" not in facts
    assert facts["reply_to.address"] == "x@gmail.com"
    assert facts["links.shown_differs"] is True
    assert facts["links.root_domains"] == ["evil.test"]
    assert "password expires" in facts["body.text"].lower()


def test_a_quoted_mail_gives_its_header_words_and_links_and_nothing_else() -> None:
    text = (
        "Is this real?\n\n---------- Forwarded message ---------\nFrom: Bank <it@evil.example>\n"
        "Date: Mon, 2 Mar 2026 09:00:00 +0000\nSubject: hi\nTo: <ann@corp.example>\n\nYour password expires.\n"
    )
    made = parse(mail(text, '<p>Is this real?</p><a href="https://evil.test/x">Open</a>').as_bytes())
    (original,) = originals(made)
    event = event_of(original, "ann@corp.example")
    facts = extract(event, load_ruleset().context)

    assert (facts["from.address"], facts["subject"]) == ("it@evil.example", "hi")
    assert facts["links.hosts"] == ["evil.test"]
    assert not {"auth.present", "reply_to.present", "header.names", "attachments.names"} & facts.keys()


def test_links_that_a_gateway_rewrote_lead_where_they_lead() -> None:
    safe = "https://eu01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.test%2Fx&data=1"
    (original,) = originals(around(mail("x", f'<a href="{safe}">Open</a>', From="b@evil.example", Message_ID="<w@e>")))
    assert [one["url"] for one in content_of(original)["links"]] == ["https://evil.test/x"]
