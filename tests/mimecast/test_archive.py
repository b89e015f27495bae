"""The archive: pages, odd rows, one mail, its parts; what is sent and what is written where."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from io import BytesIO, RawIOBase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mimecast_scripted import Answer, fail, ok

from mailroom.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import archive
from mailroom.mimecast.archive_models import ArchiveEntry, ArchiveLogEntry, ArchiveMessage
from mailroom.mimecast.archive_query import ArchiveQuery
from mailroom.playbooks.archive_search import few_columns
from mailroom.playbooks.harmless import harmless
from mailroom.tables import safe_cell

SEARCH, PART, FILE = "/api/archive/search", "/api/archive/get-message-part", "/api/archive/get-file"
DETAIL = "/api/archive/get-message-detail"
START, END = datetime(2025, 1, 13, tzinfo=UTC), datetime(2025, 1, 14, tzinfo=UTC)
SPAN = {"start": "2025-01-13T00:00:00+0000", "end": "2025-01-14T00:00:00+0000"}
EML = b"From: a@b.example\r\nSubject: {x}\r\n\r\n{body}\r\n"
ROW = {
    "id": "eNarch-1", "smash": "abcd", "subject": "Invoice 4711", "status": "ARCHIVED", "size": 2345,
    "receiveddate": "2025-01-14T09:01:02+0000", "attachmentcount": 1, "displayfrom": "Accounts",
    "displayfromaddress": "billing@example.net", "displayto": "Ann",
    "displaytoaddresslist": [{"displayableName": "Ann", "emailAddress": "ann@example.com"}],
}  # fmt: skip


def rows(*names: str) -> dict[str, Any]:
    return {"queryDuration": 120, "items": [ROW | {"id": name} for name in names]}


def found(client: Any, query: Any = None, **settings: Any) -> list[str]:
    return [entry.id for page in archive.search(client, query or ArchiveQuery(), **settings) for entry in page]


# search -------------------------------------------------------------------------------------------------------------


def test_the_search_is_sent_for_all_mailboxes_with_the_pages_beside_the_data(server, client):
    server.add(SEARCH, ok(rows("a"), pagination={"next": "t2"}), ok(rows("b")))
    query = ArchiveQuery(subject="x & <y>")
    assert found(client, query, page_size=25) == ["a", "b"]
    first, second = (asked.json for asked in server.calls(SEARCH))
    assert first == {
        "meta": {"pagination": {"pageSize": 25}},
        "data": [{"admin": True, "query": query.xml(page_size=25)}],
    }
    assert second["meta"] == {"pagination": {"pageSize": 25, "pageToken": "t2"}}
    assert second["data"] == first["data"]


def test_a_row_is_read(server, client):
    server.add(SEARCH, ok({"items": [ROW]}))
    ((entry,),) = archive.search(client, ArchiveQuery())
    assert (entry.id, entry.status, entry.size, entry.attachment_count) == ("eNarch-1", "archived", 2345, 1)
    assert (entry.from_address, entry.to[0].address) == ("billing@example.net", "ann@example.com")
    assert entry.received_at == datetime(2025, 1, 14, 9, 1, 2, tzinfo=UTC)
    assert entry.raw == ROW


def test_a_flat_list_of_rows_is_read_as_well(server, client):
    server.add(SEARCH, ok(ROW, ROW | {"id": "b"}))
    assert found(client) == ["eNarch-1", "b"]


@pytest.mark.parametrize("data", [(), ({},), ({"queryDuration": 3},), ({"items": []},), ({"items": None},)])
def test_nothing_found_is_no_error(server, client, data):
    server.add(SEARCH, ok(*data))
    assert found(client) == []


ODD = [
    {}, {"id": None}, {"id": 7}, {"id": ["a"]}, {"subject": {"a": 1}}, {"size": "many"}, {"size": 1e400},
    {"receiveddate": "soon"}, {"receiveddate": 1736845262000}, {"displaytoaddresslist": "ann@example.com"},
    {"displaytoaddresslist": [None, 3, {"emailAddress": None}, "x@y.example"]}, {"new field": [[[1]]]},
    {"status": None, "attachmentcount": "2"}, {"subject": "\u202e\x00<b>" * 9}, "words", 3, None, ["a"],
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: json.dumps(odd)[:40])
def test_an_odd_row_survives_beside_its_neighbours(server, client, odd):
    text = json.dumps({"meta": {"status": 200}, "data": [{"items": [ROW, odd]}], "fail": []})
    server.add(SEARCH, Answer(text.replace("Infinity", "1e308").encode()))
    ((first, second),) = archive.search(client, ArchiveQuery())
    assert first.id == "eNarch-1"
    wanted = json.loads(json.dumps(odd).replace("Infinity", "1e308"))
    assert second.raw == (wanted if isinstance(wanted, dict) else {"value": wanted})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.sampled_from(sorted({*ROW, "headers", "attachments", "to", "from", "value"})))
def test_whatever_stands_in_a_field_is_read_and_shown(value, name):
    for odd in (value, ROW | {name: value}, {name: value}):
        entry = ArchiveEntry.parse(odd)
        ArchiveLogEntry.parse(odd)
        if isinstance(odd, dict):
            ArchiveMessage.parse(odd)
        (shown,) = few_columns([entry.raw])
        assert all(isinstance(harmless(cell), str) for cell in shown.values())
        assert all(not str(safe_cell(cell)).startswith(("=", "@", "\t")) for cell in entry.raw.values())


def test_rows_that_a_later_page_repeats_are_left_out(server, client):
    server.add(SEARCH, ok(rows("a", "b"), pagination={"next": "2"}), ok(rows("b", "c"), pagination={"next": ""}))
    assert found(client) == ["a", "b", "c"]


def test_the_search_stops_at_the_limit_and_asks_no_further(server, client):
    server.add(SEARCH, ok(rows("a", "b"), pagination={"next": "2"}), ok(rows("c", "d"), pagination={"next": "3"}))
    assert found(client, limit=3, page_size=2) == ["a", "b", "c"]
    assert len(server.calls(SEARCH)) == 2


def test_no_more_is_asked_for_than_is_wanted(server, client):
    server.add(SEARCH, ok(rows("a", "b")))
    assert found(client, limit=1) == ["a"]
    assert server.calls(SEARCH)[0].json["meta"] == {"pagination": {"pageSize": 1}}


def test_a_page_is_fetched_only_when_it_is_asked_for(server, client):
    server.add(SEARCH, ok(rows("a"), pagination={"next": "2"}), ok(rows("b")))
    walk = archive.search(client, ArchiveQuery())
    assert server.calls(SEARCH) == []
    next(walk)
    assert len(server.calls(SEARCH)) == 1


def test_several_senders_make_one_list_newest_first_and_every_mail_once(server, client):
    def at(name: str, hour: int) -> dict[str, Any]:
        return ROW | {"id": name, "receiveddate": f"2025-01-14T{hour:02d}:00:00+0000"}

    server.add(SEARCH, ok({"items": [at("a", 9), at("b", 5)]}), ok({"items": [at("c", 7), at("b", 5), at("d", 1)]}))
    query = ArchiveQuery(sender=("x@y.example", "z.example"))
    assert found(client, query) == ["a", "c", "b", "d"]
    assert [one in asked.item["query"] for asked, one in zip(server.calls(SEARCH), query.sender, strict=True)] == [
        True
    ] * 2


def test_a_token_that_comes_twice_ends_the_walk_with_an_error(server, client):
    server.add(SEARCH, ok(rows("a"), pagination={"next": "t"}), ok(rows("b"), pagination={"next": "t"}))
    with pytest.raises(ResponseError, match="same page token twice"):
        found(client)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(client, limit):
    with pytest.raises(InvalidInputError, match="limit"):
        list(archive.search(client, ArchiveQuery(), limit=limit))


def test_xml_is_checked_before_it_is_sent_and_keeps_its_page_size(server, client):
    with pytest.raises(InvalidInputError, match="DOCTYPE"):
        list(archive.search(client, "<!DOCTYPE x><xmlquery/>"))
    assert server.calls(SEARCH) == []
    server.add(SEARCH, ok(rows("a")))
    xml = '<xmlquery><metadata page-size="30"/></xmlquery>'
    assert found(client, f"\n{xml}\n") == ["a"]
    (asked,) = server.calls(SEARCH)
    assert (asked.item["query"], asked.json["meta"]["pagination"]["pageSize"]) == (xml, 30)


def test_a_refused_query_names_the_code(server, client):
    server.add(SEARCH, fail("err_invalid_search_xml", "Invalid XML"))
    with pytest.raises(RejectedError) as caught:
        found(client)
    assert caught.value.code == "err_invalid_search_xml"


def test_a_missing_permission_is_named(server, client):
    server.add(SEARCH, Answer({"meta": {"status": 403}, "data": [], "fail": []}, 403))
    with pytest.raises(PermissionMissingError, match=r"Archive \| Search \| Read"):
        found(client)


# one mail -----------------------------------------------------------------------------------------------------------

MESSAGE = {
    "id": "eNarch-1", "status": "ARCHIVED", "smash": "abcd", "mimeMessageId": "<m1@example.net>", "subject": "Invoice",
    "headerDate": "2025-01-14T09:01:00+0000", "received": "2025-01-14T09:01:02+0000", "size": 2345, "hasHtmlBody": True,
    "from": {"emailAddress": "billing@example.net"}, "envelopeFrom": {"emailAddress": "bounce@example.net"},
    "replyTo": None, "to": [{"emailAddress": "ann@example.com"}], "cc": {"emailAddress": "bob@example.com"},
    "headers": [{"name": "Received", "values": ["a", "b"]}, {"name": "Subject", "values": ["Invoice"]}, None, "x"],
    "attachments": [{"id": "eNatt-1", "filename": "../x.pdf", "size": 12, "sha256": "AB"}, None, {"filename": "no id"}],
    "messageBodyPreview": "Dear Ann",
}  # fmt: skip


def test_a_mail_is_read_without_its_body(server, client):
    server.add(DETAIL, ok(MESSAGE))
    message = archive.get_message_detail(client, " eNarch-1 ")
    assert server.calls(DETAIL)[0].json == {"data": [{"id": "eNarch-1", "admin": True, "context": "RECEIVED"}]}
    assert (message.message_id, message.from_envelope.address) == ("<m1@example.net>", "bounce@example.net")
    assert (message.reply_to, message.cc[0].address) == ([], "bob@example.com")
    assert message.headers == [("Received", "a"), ("Received", "b"), ("Subject", "Invoice")]
    assert [(part.id, part.name, part.sha256) for part in message.attachments] == [("eNatt-1", "../x.pdf", "ab")]
    assert "Dear Ann" not in repr(message)


@pytest.mark.parametrize(
    "odd", [{}, {"headers": 3, "to": "x", "attachments": "y", "from": []}, {"headers": {"name": "X"}}]
)
def test_an_odd_mail_is_read_as_far_as_it_goes(server, client, odd):
    server.add(DETAIL, ok(odd))
    assert archive.get_message_detail(client, "a").raw == odd


def test_a_mail_that_is_no_object_is_a_typed_error(server, client):
    server.add(DETAIL, ok("words"))
    with pytest.raises(ResponseError, match="not an object"):
        archive.get_message_detail(client, "a")


def test_a_mail_that_is_not_there_is_said_so(server, client):
    server.add(DETAIL, ok())
    with pytest.raises(NotFoundError, match="search for it again"):
        archive.get_message_detail(client, "a")


# parts and files ----------------------------------------------------------------------------------------------------


def test_a_part_is_asked_for_as_each_generation_writes_it(server, client, client_1):
    server.add(PART, Answer(EML, headers={"Content-Type": "message/rfc822"}))
    for each in (client_1, client):
        archive.get_message_part(each, "a", BytesIO(), mailbox="ann@example.com")
    one, two = (asked.json["data"][0] for asked in server.calls(PART))
    assert one == {"id": "a", "type": "RFC822", "context": "DELIVERED", "mailbox": "ann@example.com"}
    assert two == one | {"type": "rfc822"}


def test_a_tenant_that_wants_the_type_written_the_other_way_gets_it(server, client):
    server.add(PART, fail("err_validation_value_not_allowed"), Answer(EML, headers={"Content-Type": "message/rfc822"}))
    assert archive.get_message_part(client, "a", BytesIO()).size == len(EML)
    assert [asked.item["type"] for asked in server.calls(PART)] == ["rfc822", "RFC822"]


@pytest.mark.parametrize("content_type", ["message/rfc822", "application/octet-stream", "text/plain", ""])
@pytest.mark.parametrize(
    "content",
    [EML, b"{not an envelope}", b'{"a": 1}', b" \r\n{", b'{"fail": "cut', b"x" * 300_000, b"{" + b"x" * 300_000],
    ids=["eml", "braces", "json", "space", "cut json", "long", "long braces"],
)
def test_bytes_are_written_as_they_come(server, client_1, content_type, content):
    server.add(PART, Answer(content, headers={"Content-Type": content_type}))
    sink = BytesIO()
    digest = archive.get_message_part(client_1, "a", sink)
    assert sink.getvalue() == content
    assert (digest.size, digest.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_json_file_is_a_file_and_no_answer(server, client_1):
    server.add(FILE, Answer(b'[{"id": 1}]', headers={"Content-Type": "application/json"}))
    sink = BytesIO()
    archive.get_file(client_1, "a", sink)
    assert sink.getvalue() == b'[{"id": 1}]'


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", ""])
def test_an_envelope_with_a_failure_is_an_error_whatever_it_is_called(server, client_1, content_type):
    answer = fail("xdk_failure", "0007 Invalid token")
    answer.headers["Content-Type"] = content_type
    server.add(PART, answer)
    sink = BytesIO()
    with pytest.raises(RejectedError) as caught:
        archive.get_message_part(client_1, "smash", sink)
    assert (caught.value.code, sink.getvalue()) == ("xdk_failure", b"")


def test_a_link_inside_a_file_is_never_followed(server, client_for):
    """A file that looks like an answer with a link is a file: only an answer announced as JSON may hold one."""
    trap = json.dumps({"data": [{"urls": [f"{server.url}/trap"]}]}).encode()
    server.add(FILE, Answer(trap, headers={"Content-Type": "application/octet-stream"}))
    sink = BytesIO()
    archive.get_file(client_for("1.0"), "a", sink)
    assert sink.getvalue() == trap
    assert server.calls("/trap") == []


@pytest.mark.parametrize("path", [PART, FILE])
def test_a_link_is_followed_without_our_credentials(server, client_for, path):
    server.add(path, ok({"urls": [f"{server.url}/blob?sig=x"]}))
    server.add("/blob", Answer(EML))
    client, sink = client_for("2.0"), BytesIO()
    digest = archive.get_file(client, "a", sink) if path == FILE else archive.get_message_part(client, "a", sink)
    assert (sink.getvalue(), digest.size) == (EML, len(EML))
    (asked,) = server.calls("/blob")
    assert not {"authorization", "x-mc-app-id", "cookie"} & {name.lower() for name in asked.headers}


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/x", "https://mimecast.com.evil.example/x", None, 3])
def test_a_link_that_leads_elsewhere_is_not_followed(server, client, link):
    server.add(FILE, ok({"urls": [link]}))
    with pytest.raises(ResponseError, match="not followed"):
        archive.get_file(client, "a", BytesIO())


@pytest.mark.parametrize("data", [(), ({},), ({"urls": []},), (None,)])
def test_an_answer_without_bytes_and_link_is_no_file(server, client, data):
    server.add(FILE, ok(*data))
    with pytest.raises(NotFoundError):
        archive.get_file(client, "a", BytesIO())


def test_a_part_over_the_cap_is_refused_and_the_connection_is_not_used_again(server, client_1):
    server.add(PART, Answer(b"x" * 3_000_000, headers={"Content-Type": "text/plain"}))
    sink = BytesIO()
    with pytest.raises(RejectedError, match="larger than 100000") as caught:
        archive.get_message_part(client_1, "a", sink, max_bytes=100_000)
    assert caught.value.code == "too_large"
    assert len(sink.getvalue()) <= 100_000
    server.add(PART, Answer(EML, headers={"Content-Type": "text/plain"}))
    assert archive.get_message_part(client_1, "a", BytesIO()).size == len(EML)


def test_a_download_that_broke_off_is_repeated_from_the_beginning(server, client_1):
    whole = Answer(b"y" * 200_000, headers={"Content-Type": "text/plain"})
    server.add(PART, Answer(b"x" * 200_000, headers={"Content-Type": "text/plain"}, cut=150_000), whole)
    sink = BytesIO(b"before")
    sink.seek(6)
    digest = archive.get_message_part(client_1, "a", sink)
    assert sink.getvalue() == b"before" + whole.body
    assert digest.sha256 == hashlib.sha256(whole.body).hexdigest()


class Pipe(RawIOBase):
    """A sink that cannot be wound back."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self.taken += bytes(data)
        return len(data)


def test_a_pipe_gets_nothing_twice(server, client_1):
    server.add(PART, Answer(b"x" * 200_000, headers={"Content-Type": "text/plain"}, cut=150_000))
    with pytest.raises(TransientError, match="broke off"):
        archive.get_message_part(client_1, "a", Pipe())
    assert len(server.calls(PART)) == 1


@pytest.mark.parametrize("answers", [[Answer(b"", 503)], [Answer(b"", 429)], [Answer(reset=True)], [Answer(b"")]])
def test_what_is_not_a_file_is_tried_again(server, client_1, answers):
    server.add(PART, *answers, Answer(EML, headers={"Content-Type": "message/rfc822"}))
    sink = BytesIO()
    archive.get_message_part(client_1, "a", sink)
    assert sink.getvalue() == EML


def test_a_token_that_has_run_out_is_renewed_for_a_download_too(server, client):
    expired = Answer({"fail": [{"code": "token_expired", "message": ""}]}, 401)
    server.add(PART, expired, Answer(EML, headers={"Content-Type": "message/rfc822"}))
    assert archive.get_message_part(client, "a", BytesIO()).size == len(EML)
    assert len(server.calls("/oauth/token")) == 2


def test_a_signature_in_an_answer_is_not_in_the_error(server, client_1):
    def echo() -> None:
        asked = server.calls(PART)[-1]
        server.answers[PART][0].body = fail("odd", asked.headers["Authorization"]).body

    server.add(PART, Answer({}, before=echo))
    with pytest.raises(RejectedError) as caught:
        archive.get_message_part(client_1, "a", BytesIO())
    signature = server.calls(PART)[-1].headers["Authorization"].partition(":")[2]
    assert signature not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"part": "EML"}, {"context": "SENT"}], ids=str,
)  # fmt: skip
def test_a_part_that_does_not_exist_is_refused_before_any_call(server, client_1, wrong):
    with pytest.raises(InvalidInputError, match="choose one of"):
        archive.get_message_part(client_1, "a", BytesIO(), **wrong)
    with pytest.raises(InvalidInputError, match="id is empty"):
        archive.get_message_part(client_1, " ", BytesIO())
    assert server.calls(PART) == []


# lists and logs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "path"),
    [(archive.search_logs, "/api/archive/get-archive-search-logs"), (archive.view_logs, "/api/archive/get-view-logs")],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_logs_are_read_wrapped_and_flat(server, client, work, path, wrapped):
    line = {"emailAddr": "soc@example.com", "createTime": "2025-01-14T09:01:02+0000", "searchText": "invoice"}
    server.add(path, ok({"logs": [line, 3]}) if wrapped else ok(line, 3))
    ((first, odd),) = work(client, start=START, end=END, query=" invoice ")
    assert server.calls(path)[0].item == {**SPAN, "query": "invoice"}
    assert (first.who, first.what, odd.raw) == ("soc@example.com", "invoice", {"value": 3})


def test_an_empty_query_of_a_log_is_not_sent(server, client):
    server.add("/api/archive/get-view-logs", ok({"logs": []}))
    assert list(archive.view_logs(client, start=START, end=END)) == []
    assert server.calls("/api/archive/get-view-logs")[0].item == SPAN
