"""Blocked-sender policies as a REST resource, and what policies and managed senders do to mail."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sandbox import Fault, Tenant

PATH = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
GET = "/api/policy/blockedsenders/get-policy"
MANAGE = "/api/managedsender/permit-or-block-sender"
FLAT = {
    "description": "case 42",
    "option": "block_sender",
    "fromPart": "both",
    "from": {"type": "email_domain", "domain": "evil.example"},
    "to": {"type": "internal_addresses"},
    "sourceIPs": ["192.0.2.0/24"],
}


@pytest.fixture
def rest(caller):
    caller.generation = "2.0"
    return caller


def send(caller, method, path=PATH, body=None, query=""):
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}
    return caller.send(method, path + query, b"" if body is None else json.dumps(body).encode(), headers)


@pytest.fixture
def policy_id(rest):
    answer = send(rest, "POST", body=FLAT)
    assert answer.status == 201
    return answer.json["policyId"]


def test_the_same_policy_is_seen_by_both_kinds_of_functions(rest, policy_id):
    old = rest.call(GET, {"id": policy_id}).data[0]
    new = send(rest, "GET", f"{PATH}/{policy_id}").json

    assert old["policy"]["from"] == {"type": "email_domain", "emailDomain": "evil.example"}
    assert old["policy"]["conditions"] == {"sourceIPs": ["192.0.2.0/24"]}
    assert {name: new[name] for name in FLAT} == FLAT
    assert (new["id"], new["toEternal"], new["toDateTime"][:4]) == (policy_id, True, "2100")


def test_pages_follow_the_cursor(rest):
    made = [send(rest, "POST", body={**FLAT, "description": f"n{n}"}).json["policyId"] for n in range(5)]

    seen, query = [], "?pageSize=2"
    while query:
        body = send(rest, "GET", query=query).json
        seen += [one["id"] for one in body["definitions"]]
        after = body["meta"]["pagination"].get("nextPage", "")
        query = f"?pageSize=2&pageToken={after}" if after else ""

    assert seen == made


def test_names_of_list_and_id_differ_between_tenants(connect):
    caller = connect(Tenant.generate(messages=5, policy_list_name="policies", policy_id_name="id"))
    caller.generation = "2.0"

    made = send(caller, "POST", body=FLAT).json["id"]

    assert [one["id"] for one in send(caller, "GET").json["policies"]] == [made]


def test_a_patch_changes_what_it_names_and_nothing_else(rest, policy_id):
    before = send(rest, "GET", f"{PATH}/{policy_id}").json
    rest.tenant.advance(timedelta(hours=1))

    after = send(rest, "PATCH", f"{PATH}/{policy_id}", {"enabled": False, "toDateTime": "2025-02-14T00:00:00+0000"})

    changed = {name for name, value in after.json.items() if value != before[name]}
    assert (after.status, changed) == (200, {"enabled", "toEternal", "toDateTime", "lastUpdated"})
    eternal = send(rest, "PATCH", f"{PATH}/{policy_id}", {"toEternal": True}).json
    assert (eternal["toEternal"], eternal["toDateTime"][:4], eternal["enabled"]) == (True, "2100", False)
    assert rest.tenant.times_applied("update_policy", "case 42") == 2


def test_a_deleted_policy_is_http_404(rest, policy_id):
    gone = send(rest, "DELETE", f"{PATH}/{policy_id}")
    assert (gone.status, gone.body) == (204, b"")

    for method, body in (("GET", None), ("PATCH", {"enabled": False}), ("DELETE", None)):
        assert send(rest, method, f"{PATH}/{policy_id}", body).status == 404
    assert send(rest, "GET", f"{PATH}/no-id").status == 400
    assert rest.tenant.times_applied("delete_policy", policy_id) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": {"type": "email_domain", "emailDomain": "evil.example"}}, "from.emailDomain"),
        ({"fromDate": "2025-01-14T00:00:00+0000"}, "fromDate"),
        ({"conditions": {"sourceIPs": []}}, "conditions"),
        ({"toDateTime": "tomorrow"}, "toDateTime"),
        ({"enabled": "true"}, "enabled"),
        ({"option": "block"}, "option"),
        ({"description": None}, "description"),
        ({"data": [FLAT]}, "data"),
        ({"from": {"type": "email_domain", "domain": "a@b"}}, "from"),
    ],
)
def test_a_wrong_name_or_value_is_http_400_and_makes_nothing(rest, change, field):
    answer = send(rest, "POST", body={**FLAT, **change})

    assert answer.status == 400
    assert field in [one.get("field") for one in answer.json["fail"][0]["errors"]]
    assert rest.tenant.policies() == []
    assert rest.tenant.contract_violations or field in ("from", "toDateTime")


def test_the_resource_exists_only_in_the_second_generation_and_needs_rights(rest, policy_id):
    signed = rest.signed(f"{PATH}/{policy_id}")
    assert rest.send("GET", f"{PATH}/{policy_id}", b"", signed).status == 404
    assert send(rest, "PUT", f"{PATH}/{policy_id}", {}).status == 405
    rest.tenant.role.edit_implies_read = False
    rest.tenant.revoke("Gateway | Policies | Edit")
    assert [send(rest, *one).status for one in (("GET",), ("POST", PATH, FLAT))] == [200, 403]
    rest.tenant.unassign_product("Policy Management")
    assert send(rest, "GET").code == "app_forbidden"


def test_a_lost_answer_may_or_may_not_have_made_a_policy(rest):
    for kind, made in (("apply_then_fail", 1), ("fail_without_applying", 1)):
        rest.tenant.faults.add(Fault(kind, PATH, status=502))
        assert send(rest, "POST", body=FLAT).status == 502
        assert rest.tenant.times_applied("create_policy", "case 42") == made
    policy_id = rest.tenant.policies()[0]["id"]
    rest.tenant.faults.add(Fault("apply_then_fail", f"{PATH}/*", status=503))
    assert send(rest, "DELETE", f"{PATH}/{policy_id}").status == 503
    assert rest.tenant.policies() == []


def test_a_policy_rejects_new_mail_until_it_ends(rest, policy_id):
    people = ["ann@northwind.example", "out@elsewhere.example"]

    def arrive(sender, ip="192.0.2.7"):
        return rest.tenant.deliver(to=people, from_addr=f"x@{sender}", from_env=f"x@{sender}", sender_ip=ip)

    assert arrive("evil.example") == dict(zip(people, ("rejected", "archived"), strict=True))
    assert set(arrive("good.example").values()) == {"archived"}
    assert set(arrive("evil.example", "198.51.100.1").values()) == {"archived"}
    send(rest, "PATCH", f"{PATH}/{policy_id}", {"toDateTime": "2025-01-15T00:00:00+0000"})
    rest.tenant.advance(timedelta(days=2))
    assert set(arrive("evil.example").values()) == {"archived"}
    assert (len(rest.tenant.policies()), rest.tenant.policies_in_force()) == (1, [])


def test_the_recipients_own_list_comes_before_policies(rest, policy_id):
    pair = {"sender": "x@evil.example", "to": "ann@northwind.example"}
    for action, status in (("permit", "archived"), ("block", "rejected")):
        rest.call(MANAGE, {**pair, "action": action})
        done = rest.tenant.deliver(to=[pair["to"]], from_addr=pair["sender"], sender_ip="192.0.2.7")
        assert done == {pair["to"]: status}
    assert rest.tenant.times_applied("block_sender", ("X@evil.example", "ann@northwind.example")) == 1


def test_what_policies_did_survives_a_restart(tmp_path):
    first = Tenant.load_or_generate(tmp_path, messages=5, seed=7)
    first.world.policies.manage("x@evil.example", "ann@northwind.example", "block", "svc")
    first.deliver(to=["ann@northwind.example"], from_addr="x@evil.example", subject="stopped")
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5, seed=7)

    assert second.world.messages[-1].status == "rejected"
    assert second.effects == first.effects
