"""Bounces, receipts, invitations: the parts that machines wrote."""

from __future__ import annotations

import base64

STATUS = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\nArrival-Date: today\r\n\r\n"
    b"Final-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"Final-Recipient: rfc822; full@x.example\r\nAction: delayed\r\nStatus: 4.2.2\r\n"
)
TEXT = b"Content-Type: text/plain\r\n\r\nCould not be delivered."
REPORT = "; report-type=delivery-status"


def test_the_blocks_of_a_delivery_status_are_fields_and_not_text(multipart):
    returned = b"Content-Type: message/rfc822\r\n\r\nSubject: my mail\r\nMessage-ID: <1@x>\r\n\r\nold text"
    mail = multipart(TEXT, STATUS, returned, kind="report", parameters=REPORT)
    assert mail.report_type == "delivery-status"
    assert [dict(block).get("Action") for block in mail.delivery_status] == [None, "failed", "delayed"]
    assert mail.text == "Could not be delivered."
    assert dict(mail.returned_headers)["Message-ID"] == "<1@x>"
    assert mail.nested[0].subject == "my mail"


def test_a_delivery_status_that_a_gateway_encoded_is_decoded(multipart):
    head, recipients = STATUS.split(b"today\r\n\r\n")
    status = head + b"today\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(recipients)
    mail = multipart(TEXT, status, kind="report", parameters=REPORT)
    assert [dict(block).get("Status") for block in mail.delivery_status] == [None, "5.1.1", "4.2.2"]


def test_returned_headers_alone_are_read(multipart):
    mail = multipart(
        TEXT,
        STATUS,
        b"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@x>\r\n",
        kind="report",
        parameters=REPORT,
    )
    assert dict(mail.returned_headers) == {"Message-ID": "<1@x>"}
    assert not mail.attachments


def test_a_forwarded_bounce_is_an_ordinary_mail(multipart):
    bounce = (
        b"Content-Type: message/rfc822\r\n\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="c"\r\n\r\n--c\r\n'
    )
    mail = multipart(TEXT, bounce + STATUS + b"\r\n--c--\r\n")
    assert mail.report_type == ""
    assert not mail.delivery_status
    assert mail.nested[0].report_type == "delivery-status"


def test_a_receipt_is_read(multipart):
    receipt = (
        b"Content-Type: message/disposition-notification\r\n\r\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\r\nOriginal-Message-ID: <1@x>\r\n"
    )
    mail = multipart(TEXT, receipt, kind="report", parameters="; report-type=disposition-notification")
    assert mail.report_type == "disposition-notification"
    assert dict(mail.delivery_status[0])["Original-Message-ID"] == "<1@x>"


def test_kind_and_method_of_a_report_hold_no_nul(multipart):
    mail = multipart(
        b'Content-Type: text/calendar; method="RE\x00PLY"\r\n\r\nx', kind="report", parameters='; report-type="a\x00b"'
    )
    assert (mail.calendar_method, mail.report_type) == ("REPLY", "ab")


def test_the_method_of_an_invitation_is_told(multipart):
    mail = multipart(
        TEXT, b"Content-Type: text/calendar; method=reply; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\n", kind="alternative"
    )
    assert mail.calendar_method == "REPLY"
    assert mail.attachments[0].mime_type == "text/calendar"
