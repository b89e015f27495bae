"""Dates and message ids (H26)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.mail.parse import Limits, parse
from mailroom.mail.parse.dates import read_date
from mailroom.mail.parse.ids import read_ids, read_message_id

RECEIVED = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"),
        ("1 Jul 2003 10:52 -0330 (Newfoundland ((very)) far)", "2003-07-01T10:52:00-03:30"),
        ("Tue, 1 Jul 2003 10:52:37 GMT", "2003-07-01T10:52:37+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 EST", "2003-07-01T10:52:37-05:00"),
        ("Tue, 1 Jul 2003 10:52:37 CET", "2003-07-01T10:52:37+01:00"),
        ("Tue, 1 Jul 2003 10:52:37 GMT+0200", "2003-07-01T10:52:37+02:00"),
        ("Tue, 1 Jul 2003 10:52:37 +02:00", "2003-07-01T10:52:37+02:00"),
        ("1 Jul 97 10:52:37 -600", "1997-07-01T10:52:37-06:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        ("Tue Jul  1 10:52:37 2003", "2003-07-01T10:52:37+00:00"),
        ("2003-07-01T10:52:37Z", "2003-07-01T10:52:37+00:00"),
        ("Tue, 1 Jul 2003 10:52:60 +0000", "2003-07-01T10:52:59+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 PM +0200", "2003-07-01T22:52:37+02:00"),
        ("Tue, 1 Jul 2003 12:52 a.m. +0200", "2003-07-01T00:52:00+02:00"),
        ("1 Jul 2003 22:52:37 PM", "2003-07-01T22:52:37+00:00"),
        ("1-7-2003 10:52:37", "2003-07-01T10:52:37+00:00"),
        ("Tue, 01 07 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"),
        ("Tue, 1 Jul 2003", "2003-07-01T00:00:00+00:00"),
        ("Tue, 1 Jul 103 10:52:37GMT", "2003-07-01T10:52:37+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 -1234567890", "2003-07-01T10:52:37+00:00"),
        ("Tue Jul  1 10:52:37 CEST 2003", "2003-07-01T10:52:37+02:00"),
        ("Tue Jul  1 10:52:37 JST 2003", "2003-07-01T10:52:37+09:00"),
        ("Tue Jul  1 10:52:37 2003 CET", "2003-07-01T10:52:37+01:00"),
        ("1-Jul-2003 9:5:7 CET", "2003-07-01T09:05:07+01:00"),
        ("Tue, 1 Jul 2003 10:52:37 +0200 JST", "2003-07-01T10:52:37+02:00"),
        ("Tue, 1 Jul 2003 10:52:37 +02", "2003-07-01T10:52:37+02:00"),
        ("Tue, 1 Jul 2003 10:52:37 -2", "2003-07-01T10:52:37-02:00"),
        ('"Tue, 1 Jul 2003 10:52:37 +0200"', "2003-07-01T10:52:37+02:00"),
        ("Tue, 1 Jul 2003 10:52:37.123 +0200", "2003-07-01T10:52:37+02:00"),
        ("2003-07-01T10:52+02:00", "2003-07-01T10:52:00+02:00"),
        ("2003-07-01T10:52:37.123+02:00", "2003-07-01T10:52:37+02:00"),
        ("2003-07-01 10:52:37 CEST", "2003-07-01T10:52:37+02:00"),
        ("2003-07-01 10:52", "2003-07-01T10:52:00+00:00"),
        ("2003-07-01", "2003-07-01T00:00:00+00:00"),
        ("2003/07/01 10:52:37 +0900", "2003-07-01T10:52:37+09:00"),
        ("14/7/2003 10:52:37", "2003-07-14T10:52:37+00:00"),
        ("7/14/2003 4:52:37 PM", "2003-07-14T16:52:37+00:00"),
        ("7/7/2003 10:52:37", "2003-07-07T10:52:37+00:00"),
        ("((a (b (c)))) Tue (day), 1 Jul 2003 10 (h): 52 GMT (never closed", "2003-07-01T10:52:00+00:00"),
    ],
)
def test_dates_are_read_in_many_forms(written, iso):
    found = read_date(written)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "30 Feb 2020 10:00:00 +0000",
        "1 Jul 2003 10:00:00 +9999",
        "1 Jan 99999 00:00:00 +0000",
        "<HR>",
        "0 " * 200,
        "1-13-2003 10:00:00",
        "3/4/2003 10:00:00",
        "3/4/2003 4:00:00 PM",
        "Fri, 14 Oct 0022 16:27:32 +0200",
        "Fri, 30 Dec 1899 00:00:00 +0000",
        "(" * 200,
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Fri, 31 Dec 9999 23:59:59 -1400",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_absurd_dates_are_none(written):
    assert read_date(written) is None


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Thu, 5 Sept 2019 09:00:00 +0200", "2019-09-05"),
        ("5 sept. 2019 09:00:00 +0200", "2019-09-05"),
        ("Fr, 14 Okt 2022 09:00:00 +0200", "2022-10-14"),
        ("Freitag, 14. Oktober 2022 09:00:00 +0200", "2022-10-14"),
        ("Mi, 04 Mrz 2020 09:00:00 +0200", "2020-03-04"),
        ("Do 03 Mai 2018 09:00:00 +0200", "2018-05-03"),
        ("Mo, 10 Dez 2018 09:00:00 +0200", "2018-12-10"),
        ("ven., 14 oct. 2022 09:00:00 +0200", "2022-10-14"),
        ("mar. 11 oct. 2022 09:00:00 +0200", "2022-10-11"),
        ("mar, 02 mar 2021 09:00:00 +0200", "2021-03-02"),
        ("lun, 07 ago 2017 09:00:00 +0200", "2017-08-07"),
        ("lun, 09 ene 2017 09:00:00 +0200", "2017-01-09"),
        ("14 de octubre de 2022 09:00:00 +0200", "2022-10-14"),
        ("ons, 10 desember 2014 09:00:00 +0200", "2014-12-10"),
        ("Пт, 14 окт 2022 09:00:00 +0200", "2022-10-14"),
    ],
)
def test_months_are_known_in_other_languages(written, day):
    found = read_date(written)
    assert found is not None
    assert found.isoformat() == f"{day}T09:00:00+02:00"


def test_a_month_may_stand_in_raw_octets(headers):
    expected = datetime(2018, 3, 1, 9, tzinfo=UTC)
    assert headers("Date: Do, 01 Mär 2018 09:00:00 +0000").date == expected
    assert headers("Date: Do, 01 Mär 2018 09:00:00 +0000".encode("latin-1")).date == expected


def test_the_time_of_receipt_stands_in_for_a_missing_or_absurd_date():
    assert parse(b"Subject: s\r\n\r\n", internal_date=RECEIVED).date == RECEIVED
    mail = parse(b"Date: never\r\n\r\n", internal_date=RECEIVED)
    assert mail.date == RECEIVED
    assert "date_unreadable" in mail.defects
    assert mail.header("Date") == "never"


def test_a_date_that_names_no_zone_is_utc_and_flagged():
    mail = parse(b"Date: Tue, 1 Jul 2003 10:52:37 -0000\r\n\r\n")
    assert mail.date == datetime(2003, 7, 1, 10, 52, 37, tzinfo=UTC)
    assert "date_without_zone" in mail.defects


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("<a@b>", ("<a@b>",)),
        ("<a@b> <c@d>,<e@f>", ("<a@b>", "<c@d>", "<e@f>")),
        ("Your message of Monday <a@b>", ("<a@b>",)),
        ("<long-id@ example.com>", ("<long-id@example.com>",)),
        ("=?utf-8?q?=3Ca=40b=3E?=", ("<a@b>",)),
        ("a@b", ("<a@b>",)),
        ("<[x@y]>", ("<[x@y]>",)),
        ("<1234   @   local(blah)  .machine .example>", ("<1234@local.machine.example>",)),
        ("<1@example(a comment).com><(2)@example.com>", ("<1@example.com>", "<(2)@example.com>")),
        ("", ()),
        ("nothing", ()),
    ],
)
def test_ids_survive_what_was_done_to_them_on_the_way(written, ids):
    assert read_ids(written) == ids


def test_the_message_id_has_angle_brackets(headers):
    assert headers("Message-ID: <1@x.example>").message_id == "<1@x.example>"
    assert headers("Message-ID: 1@x.example").message_id == "<1@x.example>"
    assert headers("message-id:\r\n <1@x.example>").message_id == "<1@x.example>"
    assert read_message_id("no id") == "no id"


def test_of_too_many_references_the_first_and_the_newest_stay():
    raw = b"References: " + b" ".join(b"<%d@x>" % number for number in range(500)) + b"\r\n\r\n"
    references = parse(raw, limits=Limits(references=10)).references
    assert len(references) == 10
    assert (references[0], references[-1]) == ("<0@x>", "<499@x>")
