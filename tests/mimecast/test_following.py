"""Cursors of REST lists, rows without an id, and an incident that is followed: ends, repeats, pauses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from mimecast_scripted import Answer, ok

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError, TransientError
from mailroom.mimecast import groups, remediation, reported, ttp_logs

REPORTED = "/threat-reporting/v1/reported-emails"
GET, FIND = "/api/ttp/remediation/get-incident", "/api/ttp/remediation/find-incidents"
URLS, FOLDERS = "/api/ttp/url/get-logs", "/api/directory/find-groups"
NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)


def rest(*ids, next_page=""):
    pagination = {"nextPage": next_page} if next_page else {}
    return Answer({"data": [{"id": each} for each in ids], "meta": {"pagination": pagination}})


def listed(walk):
    return [row for rows in walk for row in rows]


def test_a_cursor_is_followed_to_the_end_and_repeats_are_left_out(server, client):
    server.add(REPORTED, rest("a", "b", next_page="t1"), rest("b", "c", next_page="t2"), rest("d"))
    assert [row.id for row in listed(reported.reported_emails(client, page_size=2))] == ["a", "b", "c", "d"]
    assert [one.path.partition("?")[2] for one in server.calls(REPORTED)] == [
        "pageSize=2",
        "pageSize=2&pageToken=t1",
        "pageSize=2&pageToken=t2",
    ]


def test_a_cursor_that_comes_twice_ends_with_an_error(server, client):
    server.add(REPORTED, rest("a", next_page="t1"), rest("b", next_page="t1"))
    with pytest.raises(ResponseError, match="same page token twice"):
        listed(reported.reported_emails(client))
    assert len(server.calls(REPORTED)) == 2


def test_an_answer_without_its_list_is_not_nothing_found(server, client):
    server.add(REPORTED, Answer({"meta": {}}))
    with pytest.raises(ResponseError, match="none of the lists"):
        listed(reported.reported_emails(client))
    with pytest.raises(InvalidInputError, match="1 to 100"):
        listed(reported.reported_emails(client, page_size=101))


def test_rows_without_an_id_are_told_apart_by_what_they_say(server, client):
    row, other = {"url": "http://a.example/", "date": "x"}, {"url": "http://b.example/", "date": "x"}
    first = ok({"clickLogs": [row, other]}, pagination={"next": "t1", "totalCount": 4})
    server.add(URLS, first, ok({"clickLogs": [other, row]}, pagination={"totalCount": 4}))
    assert [click.url for click in listed(ttp_logs.url_logs(client, start=NOON, end=NOON))] == [
        "http://a.example/",
        "http://b.example/",
    ]
    assert len(server.calls(URLS)) == 2, "the list is not walked again for rows that say the same"


def incident(identified, successful, failed=0, **more):
    return ok({"id": "eN1", "code": "TR-1", "type": "manual", "identified": identified, "successful": successful,
               "failed": failed, **more})  # fmt: skip


def test_an_incident_is_done_when_a_second_look_says_the_same(server, client, clock):
    server.add(GET, incident(0, 0), incident(2, 0), incident(2, 2), incident(3, 2), incident(3, 2, 1))
    seen = []
    followed = remediation.follow_incident(client, "eN1", on_progress=seen.append)
    assert followed.finished
    assert followed.looks == 6
    assert [(one.identified, one.successful, one.failed) for one in seen] == [
        (0, 0, 0), (2, 0, 0), (2, 2, 0), (3, 2, 0), (3, 2, 1),
    ]  # fmt: skip
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[0] == 2
    assert followed.seconds == pytest.approx(sum(clock.slept))


def test_pauses_grow_to_a_minute_and_the_last_one_ends_at_the_deadline(server, client, clock):
    server.add(GET, incident(5, 1))
    followed = remediation.follow_incident(client, "eN1", deadline=600)
    assert not followed.finished
    assert max(clock.slept) == 60
    assert sum(clock.slept) == pytest.approx(600)


def test_what_only_notifies_is_done_when_it_has_found_something(server, client):
    server.add(GET, incident(4, 0, type="notify_only"))
    assert remediation.follow_incident(client, "eN1").looks == 2


def test_the_caller_may_say_when_it_is_done(server, client):
    server.add(GET, incident(5, 1), incident(5, 3))
    followed = remediation.follow_incident(client, "eN1", until=lambda one: one.successful >= 3)
    assert (followed.finished, followed.looks) == (True, 2)


def test_following_stops_at_errors_and_at_nonsense(server, client):
    server.add(GET, Answer(b"", 503))
    with pytest.raises(TransientError):
        remediation.follow_incident(client, "eN1")
    for wrong in ({"deadline": 0}, {"deadline": float("nan")}, {"first_pause": -1}):
        with pytest.raises(InvalidInputError):
            remediation.follow_incident(client, "eN1", **wrong)


def test_an_incident_is_found_by_its_code_alone(server, client):
    server.add(FIND, ok({"incidents": [{"id": "eN9", "code": "TR-10"}, {"id": "eN1", "code": "TR-1"}]}))
    server.add(GET, incident(1, 1))
    assert remediation.incident_of(client, "tr-1").id == "eN1"
    assert server.calls(GET)[0].item == {"id": "eN1"}
    with pytest.raises(NotFoundError, match="TR-2"):
        remediation.incident_of(client, "TR-2")
    with pytest.raises(InvalidInputError):
        remediation.incident_of(client, " ")


def test_a_group_name_means_one_group_or_none(server, client):
    folders = [{"id": "eN1", "description": "Blocked"}, {"id": "eN2", "description": "Blocked senders"}]
    server.add(FOLDERS, ok({"folders": folders}))
    assert groups.group_of(client, "blocked") == "eN1"
    with pytest.raises(NotFoundError, match="find_groups"):
        groups.group_of(client, "block")
    server.add(FOLDERS, ok({"folders": [*folders, {"id": "eN3", "description": "blocked"}]}))
    with pytest.raises(InvalidInputError, match="2 groups"):
        groups.group_of(client, "blocked")
    assert groups.group_of(client, "eN" + "x" * 60) == "eN" + "x" * 60
