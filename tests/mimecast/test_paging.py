"""Following pages: complete, without repeats, never in circles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.errors import InvalidInputError, RejectedError, ResponseError
from mailroom.mimecast import held
from mailroom.mimecast.capabilities import HOLD_LIST
from mailroom.mimecast.paging import id_of, pages

PATH = "/api/gateway/get-hold-message-list"
NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)


def entry(number):
    return {"id": f"e{number}", "dateReceived": "2025-01-14T09:01:02+0000"}


def page(*numbers, **pagination):
    return ok(*[entry(number) for number in numbers], pagination=pagination)


def listed(client, **settings):
    walk = held.get_hold_message_list(client, start=NOON - timedelta(hours=1), end=NOON, **settings)
    return [[message.id for message in messages] for messages in walk]


def test_entries_that_shift_onto_the_next_page_are_not_given_twice(server, client):
    server.add(PATH, page(1, 2, next="t1"), page(2, 3, next="t2"), page(3, 4))
    assert listed(client) == [["e1", "e2"], ["e3"], ["e4"]]


def test_the_same_token_twice_ends_with_an_error_after_what_was_read(server, client):
    server.add(PATH, page(1, next="t1"), page(2, next="t1"))
    read = []
    with pytest.raises(ResponseError, match="same page token twice"):
        for messages in held.get_hold_message_list(client, start=NOON, end=NOON):
            read += [message.id for message in messages]
    assert read == ["e1", "e2"]
    assert len(server.calls(PATH)) == 2


def test_a_circle_of_tokens_ends(server, client):
    server.add(PATH, page(1, next="a"), page(2, next="b"), page(3, next="a"))
    with pytest.raises(ResponseError, match="same page token"):
        listed(client)
    assert len(server.calls(PATH)) == 3


def test_pages_without_end_are_capped(server, client):
    server.add(PATH, *[page(number, next=f"t{number}") for number in range(9)])
    with pytest.raises(ResponseError, match="more than 4 pages"):
        list(pages(client, HOLD_LIST, {}, page_size=1, entries=lambda e: e.data, key=id_of, page_cap=4))
    assert len(server.calls(PATH)) == 4


def test_a_page_that_also_failed_is_given_but_its_next_is_not_followed(server, client):
    broken = page(2, next="t2")
    broken.body["fail"] = [{"errors": [{"code": "err_internal"}]}]
    server.add(PATH, page(1, next="t1"), broken)
    read = []
    with pytest.raises(RejectedError, match="err_internal"):
        for messages in held.get_hold_message_list(client, start=NOON, end=NOON):
            read += [message.id for message in messages]
    assert read == ["e1", "e2"]
    assert len(server.calls(PATH)) == 2


def test_an_expired_page_token_starts_the_walk_again_without_repeats(server, client):
    server.add(PATH, page(1, next="t1"), fail("err_page_token_expired", status=400), page(0, 1, next="t3"), page(2))
    assert listed(client) == [["e1"], ["e0"], ["e2"]]
    assert "pageToken" not in server.calls(PATH)[2].json["meta"]["pagination"]


def test_a_page_token_that_always_expires_is_an_error(server, client):
    server.add(PATH, *[page(1, next="t1"), fail("err_page_token_expired", status=400)] * 3)
    with pytest.raises(RejectedError, match="expired"):
        listed(client)


def test_a_refused_first_page_is_not_tried_again(server, client):
    server.add(PATH, fail("err_validation_null", status=400))
    with pytest.raises(RejectedError):
        listed(client)
    assert len(server.calls(PATH)) == 1


@pytest.mark.parametrize("size", [0, -1, 501])
def test_page_sizes_outside_the_documented_range_are_refused(client, size):
    with pytest.raises(InvalidInputError, match="1 to 500"):
        listed(client, page_size=size)


@pytest.mark.parametrize("token", [None, "", 7, {"a": 1}])
def test_a_next_that_is_no_token_ends_the_list(server, client, token):
    server.add(PATH, page(1, next=token))
    assert listed(client) == [["e1"]]


def test_one_unreadable_entry_does_not_hide_its_neighbours(server, client):
    server.add(PATH, ok(entry(1), {"id": "e2", "dateReceived": "yesterday"}, "text", {"subject": "x"}, entry(3)))
    unreadable = []
    assert listed(client, on_unreadable=lambda raw, error: unreadable.append((raw, str(error)))) == [["e1", "e3"]]
    assert [raw for raw, _ in unreadable] == [{"id": "e2", "dateReceived": "yesterday"}, "text", {"subject": "x"}]
    assert "dateReceived" in unreadable[0][1]


def test_without_a_taker_an_unreadable_entry_is_an_error(server, client):
    server.add(PATH, ok(entry(1), "text"))
    with pytest.raises(ResponseError, match="not an object"):
        listed(client)


def test_dates_without_a_zone_are_refused(client):
    with pytest.raises(InvalidInputError, match="time zone"):
        list(held.get_hold_message_list(client, start=datetime(2025, 1, 1), end=NOON))  # noqa: DTZ001 - the point


def test_release_log_lines_are_read_nested_and_flat_and_filtered_again(server, client):
    line = {"id": "l1", "status": "released", "released": "2025-01-14T10:00:00+0000", "operator": {"emailAddress": "o"}}
    path = "/api/gateway/get-held-release-logs"
    lines = [line, line | {"id": "l2", "status": "rejected"}, line | {"id": "l3", "status": "new-one"}]
    for answer in (ok({"heldReleaseLogs": lines}), ok(*lines), Answer({"data": [{"heldReleaseLogs": lines}]})):
        server.add(path, answer)
        walk = held.get_held_release_logs(client, start=NOON, end=NOON)
        assert [[entry.status for entry in entries] for entries in walk] == [["released", "rejected", "other"]]
        walk = held.get_held_release_logs(client, start=NOON, end=NOON, status="rejected")
        assert [[entry.id for entry in entries] for entries in walk] == [["l2"]]
