"""Archive queries: what goes out is well-formed and means what was asked; what people write is checked first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailroom.errors import InvalidInputError
from mailroom.mimecast.archive_frames import START_MISSING, TIME_FRAMES, bounds_of
from mailroom.mimecast.archive_query import ArchiveQuery, check_xml, read_query
from mailroom.mimecast.archive_terms import ATTRIBUTES, CHILDREN, RETURN_FIELDS

NOW = datetime(2025, 1, 15, 9, 30, 45, tzinfo=UTC)  # a Wednesday
HOSTILE = "R&D <b>\"quoted\"</b> 'it''s' ]]> </text><mailboxes/> &amp; &#x0;"


def parsed(query: ArchiveQuery) -> ElementTree.Element:
    return ElementTree.fromstring(query.xml())  # noqa: S314 - our own text


def texts(query: ArchiveQuery) -> list[str | None]:
    return [element.text for element in parsed(query).findall("muse/text")]


def test_a_whole_query_is_the_documented_one() -> None:
    query = ArchiveQuery(
        fields=("id", "subject"), mailboxes=("ann@example.com",), sender=("billing@example.net",),
        recipient=("ann@example.com",), subject="invoice", start=datetime(2025, 1, 13, tzinfo=UTC),
        end=datetime(2025, 1, 14, 1, tzinfo=timezone(timedelta(hours=1))),
    )  # fmt: skip
    expected = """<?xml version="1.0"?>
    <xmlquery trace="iql,muse">
      <metadata query-type="emailarchive" archive="true" active="false" page-size="25" startrow="0">
        <mailboxes><mailbox include-aliases="true">ann@example.com</mailbox></mailboxes>
        <smartfolders/>
        <return-fields><return-field>id</return-field><return-field>subject</return-field></return-fields>
      </metadata>
      <muse>
        <text>subject: invoice</text>
        <date select="between" from="2025-01-13T00:00:00Z" to="2025-01-14T00:00:00Z"/>
        <sent select="from">billing@example.net</sent>
        <sent select="to">ann@example.com</sent>
        <docs select="optional"></docs>
        <route/>
      </muse>
    </xmlquery>"""
    assert ElementTree.canonicalize(query.xml(page_size=25)) == ElementTree.canonicalize(expected, strip_text=True)
    assert query.xml().startswith('<?xml version="1.0"?>')


def test_our_own_queries_have_nothing_to_warn_about() -> None:
    start = NOW - timedelta(days=1)
    query = ArchiveQuery(subject=HOSTILE, sender=("a@b.example",), text="x", start=start, end=NOW)
    assert check_xml(query.xml()) == []
    assert check_xml(ArchiveQuery(mailboxes=("a@b.example",), recipient=("b.example",), start=start).xml()) == []


def test_the_id_is_always_asked_for() -> None:
    fields = [element.text for element in parsed(ArchiveQuery(fields=("subject",))).iter("return-field")]
    assert fields == ["subject", "id"]


@pytest.mark.parametrize("place", ["subject", "text", "document_text"])
def test_hostile_words_stay_words(place: str) -> None:
    query = ArchiveQuery(**{place: HOSTILE})
    found = parsed(query)
    tag = "docs" if place == "document_text" else "text"
    said = " ".join(element.text or "" for element in found.iter(tag)).removeprefix("subject: ")
    assert said == HOSTILE
    assert {element.tag for element in found.iter()} <= set(CHILDREN)
    assert found.find("metadata/mailboxes") is not None
    assert len(list(found.iter("mailboxes"))) == 1


def test_what_xml_cannot_carry_becomes_a_space_and_is_said() -> None:
    query = ArchiveQuery(subject="a\x00b\x0bc\ud800d\ufffee\x1b[31m")
    assert texts(query) == ["subject: a b c d e [31m"]
    assert any("replaced by a space" in warning for warning in query.warnings())
    assert ArchiveQuery(subject="plain words").warnings() == []


@given(st.text(max_size=200))
def test_any_text_makes_a_well_formed_query(text: str) -> None:
    query = ArchiveQuery(subject=text, text=text, document_text=text)
    assert {element.tag for element in parsed(query).iter()} <= set(CHILDREN)
    assert read_query(query.xml()).page_size == 100


def test_line_breaks_in_a_subject_are_no_new_words() -> None:
    assert texts(ArchiveQuery(subject=" Re:\r\n\tInvoice  4711 ")) == ["subject: Re: Invoice 4711"]


@pytest.mark.parametrize("subject", ["cats or dogs", "x OR from: a", "urgent body: y", "not this"])
def test_words_that_mimecast_reads_as_operators_are_said(subject: str) -> None:
    assert any("operator" in warning for warning in ArchiveQuery(subject=subject).warnings())


@pytest.mark.parametrize("subject", ["Order 17", "Northern lights", "notes", "Informed: yes", "fromage"])
def test_words_that_only_contain_operators_are_fine(subject: str) -> None:
    assert ArchiveQuery(subject=subject).warnings() == []


def test_several_senders_and_recipients_are_a_query_for_each_pair() -> None:
    several = ArchiveQuery(sender=("a@b.example", "c.example", "c.example"), recipient=("d@e.example", "f.example"))
    pairs = [[element.text for element in parsed(one).iter("sent")] for one in several.each()]
    assert pairs == [
        ["a@b.example", "d@e.example"],
        ["a@b.example", "f.example"],
        ["c.example", "d@e.example"],
        ["c.example", "f.example"],
    ]
    with pytest.raises(InvalidInputError, match="several queries"):
        several.xml()
    assert ArchiveQuery().each() == [ArchiveQuery()]


def test_a_bound_that_is_not_given_is_left_out() -> None:
    date = parsed(ArchiveQuery(end=NOW)).find("muse/date")
    assert date is not None
    assert date.attrib == {"select": "between", "to": "2025-01-15T09:30:45Z"}
    assert parsed(ArchiveQuery()).find("muse/date") is None


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"fields": ("subject", "body")}, "'body'"),
        ({"mailboxes": ("northwind.example",)}, "Mailboxes"),
        ({"sender": ("a@b.example c@d.example",)}, "From"),
        ({"sender": ("a@b.example,c@d.example",)}, "commas"),
        ({"sender": ("*.example.net",)}, "includes its subdomains"),
        ({"recipient": ("",)}, "To"),
        ({"recipient": ("a\x00@b.example",)}, "To"),
        ({"recipient": ("a" * 400,)}, "To"),
        ({"sender": tuple(f"a{number}@b.example" for number in range(101))}, "at most 100"),
        ({"sender": ("a", "b", "c"), "recipient": tuple(f"d{number}.example" for number in range(40))}, "120 searches"),
        ({"subject": "x" * 1_001}, "Subject"),
        ({"documents": "pictures"}, "images"),
        ({"start": datetime(2025, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"start": NOW, "end": NOW - timedelta(seconds=1)}, "ends before it starts"),
    ],
)
def test_a_wish_that_cannot_be_meant_is_refused(wish: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        ArchiveQuery(**wish)


# time frames --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frame", "hours"), [("Last Hour", 1), ("Last 6 Hours", 6), ("Last 24 Hours", 24)])
def test_hours_count_back_from_now(frame: str, hours: int) -> None:
    bounds = bounds_of(frame, now=NOW)
    assert (bounds.start, bounds.end) == (NOW - timedelta(hours=hours), NOW)


@pytest.mark.parametrize(
    ("frame", "zone", "text"),
    [
        ("Last Week", "UTC", "2025-01-06T00:00:00Z to 2025-01-12T23:59:59Z (last calendar week in UTC)"),
        ("Last Week", "Asia/Tokyo", "2025-01-05T15:00:00Z to 2025-01-12T14:59:59Z (last calendar week in Asia/Tokyo)"),
        ("Last Month", "UTC", "2024-12-01T00:00:00Z to 2024-12-31T23:59:59Z (last calendar month in UTC)"),
    ],
)
def test_weeks_and_months_are_those_of_the_calendar(frame: str, zone: str, text: str) -> None:
    assert str(bounds_of(frame, now=NOW, zone=zone)) == text


def test_the_zone_decides_which_week_it_is() -> None:
    sunday_evening = datetime(2025, 1, 12, 22, tzinfo=UTC)  # Monday already in Tokyo
    assert bounds_of("Last Week", now=sunday_evening).start == datetime(2024, 12, 30, tzinfo=UTC)
    assert bounds_of("Last Week", now=sunday_evening, zone="Asia/Tokyo").start == datetime(2025, 1, 5, 15, tzinfo=UTC)


def test_a_month_with_a_change_of_the_clock_is_whole() -> None:
    bounds = bounds_of("Last Month", now=datetime(2025, 4, 9, tzinfo=UTC), zone="Europe/Berlin")
    assert (bounds.start, bounds.end) == (
        datetime(2025, 2, 28, 23, tzinfo=UTC),
        datetime(2025, 3, 31, 21, 59, 59, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "end", "zone", "first", "last"),
    [
        ("2025-01-14T09:30:00Z", "", "UTC", "2025-01-14T09:30:00", "2025-01-15T09:30:45"),
        ("2025-01-14T10:30:00+01:00", "2025-01-15", "UTC", "2025-01-14T09:30:00", "2025-01-15T23:59:59"),
        ("2025-01-14 10:30", "2025-01-14T12:00", "Europe/Berlin", "2025-01-14T09:30:00", "2025-01-14T11:00:00"),
        ("2025-01-14", "2025-01-14", "Europe/Berlin", "2025-01-13T23:00:00", "2025-01-14T22:59:59"),
    ],
)
def test_custom_times_are_iso_8601(start: str, end: str, zone: str, first: str, last: str) -> None:
    bounds = bounds_of("Custom", now=NOW, start=start, end=end, zone=zone)
    assert (bounds.start.isoformat(), bounds.end.isoformat()) == (f"{first}+00:00", f"{last}+00:00")


def test_the_zone_of_a_naive_time_is_said() -> None:
    bounds = bounds_of("Custom", now=NOW, start="2025-01-14 10:30", zone="Europe/Berlin")
    assert "read in Europe/Berlin" in str(bounds)
    assert "read in" not in str(bounds_of("Custom", now=NOW, start="2025-01-14T10:30Z", zone="Europe/Berlin"))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("", "", START_MISSING),
        ("  ", "2025-01-14", START_MISSING),
        ("yesterday", "", "not readable"),
        ("2025-13-01", "", "not readable"),
        ("0001-01-01T00:00:00+14:00", "", "not readable"),
        ("2025-01-01", "9999-12-31", "not readable"),
        ("2025-01-14", "2025-01-13T00:00Z", "is after"),
        ("2025-01-16", "", "is after now"),
    ],
)
def test_custom_times_that_cannot_be_meant_are_refused(start: str, end: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        bounds_of("Custom", now=NOW, start=start, end=end)
    assert said in str(caught.value)


def test_the_documented_sentence_about_the_start_is_word_for_word() -> None:
    documented = '"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.'
    with pytest.raises(InvalidInputError) as caught:
        bounds_of("Custom", now=NOW)
    assert str(caught.value) == documented
    assert TIME_FRAMES == ("Last Hour", "Last 6 Hours", "Last 24 Hours", "Last Week", "Last Month", "Custom")


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "", "Europe", "a\x00b", "x" * 500])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInputError, match="IANA name"):
        bounds_of("Last Week", now=NOW, zone=zone)


def test_an_unknown_time_frame_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Last Hour"):
        bounds_of("Last Year", now=NOW)


# XML that people write ----------------------------------------------------------------------------------------------

META = (
    '<metadata query-type="emailarchive" archive="true" page-size="25"><return-fields><return-field>id</return-field>'
    "</return-fields></metadata>"
)


def around(muse: str, meta: str = META) -> str:
    return f"<xmlquery>{meta}<muse>{muse}</muse></xmlquery>"


def said(xml: str) -> str:
    return "\n".join(str(warning) for warning in check_xml(xml))


def test_a_documented_query_is_not_warned_about() -> None:
    assert said(around('<text>a</text><text>b</text><date select="last_week"/><sent select="to">a@b</sent>')) == ""
    assert read_query(around("<text>a</text>")).page_size == 25


@pytest.mark.parametrize(
    ("muse", "named"),
    [
        ("<text>a</text><received>x</received>", "<received> is not known inside <muse>"),
        ("<text>a</text><Sent>x</Sent>", "did you mean sent?"),
        ("<text>a</text><recipient/>", "finds more"),
        ("<text>a</text><mailbox>x@y</mailbox>", "belongs into <mailboxes>"),
        ("<text kind='a'>a</text>", "attribute kind"),
        ("<sent select='sender'>a@b</sent>", "from, to"),
        ("<sent>a@b</sent>", "no select"),
        ("<sent select='from'></sent>", "narrows nothing"),
        ("<sent select='from'>a</sent><sent select='from'>b</sent>", "a second <sent>"),
        ("<text> </text>", "narrows nothing"),
        ("<date select='last_decade'/>", "last_year"),
        ("<date/>", "every time"),
        ("<date select='between'/>", "every time"),
        ("<date select='today' from='2025-01-14T00:00:00Z'/>", "only with select='between'"),
        ("<date select='between' from='2025-01-14'/>", "not like 2025-01-14T09:30:00Z"),
        ("<date select='between' from='2025-01-14T00:00:00Z' to='2025-01-13T00:00:00Z'/>", "ends before"),
        ("<text>a</text><docs select='pictures'/>", "images"),
        ("<text>a</text>words", "directly inside <muse>"),
        ("", "whole archive"),
        ("<docs select='any'/>", "whole archive"),
    ],
)
def test_what_mimecast_would_ignore_is_said(muse: str, named: str) -> None:
    assert named in said(around(muse))


@pytest.mark.parametrize(
    ("meta", "named"),
    [
        ("", "no <metadata>"),
        (META.replace("id<", "Subject<"), "did you mean subject?"),
        (META.replace("id<", "subject<"), "field id is not asked for"),
        (META.replace('"25"', '"5000"'), "1 to 500"),
        (META.replace('"25"', '"25" startrow="50"'), "newest rows are left out"),
        (META.replace('archive="true"', 'archive="false"'), "archive is not searched"),
        (META.replace("emailarchive", "email"), "emailarchive"),
        (META.replace("<return-fields>", "<mailboxes><mailbox/></mailboxes><return-fields>"), "narrows nothing"),
    ],
)
def test_odd_metadata_is_said(meta: str, named: str) -> None:
    assert named in said(around("<text>a</text>", meta))


def test_a_warning_says_where() -> None:
    (warning,) = check_xml("\n\n" + around("\n  <text>a</text>\n  <when>x<then/></when>\n"))
    assert (warning.line, warning.column) == (5, 3)


def test_an_unknown_tag_is_said_once_whatever_is_in_it() -> None:
    assert len(check_xml(around("<text>a</text><odd><text>x</text>words<odder/></odd>"))) == 1


BOMB = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;&a;">]><xmlquery>&b;</xmlquery>'


@pytest.mark.parametrize(
    ("xml", "named"),
    [
        (BOMB, "a DOCTYPE at line 1"),
        ('<?xml version="1.0"?>\n<!DOCTYPE xmlquery SYSTEM "http://127.0.0.1:9/x.dtd"><xmlquery/>', "line 2"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xmlquery>&a;</xmlquery>', "DOCTYPE"),
        ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]><xmlquery/>', "DOCTYPE"),
        ("<xmlquery><?php x?></xmlquery>", "processing instruction"),
        ("<xmlquery>&undefined;</xmlquery>", "line 1, column 11"),
        ("<xmlquery><muse></xmlquery>", "not well-formed at line 1, column 19"),
        ("<xmlquery>\n  <text>a & b</text></xmlquery>", "line 2, column 12"),
        ("<xmlquery a='1' a='2'/>", "duplicate attribute"),
        ("<xmlquery/><xmlquery/>", "not well-formed"),
        ("<query/>", "begins with <query>"),
        ("invoice", "not well-formed"),
        ("", "empty"),
        (" \n ", "empty"),
        ("<xmlquery>\x00</xmlquery>", "not well-formed"),
        ("<xmlquery>\ud800</xmlquery>", "surrogate"),
        ("<xmlquery>" + "x" * 70_000 + "</xmlquery>", "at most 65536"),
        ("<xmlquery>" + "<a>" * 100 + "</a>" * 100 + "</xmlquery>", "nests too deeply"),
        ("<xmlquery>" + "<a/>" * 3_000 + "</xmlquery>", "too many elements"),
    ],
)
def test_dangerous_or_broken_xml_is_refused_before_anything_is_sent(xml: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_xml(xml)
    assert named in str(caught.value)


def test_a_declared_encoding_changes_nothing() -> None:
    xml = '<?xml version="1.0" encoding="utf-7"?>' + around("<text>+ADw-x+AD4-</text>")
    assert check_xml(xml) == []


def test_white_space_around_a_query_is_taken_off() -> None:
    xml = '<?xml version="1.0"?>' + around("<text>a</text>")
    assert read_query(f"\ufeff\n  {xml}\n").text == xml


def test_the_tables_fit_together() -> None:
    assert set(ATTRIBUTES) <= set(CHILDREN)
    assert {child for children in CHILDREN.values() for child in children} | {"xmlquery"} == set(CHILDREN)
    assert len(RETURN_FIELDS) == 11
