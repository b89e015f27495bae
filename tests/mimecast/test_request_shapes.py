"""Every request of every function against the reference, written down independently of the sandbox."""

from __future__ import annotations

import contextlib
from urllib.parse import parse_qsl, urlsplit

import pytest
from mimecast_documented import ITEMS, REST, complaints, envelope_complaints
from mimecast_requests_made import BY_GENERATION, CHANGES, NOT_CALLED, READS
from mimecast_sample_answers import SAMPLES
from mimecast_scripted import Answer, ok

from mailroom.errors import MailroomError
from mailroom.mimecast import capabilities

ALL = READS | CHANGES
CASES = [
    pytest.param(function, work, generation, id=f"{name} [{generation}]")
    for name, (function, work) in ALL.items()
    for generation in function.generations
]
CASES += [
    pytest.param(function, work, generation, id=f"{name} [{generation}]")
    for name, (functions, work) in BY_GENERATION.items()
    for generation, function in functions.items()
]
FUNCTIONS = {case.values[0] for case in CASES}


def answer_for(function):
    """An empty success, which most functions will not take for one; the request is what counts."""
    return Answer({}) if function.is_rest else ok()


def ask(server, client, function, work):
    """Run it against empty answers, with a second page where it follows one; returns what was asked."""
    server.add(function.path.replace("{policy_id}", "eNpolicy-1"), answer_for(function))
    with contextlib.suppress(MailroomError):
        work(client)
    return [asked for asked in server.asked if asked.path != "/oauth/token"]


def called(asked):
    """The function behind a request."""
    path = urlsplit(asked.path).path.replace("eNpolicy-1", "{policy_id}")
    (found,) = (one for one in capabilities.REGISTRY.values() if (one.method, one.path) == (asked.method, path))
    return found


@pytest.mark.parametrize(("function", "work", "generation"), CASES)
def test_a_request_has_the_documented_fields_with_the_documented_types(server, client_for, function, work, generation):
    asked = ask(server, client_for(generation), function, work)
    assert function in {called(one) for one in asked}
    for one in asked:
        parts, what = urlsplit(one.path), called(one)
        assert generation in what.generations
        if what.is_rest:
            query, body = REST[what.name]
            assert {name for name, _ in parse_qsl(parts.query)} <= query
            assert (complaints(one.json, body) == []) if body is not None else one.body == b""
            continue
        assert not parts.query
        assert one.headers["Content-Type"] == "application/json"
        assert envelope_complaints(one.json) == []
        table = ITEMS[what.path]
        if not table:
            assert one.json["data"] == []
        for item in one.json["data"]:
            assert complaints(item, table) == []


PAGED = {
    capabilities.TRACKING_SEARCH,
    capabilities.HOLD_LIST,
    capabilities.RELEASE_LOGS,
    capabilities.PROCESSING_MESSAGES,
    capabilities.REJECTIONS,
    capabilities.ARCHIVE_SEARCH,
    capabilities.ARCHIVE_SEARCH_LOGS,
    capabilities.VIEW_LOGS,
    capabilities.URL_LOGS,
    capabilities.ATTACHMENT_LOGS,
    capabilities.IMPERSONATION_LOGS,
    capabilities.LIST_MANAGED_URLS,
    capabilities.FIND_INCIDENTS,
    capabilities.FIND_GROUPS,
    capabilities.GROUP_MEMBERS,
    capabilities.GET_POLICY,
    capabilities.AUDIT_EVENTS,
}
"""Functions whose lists come page by page."""
ONE = {"policy"}
"""What asks a listing function for one thing by its id."""
LISTS = [
    pytest.param(function, work, generation, id=f"{name} [{generation}]")
    for name, (function, work) in READS.items()
    if function in PAGED and name not in ONE
    for generation in function.generations
]


@pytest.mark.parametrize(("function", "work", "generation"), LISTS)
def test_a_second_page_repeats_the_item_and_adds_only_the_token(server, client_for, function, work, generation):
    server.add(function.path, ok(*SAMPLES[function], pagination={"next": "token-2"}), ok())
    work(client_for(generation))
    first, second = (one.json for one in server.calls(function.path))
    assert second["data"] == first["data"]
    assert second["meta"]["pagination"] == first["meta"]["pagination"] | {"pageToken": "token-2"}


@pytest.mark.parametrize(
    ("function", "work", "generation"),
    [case for case in CASES if case.values[0] not in PAGED and not case.values[0].is_rest],
)
def test_nothing_else_asks_for_a_page(server, client_for, function, work, generation):
    asked = ask(server, client_for(generation), function, work)
    assert {called(one) for one in asked if one.body and "pagination" in one.json.get("meta", {})} <= PAGED


def test_every_list_is_walked_here():
    assert {case.values[0] for case in LISTS} == PAGED


def test_every_function_is_asked_for_here_or_said_to_be_unused():
    asked = {function.name for function in FUNCTIONS}
    unused = {function.name for function in NOT_CALLED}
    assert not asked & unused
    assert asked | unused == set(capabilities.REGISTRY)


def test_every_function_with_an_envelope_is_in_the_table_of_the_reference():
    assert {function.path for function in FUNCTIONS if not function.is_rest} <= set(ITEMS)
    assert {function.name for function in FUNCTIONS if function.is_rest} <= set(REST)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"id": "x", "more": 1}, "item.more is unknown"),
        ({}, "item.id is missing"),
        ({"id": 5}, "item.id is 5, which is no text"),
        ({"id": ""}, "item.id is '', which is no text"),
        ({"id": None}, "item.id is None, which is no text"),
    ],
)
def test_the_check_itself_complains(item, said):
    assert complaints(item, {"id!": "text"}) == [said]
