"""Answers that are not as documented: they are read, or refused with a typed error; nothing else ever comes out."""

from __future__ import annotations

import copy
import json

import pytest
from mimecast_requests_made import BY_GENERATION, CHANGES, READS
from mimecast_sample_answers import REST_SAMPLES, SAMPLES
from mimecast_scripted import Answer

from mailroom.errors import (
    CredentialsError,
    MailroomError,
    NotFoundError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import EffectUnknownError
from mailroom.mimecast import capabilities as c
from mailroom.mimecast.rows import as_json, as_rows

ODD = [None, [], {}, "text", 5, -1.5, True, [None], [[]], {"a": None}, "2025-13-45", 2**70]
FIRST = {}
for _name, (_function, _work) in READS.items():
    FIRST.setdefault(_function, (_name, _work))
BYTES = {c.GET_FILE, c.ARCHIVE_FILE, c.ARCHIVE_MESSAGE_PART}
"""Functions that answer with a file; what they make of answers is tested with downloads."""
CASES = [pytest.param(function, work, id=name) for function, (name, work) in FIRST.items() if function not in BYTES]


def places(value, path=()):
    """Every place in a JSON value that can be something else."""
    if path:
        yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from places(one, (*path, number))


def changed(sample, path, odd):
    """The sample with something else at one place; `places` (the function itself) as odd leaves it out."""
    made = copy.deepcopy(sample)
    inside = made
    for step in path[:-1]:
        inside = inside[step]
    if odd is places:
        del inside[path[-1]]
    else:
        inside[path[-1]] = odd
    return made


def body_of(function, sample):
    return sample if function.is_rest else {"meta": {"status": 200}, "data": sample, "fail": []}


def sample_of(function):
    return REST_SAMPLES[function] if function.is_rest else SAMPLES[function]


@pytest.fixture
def client_of(client_for):
    """In the newest generation that lists the function."""
    return lambda function: client_for(function.generations[-1] if function.listed_on_2 else "1.0")


@pytest.mark.parametrize(("function", "work"), CASES)
def test_a_documented_answer_is_read_and_shown(server, client_of, function, work):
    server.add(function.path, Answer(body_of(function, sample_of(function))))
    found = work(client_of(function))
    rows = found if isinstance(found, list) else [found]
    assert rows
    json.dumps([as_json(row) for row in rows])
    if not isinstance(rows[0], dict):
        assert len(list(as_rows(rows))) == len(rows)


@pytest.mark.parametrize(("function", "work"), CASES)
def test_anything_at_any_place_is_read_or_refused_typed(server, client_of, function, work):
    sample, client = sample_of(function), client_of(function)
    for path in places(sample):
        for odd in [places, *ODD]:
            server.add(function.path, Answer(body_of(function, changed(sample, path, odd))))
            try:
                found = work(client)
            except MailroomError as error:
                assert str(error), (path, odd)
            else:
                json.dumps(as_json(found))


@pytest.mark.parametrize(("function", "work"), CASES)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer({"meta": {"status": 200}, "data": [], "fail": [{"errors": [{"code": "err_x"}]}]}), RejectedError),
        (Answer({"meta": {"status": 200}, "data": [], "fail": {"code": "err_x", "message": "no"}}), RejectedError),
        (Answer({"meta": {"status": 200}, "data": [], "fail": "no"}), RejectedError),
        (Answer({"meta": {"status": 404}, "data": [], "fail": [{"errors": [{"code": "err_x"}]}]}), NotFoundError),
        (Answer({"fail": [{"code": "app_forbidden", "message": "no"}]}, 403), PermissionMissingError),
        (Answer(b"", 400), RejectedError),
        (Answer(b"", 401), CredentialsError),
        (Answer({"meta": {"status": 500}, "data": [], "fail": []}), TransientError),
        (Answer(b"<html>busy</html>", 503), TransientError),
        (Answer(b"<html>welcome</html>"), ResponseError),
        (Answer(b"[]"), ResponseError),
        (Answer(b'{"data": [', 200), ResponseError),
        (Answer(b""), ResponseError),
    ],
    ids=["fail", "fail object", "fail text", "meta 404", "product", "empty 400", "401", "meta 500", "busy", "page",
         "list", "cut", "empty"],
)  # fmt: skip
def test_a_failing_answer_is_a_typed_error(server, client_of, function, work, answer, error):
    if function.is_rest and answer.body == b"" and answer.status == 200:
        return  # an answer of a REST resource may have no body
    server.add(function.path, answer)
    with pytest.raises(error):
        work(client_of(function))


EFFECT_CASES = [
    pytest.param(function, work, generation, id=f"{name} [{generation}]")
    for name, (function, work) in CHANGES.items()
    for generation in function.generations
] + [
    pytest.param(function, work, generation, id=f"{name} [{generation}]")
    for name, (functions, work) in BY_GENERATION.items()
    for generation, function in functions.items()
]
ENTRIES = [
    {},
    None,
    "text",
    5,
    [],
    [{}],
    {"id": None},
    {"id": 5},
    {"id": []},
    {"policy": []},
    {"id": "eN1", "policy": 7},
]


@pytest.mark.parametrize(("function", "work", "generation"), EFFECT_CASES)
def test_whatever_an_effect_is_answered_its_outcome_is_said_or_unknown(server, client_for, function, work, generation):
    client = client_for(generation)
    path = function.path.replace("{policy_id}", "eNpolicy-1")
    bodies = [{"meta": {"status": 200}, "data": [entry], "fail": []} for entry in ENTRIES]
    bodies += [{"data": {}}, {"data": None}, {}, {"meta": None, "data": [], "fail": None}, {"meta": [], "data": [[]]}]
    for body in bodies:
        server.add(path, Answer(body))
        before = len(server.calls(path))
        try:
            work(client)
        except MailroomError as error:
            assert str(error), body
        assert len(server.calls(path)) == before + 1, "an effect is never sent again"


@pytest.mark.parametrize(("function", "work", "generation"), EFFECT_CASES)
@pytest.mark.parametrize(
    "answer",
    [Answer(b"", 500), Answer(b"", 502), Answer(b"<html>", 200), Answer(b'{"data": [', 200), Answer(b"{}", reset=True)],
    ids=["500", "502", "page", "cut", "reset"],
)
def test_an_effect_whose_answer_was_not_seen_is_unknown(server, client_for, function, work, generation, answer):
    path = function.path.replace("{policy_id}", "eNpolicy-1")
    server.add(path, answer)
    with pytest.raises(EffectUnknownError) as caught:
        work(client_for(generation))
    assert caught.value.unknown
    assert len(server.calls(path)) == 1
