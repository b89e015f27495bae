"""Whatever a field holds, the tenant answers; it never breaks."""

from __future__ import annotations

import json

import pytest

from sandbox import Tenant
from sandbox.endpoints import FIELDS, REST_BODIES, REST_FUNCTIONS

ODD = [None, True, 0, -1, 1e400, "", "x", "eN", "a" * 5000, "\ud800\x00", [], ["x"], [[]], [None], {}, {"x": 1}, [{}]]
GOOD = {
    "query": "<xmlquery><metadata/><muse/></xmlquery>",
    "mailbox": "ann@northwind.example",
    "view": "INBOX",
    "type": "RFC822",
    "reason": "r",
    "searchBy": "messageId",
    "action": "block",
    "option": "no_action",
    "operationType": "ALLOW",
    "hashList": [{"hash": "ab" * 32}],
    "hashes": ["ab" * 32],
    "url": "https://evil.example/",
    "sender": "a@evil.example",
    "to": "b@northwind.example",
    "startDateTime": "2025-01-01T00:00:00+0000",
    "endDateTime": "2025-01-02T00:00:00+0000",
    "policy": {"description": "d", "from": {"type": "everyone"}, "to": {"type": "everyone"}},
}


@pytest.fixture
def tenant():
    return Tenant.generate(messages=5, seed=7, archive=20, tracked=20)


@pytest.mark.parametrize("path", [path for path, fields in FIELDS.items() if fields])
def test_odd_values_of_every_field_are_answered(caller, path):
    if path == "/api/ttp/remediation/v2/create":
        caller.generation = "2.0"
    fields = FIELDS[path]
    archived = caller.tenant.archived()[0]["id"]
    for name, field in fields.items():
        for value in ODD:
            item = {one: GOOD.get(one, archived) for one, rule in fields.items() if rule.required} | {name: value}
            answer = caller.call(path, item)
            assert answer.status in (200, 400), (name, value, answer.body[:200])
            if field.inside:
                for inner in field.inside:
                    nested = (
                        caller.call(path, item | {name: [{inner: value}]}),
                        caller.call(path, item | {name: {inner: value}}),
                    )
                    assert {one.status for one in nested} <= {200, 400}, (name, inner, value)


@pytest.mark.parametrize(("method", "path"), REST_FUNCTIONS)
def test_odd_bodies_and_queries_of_rest_functions_are_answered(caller, method, path):
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}
    made = caller.tenant.world.policies.create(
        "no_action", {"description": "d", "fromDate": "", "toDate": "", "conditions": {}, **SIDES}, "svc", {}
    )
    real = path.replace("{policy_id}", made["id"]).replace("{id}", "x")
    for name in REST_BODIES.get((method, path), {"none": None}):
        for value in ODD:
            body = json.dumps({"description": "d", "option": "no_action", name: value}).encode()
            query = "" if name != "none" else f"?pageSize={json.dumps(value).encode().hex()[:40]}"
            answer = caller.send(method, real + query, b"" if method in ("GET", "DELETE") else body, headers)
            assert answer.status in (200, 201, 204, 400, 404), (name, value, answer.body[:200])
    for body in (b"", b"[]", b"null", b'"x"', b"{"):
        assert caller.send(method, real, body, headers).status != 500


SIDES = {
    "from": {"type": "everyone"},
    "to": {"type": "everyone"},
    "fromEternal": True,
    "toEternal": True,
    "fromPart": "both",
}
