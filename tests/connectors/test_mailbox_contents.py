"""The mailbox connector's parameters, and what hostile mails become; against a real IMAP server."""

from __future__ import annotations

import base64
import hashlib
import json
from email.message import EmailMessage
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail, with_attached

from mailroom.connectors.mailbox import MailboxSettings, reading
from mailroom.connectors.mailbox_form import MailboxForm
from mailroom.errors import InvalidInputError
from mailroom.mail.parse import parse_safely


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """What becomes of a mail does not depend on the database; the cycles are tested on both."""
    return sqlite_url


def _settings(**form: Any) -> dict[str, Any]:
    """The fields of the settings that a form gives."""
    settings = MailboxForm(**{"indicators": False} | form).settings()
    return {name: getattr(settings, name) for name in MailboxSettings.__dataclass_fields__}


def test_values_of_one_filter_are_alternatives_and_filters_must_all_fit(mailbox: Any) -> None:
    mailbox.put(
        mail(1, sender="a@example.com", subject="invoice"),
        mail(2, sender="b@notexample.com", subject="invoice"),
        mail(3, sender="c@example.org", subject="Report"),
        mail(4, sender="d@example.com", subject="lunch"),
    )
    report = mailbox.cycle(**_settings(from_filter="@example.com, c@example.org", subject_filter="INVOICE, report"))
    assert [alert.title for alert in mailbox.alerts()] == ["invoice", "Report"]
    # The server was asked for parts of words, so it sent a look-alike; we did not take it.
    assert (report.fetched, report.filtered) == (3, 1)
    assert mailbox.cycle(**_settings(from_filter="@example.com")).fetched <= 2


def test_a_hit_of_a_not_filter_leaves_the_mail_out_and_unread(mailbox: Any) -> None:
    uids = mailbox.put(mail(1, subject="Newsletter"), mail(2), mail(3, List_Id="<all.example.org>"))
    mailbox.cycle(**_settings(not_subject="newsletter", not_header_name="List-Id"))
    assert [alert.title for alert in mailbox.alerts()] == ["Mail 2"]
    assert mailbox.unread() == [uids[0], uids[2]]


def test_the_environment_is_what_the_expression_finds_in_the_field(mailbox: Any) -> None:
    mailbox.put(mail(1, sender="x@berlin.example.org"), mail(2, sender="y@example.org"))
    mailbox.cycle(**_settings(environment_field="sender", environment_regex="@([a-z]+)[.]example", environment="Rest"))
    assert [alert.environment for alert in mailbox.alerts()] == ["berlin", "Rest"]


def test_product_and_event_come_from_the_fields_that_the_operator_names(mailbox: Any) -> None:
    mailbox.put(mail(1, subject="Alarm"))
    mailbox.cycle(**_settings(product_field="appliance", event_field="subject"))
    (alert,) = mailbox.alerts()
    assert (alert.product, alert.event["appliance"], alert.event_name) == ("Mail", "Mail", "Alarm")


def test_the_dynamic_list_puts_what_it_finds_into_the_event(mailbox: Any) -> None:
    rules = r"""
    urls: http[s]?://(?:[a-zA-Z]|[0-9]|[$-_@.&+]|[!*(),]|(?:%[0-9a-fA-F][0-9a-fA-F]))+
    subject line: (?<=Subject: ).*
    """
    mailbox.put(mail(1, subject="Ticket 7", body="see https://evil.example/a and http://b.example\n"))
    mailbox.cycle(**_settings(dynamic_list="\n".join(line.strip() for line in rules.splitlines())))
    (alert,) = mailbox.alerts()
    assert alert.event["extracted"]["urls"] == ["https://evil.example/a", "http://b.example"]
    assert alert.event["extracted"]["subject line"] == ["Ticket 7"]


# H10
def test_an_expression_that_would_hang_does_not_hold_up_the_cycle(mailbox: Any) -> None:
    mailbox.put(mail(1, body="a" * 5_000 + "!\n"))
    assert mailbox.cycle(**_settings(dynamic_list=r"bad: (?<!x)(a+)+$")).alerted == 1


def test_the_operators_expressions_find_the_original_in_a_forwarded_mail(mailbox: Any) -> None:
    expressions = json.dumps({"subject": "Betreff=(.*)", "from": "Absender=(.*)", "to": "An=(.*)"})
    body = "please look\n\nBetreff=You won\nAbsender=bad@evil.example\nAn=amy@northwind.example\n\nclick\n"
    mailbox.put(mail(1, subject="FW: You won", body=body))
    mailbox.cycle(**_settings(forward_regexes=expressions))
    (alert,) = mailbox.alerts()
    original = alert.event["forwarded"][-1]
    assert (original["subject"], original["sender"]) == ("You won", "bad@evil.example")
    assert original["to"] == ["amy@northwind.example"]


def test_an_attached_mail_is_an_event_of_its_alert_or_an_alert_of_its_own(mailbox: Any) -> None:
    mailbox.put(with_attached(1, mail(2, subject="inside")))
    mailbox.cycle()
    (outer,) = mailbox.alerts()
    assert [inner["subject"] for inner in outer.event["attached_mails"]] == ["inside"]
    assert outer.event["forwarded"][-1]["subject"] == "inside"
    mailbox.put(with_attached(3, mail(4, subject="inside too")))
    report = mailbox.cycle(attached_mails="alerts")
    assert (report.fetched, report.alerted) == (1, 1)
    _, outer, inner = mailbox.alerts()
    assert "attached_mails" not in outer.event
    assert (inner.title, inner.event["attached_to"]) == ("inside too", outer.external_key)
    assert inner.external_key == f"{outer.external_key}/1"


def test_the_original_is_kept_byte_for_byte_when_asked_for(mailbox: Any) -> None:
    mailbox.put(mail(1), mail(2))
    mailbox.cycle(max_per_cycle=1)
    mailbox.cycle(attach_original_eml=True)
    one, other = mailbox.alerts()
    assert "eml_sha256" not in one.event
    assert mailbox.store.blobs.get(other.event["eml_sha256"]) == mail(2)
    assert mailbox.store.check().problems == ()


def test_a_mail_over_the_size_limit_is_taken_by_its_beginning_which_is_kept(mailbox: Any) -> None:
    mailbox.put(mail(1, body=("x" * 70 + "\n") * 9_000))
    mailbox.cycle(max_message=1 << 16)
    (alert,) = mailbox.alerts()
    assert alert.event["truncated"]
    assert alert.event["size"] > 600_000
    assert mailbox.store.blobs.get(alert.event["eml_sha256"]).startswith(b"From:")


def test_times_are_shown_in_the_servers_zone_too(mailbox: Any) -> None:
    mailbox.put(mail(1))
    mailbox.cycle(server_time_zone="Asia/Kathmandu")
    (alert,) = mailbox.alerts()
    assert alert.event["received_local"].endswith("+05:45")


def test_indicators_are_in_the_event_unless_switched_off(mailbox: Any) -> None:
    mailbox.put(mail(1, body="go to hxxps://evil[.]example/x\n"), mail(2))
    mailbox.cycle(indicators=True, max_per_cycle=1)
    mailbox.cycle()
    one, other = mailbox.alerts()
    assert {"kind": "url", "value": "https://evil.example/x", "where": "text"} in one.event["indicators"]
    assert "indicators" not in other.event


# F56
def test_a_mail_that_cannot_be_read_is_tried_three_times_and_then_kept_aside(
    mailbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(raw: bytes, **options: Any) -> Any:
        if b"poison" in raw:
            raise RuntimeError("a fault of ours")
        return parse_safely(raw, **options)

    monkeypatch.setattr(reading, "parse_safely", parse)
    mailbox.put(mail(1, subject="poison"), mail(2))
    reports = [mailbox.cycle() for _ in range(4)]
    assert [report.alerted for report in reports] == [1, 0, 0, 0]
    assert [report.quarantined for report in reports] == [0, 0, 1, 0]
    assert [report.waiting for report in reports] == [1, 1, 0, 0]
    (row,) = mailbox.store.items.quarantined()
    assert mailbox.store.blobs.get(row.quarantine_sha256) == mail(1, subject="poison")
    assert "RuntimeError" in row.reason
    assert mailbox.unread() == [1]
    assert mailbox.store.runs.conservation_violations() == []


# F56
def test_a_mail_whose_reader_had_to_be_killed_counts_as_failed(mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    def parse(raw: bytes, **options: Any) -> Any:
        return dataclasses.replace(parse_safely(raw, **options), defects=("parse_timeout",))

    monkeypatch.setattr(reading, "parse_safely", parse)
    mailbox.put(mail(1))
    assert [mailbox.cycle().quarantined for _ in range(3)] == [0, 0, 1]


HOSTILE = {
    # H1 to H3
    "headers": b"".join(b"X-H%d: v\r\n" % n for n in range(20_000)) + b"\r\nbody\r\n",
    "long subject": b"Subject: " + b"word " * 50_000 + b"\r\n\r\nbody\r\n",
    "nested": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + b'--b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' * 3_000,
    "parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 20_000,
    # H5
    "file name": b'Content-Type: application/pdf; name="../../etc/passwd"\r\nContent-Disposition: attachment; '
    b'filename="..\\\\..\\\\con"\r\n\r\nx\r\n',
    # H9, H25
    "two froms": b"From: a@example.org\r\nFrom: b@evil.example, c@evil.example\r\n\r\nx\r\n",
    # H13
    "charset": b"Subject: =?x-nonsense?B?gICA?=\r\nContent-Type: text/plain; "
    b"charset=_iso-2022-jp$ESC\r\n\r\n\xff\x80\xed\xa0\x80\r\n",
    "nul": b"Subject: a\x01b\r\nContent-Type: text/html; charset=utf-16\r\n\r\n\xd8\x00\xd8\x00x\r\n",
    # H14
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"x" * 999)[:-3] + b"!!\r\n",
    # H26
    "date": b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n" + b"Received: x\r\n" * 5_000 + b"\r\nx\r\n",
    # H30
    "names": b"__class__: x\r\nheaders: y\r\n\xc3\xbcber: z\r\n\r\nx\r\n",
    "empty": b"\r\n",
    "no header": b"just some text without any header\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_becomes_an_alert_like_any_other(mailbox: Any, name: str) -> None:
    mailbox.put(HOSTILE[name], mail(2))
    report = mailbox.cycle(indicators=True)
    assert (report.fetched, report.alerted) == (2, 2)
    alert = mailbox.alerts()[0]
    json.dumps(alert.event, ensure_ascii=False).encode("utf-8")
    assert "\x00" not in json.dumps(alert.event)
    assert len(json.dumps(alert.event)) < 3_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"dynamic_list": "no colon"}, {"dynamic_list": "a: ("}, {"environment_regex": "("}, {"forward_regexes": "[1]"},
        {"server_time_zone": "Nowhere"}, {"offset_days": -1}, {"fetch_type": "all"}, {"header_name": "a b"},
        {"environment_regex": "of no field"}, {"header_filter": "words of no header"},
        {"not_header": "words of no header"},
    ],
    ids=str,
)  # fmt: skip
def test_a_form_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        MailboxForm(**wrong).settings()


def test_lists_of_a_form_are_separated_by_commas() -> None:
    settings = MailboxForm(folders="INBOX, Reports\\, old", unread_only=False, from_filter="a@b.c, d.e").settings()
    assert settings.folders == ("INBOX", "Reports, old")
    assert settings.fetch == "everything"
    assert settings.filters.from_ == ("a@b.c", "d.e")


def test_big_mails_among_small_ones_lose_nothing_and_keep_their_places(mailbox: Any) -> None:
    # Together these are more than is read ahead.
    files = {number: bytes([number]) * (number * 450_000) for number in range(2, 12, 2)}

    def with_file(number: int, content: bytes) -> bytes:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "p@example.org", "soc@northwind.example", f"Mail {number}"
        message["Message-ID"] = f"<m{number}@example.org>"
        message.set_content("see the file\n")
        message.add_attachment(content, "application", "octet-stream", filename="file.bin")
        return message.as_bytes().replace(b"\n", b"\r\n")

    mailbox.put(*(with_file(n, files[n]) if n in files else mail(n) for n in range(1, 12)))
    assert mailbox.cycle(indicators=False, max_per_cycle=0).alerted == 11
    found = {alert.title: alert.event for alert in mailbox.alerts()}
    assert list(found) == [f"Mail {n}" for n in range(1, 12)]
    for number, content in files.items():
        (attachment,) = found[f"Mail {number}"]["attachments"]
        assert (attachment["size"], attachment["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert mailbox.unread() == []


# H26
@pytest.mark.parametrize("written", ["Fri, 31 Dec 9999 23:59:59 -1400", "Mon, 01 Jan 0001 00:00:00 +1400"])
def test_a_forwarded_mail_from_the_end_of_the_calendar_becomes_an_alert_like_any_other(
    mailbox: Any, written: str
) -> None:
    inline = f"FYI\r\n\r\n---------- Forwarded message ---------\r\nFrom: Eve <eve@evil.example>\r\nDate: {written}\r\n"
    inline += "Subject: Pay\r\nTo: kim@northwind.example\r\n\r\nPay now.\r\n"
    mailbox.put(mail(1, subject="Fwd: Pay", body=inline), with_attached(3, mail(2, Date=written)))
    assert mailbox.cycle(**_settings()).alerted == 2
    assert [len(alert.event["forwarded"]) for alert in mailbox.alerts()] == [1, 1]
