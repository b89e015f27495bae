"""The kinds of faults on the newer functions: faster administrators, endless pages, changed fields, attacking texts."""

from __future__ import annotations

import json
from email import message_from_bytes

import pytest

from sandbox import Fault, Tenant
from sandbox.archive_query import RETURN_FIELDS
from sandbox.data.hostile import HOSTILE_TEXTS

SEARCH = "/api/archive/search"
PART = "/api/archive/get-message-part"
POLICIES = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
FLAT = {
    "description": "case 42",
    "option": "no_action",
    "from": {"type": "everyone"},
    "to": {"type": "everyone"},
}
FIELDS = "".join(f"<return-field>{name}</return-field>" for name in RETURN_FIELDS)
QUERY = f'<xmlquery><metadata page-size="5"><return-fields>{FIELDS}</return-fields></metadata><muse/></xmlquery>'


@pytest.fixture
def tenant():
    return Tenant.generate(messages=20, seed=7, archive=60)


def rest(caller, method, path=POLICIES, body=None, query=""):
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}
    return caller.send(method, path + query, b"" if body is None else json.dumps(body).encode(), headers)


@pytest.mark.parametrize(
    ("path", "item", "code"),
    [
        (
            "/api/ttp/url/create-managed-url",
            {"url": "https://evil.example/", "action": "block"},
            "err_managed_url_exists_code",
        ),
        (
            "/api/directory/add-group-member",
            {"emailAddress": "eve@evil.example"},
            "err_folder_group_member_already_exists",
        ),
    ],
)
def test_another_administrator_does_the_same_thing_first(caller, path, item, code):
    if "directory" in path:
        item = {**item, "id": caller.call("/api/directory/find-groups").data[0]["folders"][0]["id"]}
    caller.tenant.faults.add(Fault("concurrent_admin", path))

    assert caller.call(path, item).code == code
    assert [effect.operator for effect in caller.tenant.effects] == ["administrator@northwind.example"]


def test_another_administrator_deletes_the_policy_before_a_patch(caller):
    policy_id = rest(caller, "POST", body=FLAT).json["policyId"]
    caller.tenant.faults.add(Fault("concurrent_admin", f"{POLICIES}/*"))

    assert rest(caller, "PATCH", f"{POLICIES}/{policy_id}", {"enabled": False}).status == 404
    assert caller.tenant.times_applied("admin_delete_policy", policy_id) == 1


@pytest.mark.parametrize("to", ["same", "first"])
def test_pages_can_go_round(caller, to):
    first = caller.call(SEARCH, {"admin": True, "query": QUERY}).json["meta"]["pagination"]["next"]
    caller.tenant.faults.add(Fault("page_loop", SEARCH, to=to))
    looped = caller.call(SEARCH, {"admin": True, "query": QUERY}, page={"pageToken": first})
    assert looped.json["meta"]["pagination"]["next"] == first

    for path, read in (
        (POLICIES, lambda body: body["meta"]["pagination"]["nextPage"]),
        ("/siem/v1/events/cg", lambda body: body["@nextPage"]),
    ):
        caller.tenant.faults.add(Fault("page_loop", path, to=to))
        assert read(rest(caller, "GET", path).json)


def test_a_cursor_can_expire(caller):
    for _ in range(3):
        rest(caller, "POST", body=FLAT)
    caller.tenant.faults.add(Fault("page_token_expired", POLICIES))
    after = rest(caller, "GET", query="?pageSize=1").json["meta"]["pagination"]["nextPage"]

    assert rest(caller, "GET", query=f"?pageSize=1&pageToken={after}").status == 400
    assert rest(caller, "GET", query=f"?pageSize=1&pageToken={after}").status == 200


@pytest.mark.parametrize("how", ["unknown_status", "missing_field", "new_type", "extra_field"])
def test_rows_of_the_archive_and_of_policies_can_change_overnight(caller, how):
    item = {"admin": True, "query": QUERY}
    before = caller.call(SEARCH, item).data[0]["items"]
    caller.tenant.faults.add(Fault("drift", SEARCH, how=how, field="subject"))
    after = caller.call(SEARCH, item).data[0]["items"]

    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert after != before
    rest(caller, "POST", body=FLAT)
    caller.tenant.faults.add(Fault("drift", POLICIES, how="extra_field"))
    assert "brandNew" in rest(caller, "GET").json["definitions"][0]


def test_attacking_texts_are_archived_too_and_come_as_files(connect):
    caller = connect(Tenant.generate(messages=5, seed=7, archive=80, hostile=True))
    rows = caller.tenant.archived()
    assert any(row["subject"] in HOSTILE_TEXTS for row in rows)

    for row in rows:
        answer = caller.call(PART, {"id": row["id"], "type": "RFC822", "context": "DELIVERED"})
        assert answer.status == 200
        assert message_from_bytes(answer.body)["Message-ID"] == row["messageId"]
    query = QUERY.replace("<muse/>", "<muse><text>script</text></muse>")
    assert caller.call(SEARCH, {"admin": True, "query": query}).json["fail"] == []


def test_a_tag_that_means_nothing_is_remembered_in_silence(caller):
    query = QUERY.replace("<muse/>", "<muse><recipient>a@b.example</recipient></muse>")

    assert caller.call(SEARCH, {"admin": True, "query": query}).json["fail"] == []
    assert caller.tenant.ignored_tags == ["recipient"]
    assert caller.tenant.contract_violations == []
