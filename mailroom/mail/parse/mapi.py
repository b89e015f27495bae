"""MAPI properties as TNEF and .msg files carry them: the few that make a mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailroom.mail.moments import anywhere
from mailroom.mail.parse.labels import code_page_label

SUBJECT, BODY, HTML, RTF = 0x0037, 0x1000, 0x1013, 0x1009
HEADERS, MESSAGE_ID, REFERENCES, IN_REPLY_TO = 0x007D, 0x1035, 0x1039, 0x1042
SENDER_NAME, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
FROM_NAME, FROM_ADDRESS, FROM_SMTP = 0x0042, 0x0065, 0x5D02
SENT_AT, RECEIVED_AT = 0x0039, 0x0E06
DISPLAY_TO, DISPLAY_CC, DISPLAY_NAME = 0x0E04, 0x0E03, 0x3001
RECIPIENT_ADDRESS, RECIPIENT_SMTP, RECIPIENT_TYPE = 0x3003, 0x39FE, 0x0C15
ATTACH_DATA, ATTACH_LONG_NAME, ATTACH_NAME = 0x3701, 0x3707, 0x3704
ATTACH_MIME, ATTACH_CONTENT_ID, ATTACH_METHOD = 0x370E, 0x3712, 0x3705
INTERNET_CODEPAGE, MESSAGE_CODEPAGE = 0x3FDE, 0x3FFD

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def codepage_label(number: int) -> str:
    """The charset label of a Windows code page; empty when the text is UTF-16 or the mail does not say."""
    return code_page_label(number) if number not in {1200, 0} else ""


def file_time(value: int) -> datetime | None:
    """A Windows file time (100 ns since 1601) as an aware UTC time that every time zone can express, or None."""
    try:
        return anywhere(_EPOCH + timedelta(microseconds=value // 10)) if value > 0 else None
    except OverflowError:
        return None
