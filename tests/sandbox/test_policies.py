"""Blocked-sender policies and managed senders: strict, remembered, never merged."""

from __future__ import annotations

import http.client
from datetime import timedelta

import pytest

from sandbox import SEED_PERMISSIONS, Fault, Tenant

CREATE = "/api/policy/blockedsenders/create-policy"
GET = "/api/policy/blockedsenders/get-policy"
UPDATE = "/api/policy/blockedsenders/update-policy"
DELETE = "/api/policy/blockedsenders/delete-policy"
MANAGE = "/api/managedsender/permit-or-block-sender"
SENDER = {"type": "individual_email_address", "emailAddress": "billing@evil.example"}
POLICY = {"description": "case 42", "from": SENDER, "to": {"type": "internal_addresses"}}
PAIR = {"sender": "billing@evil.example", "to": "ann@northwind.example", "action": "block"}


def policy(**changes):
    return {"option": "block_sender", "policy": {**POLICY, **changes}}


@pytest.fixture
def policy_id(caller):
    return caller.call(CREATE, policy()).data[0]["id"]


def test_a_new_policy_is_shown_complete_with_its_defaults_and_eternal_dates(either):
    (made,) = either.call(CREATE, policy(fromPart="both", conditions={"sourceIPs": ["192.0.2.0/24"]})).data

    assert made["id"].startswith("eN")
    assert made["option"] == "block_sender"
    assert made["policy"] == {
        "description": "case 42",
        "fromPart": "both",
        "from": SENDER,
        "to": {"type": "internal_addresses"},
        "fromType": "individual_email_address",
        "fromValue": "billing@evil.example",
        "toType": "internal_addresses",
        "fromEternal": True,
        "toEternal": True,
        "fromDate": "1900-01-01T00:00:00+0000",
        "toDate": "2100-01-01T23:59:59+0000",
        "override": False,
        "bidirectional": False,
        "enabled": True,
        "enforced": False,
        "conditions": {"sourceIPs": ["192.0.2.0/24"]},
        "createTime": "2025-01-14T09:30:00+0000",
        "lastUpdated": "2025-01-14T09:30:00+0000",
    }
    assert either.call(GET).data == [made]
    assert either.call(GET, {"id": made["id"]}).data == [made]


def test_creating_twice_makes_two_policies(caller):
    first, second = (caller.call(CREATE, policy()).data[0]["id"] for _ in range(2))

    assert first != second
    assert [entry["id"] for entry in caller.tenant.policies()] == [first, second]
    assert caller.tenant.times_applied("create_policy", first) == 1
    assert caller.tenant.effects[0].params == policy()


def test_a_date_ends_eternity(caller):
    made = caller.call(CREATE, policy(toDate="2025-02-13T09:30:00+0000", toEternal=True, fromDate=None)).data[0]

    shown = made["policy"]
    assert (shown["toEternal"], shown["toDate"]) == (False, "2025-02-13T09:30:00+0000")
    assert (shown["fromEternal"], shown["fromDate"][:4]) == (True, "1900")


def test_the_older_flat_fields_are_understood(caller):
    sent = {"description": "old", "fromType": "email_domain", "fromValue": "evil.example", "toType": "everyone"}

    shown = caller.call(CREATE, {"option": "no_action", "policy": sent}).data[0]["policy"]

    assert shown["from"] == {"type": "email_domain", "emailDomain": "evil.example"}
    assert (shown["fromValue"], shown["toType"], "toValue" in shown) == ("evil.example", "everyone", False)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"description": None}, "err_validation_null", "policy.description"),
        ({"description": ""}, "err_validation_blank", "policy.description"),
        ({"enabled": "true"}, "err_validation", "policy.enabled"),
        ({"enabled": 1}, "err_validation", "policy.enabled"),
        ({"bidirectonal": True}, "err_validation", "policy.bidirectonal"),
        ({"fromPart": "header"}, "err_validation_value_not_allowed", "policy.fromPart"),
        ({"from": None}, "err_validation_null", "policy.from"),
        ({"from": "billing@evil.example"}, "err_validation", "policy.from"),
        ({"from": {"type": "sender"}}, "err_validation_value_not_allowed", "policy.from.type"),
        ({"from": {"type": ["everyone"]}}, "err_validation", "policy.from.type"),
        ({"from": {**SENDER, "email": "x"}}, "err_validation", "policy.from.email"),
        ({"from": {"type": "individual_email_address"}}, "err_policy_invalid_from_value", "policy.from"),
        ({"from": {"type": "email_domain", "emailDomain": "a@b.example"}}, "err_policy_invalid_from_value", None),
        ({"from": {"type": "address_attribute_value", "attribute": {}}}, "err_policy_invalid_from_value", None),
        ({"to": {"type": "everyone", "emailDomain": "b.example"}}, "err_policy_invalid_to_value", "policy.to"),
        ({"fromType": "everyone"}, "err_validation", "policy.fromType"),
        ({"toDate": "2025-02-13"}, "err_validation_date", "policy.toDate"),
        ({"toEternal": False}, "err_validation_null", "policy.toDate"),
        ({"conditions": {"sourceIp": ["192.0.2.1"]}}, "err_validation", "policy.conditions.sourceIp"),
        ({"conditions": {"sourceIPs": ["here"]}}, "err_validation_value_not_allowed", "policy.conditions.sourceIPs"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(caller, change, code, field):
    answer = caller.call(CREATE, policy(**change))

    (wrong,) = answer.json["fail"][0]["errors"]
    assert (answer.status, answer.data, wrong["code"]) == (200, [], code)
    assert field in (None, wrong["field"])
    assert caller.tenant.policies() == []
    assert caller.tenant.effects == []


@pytest.mark.parametrize("item", [{"policy": POLICY}, {"option": "block", "policy": POLICY}, {"option": "no_action"}])
def test_option_and_policy_are_needed(caller, item):
    assert caller.call(CREATE, item).code.startswith("err_validation")


def test_an_update_replaces_the_policy_and_keeps_its_id_and_birth(caller, policy_id):
    caller.tenant.advance(timedelta(hours=1))

    (changed,) = caller.call(UPDATE, {"id": policy_id, **policy(description="case 43", enabled=False)}).data

    assert (changed["id"], changed["policy"]["description"], changed["policy"]["enabled"]) == (
        policy_id,
        "case 43",
        False,
    )
    assert changed["policy"]["createTime"] == "2025-01-14T09:30:00+0000"
    assert changed["policy"]["lastUpdated"] == "2025-01-14T10:30:00+0000"
    assert caller.tenant.policies() == [changed]


def test_a_create_with_an_id_updates_only_where_the_switch_says_so(caller, policy_id):
    item = {"id": policy_id, **policy(description="changed")}
    assert caller.call(CREATE, item).code == "err_validation"

    caller.tenant.create_policy_updates_by_id = True

    assert caller.call(CREATE, item).data[0]["id"] == policy_id
    assert len(caller.tenant.policies()) == 1


def test_a_deleted_policy_is_gone(caller, policy_id):
    assert caller.call(DELETE, {"id": policy_id}).data == [{"id": policy_id}]

    for path, item in ((DELETE, {"id": policy_id}), (GET, {"id": policy_id}), (UPDATE, {"id": policy_id, **policy()})):
        answer = caller.call(path, item)
        assert answer.json == {"meta": {"status": 404}, "data": [], "fail": []}
    assert caller.tenant.times_applied("delete_policy", policy_id) == 1
    assert caller.tenant.policies() == []


def test_a_number_is_never_used_again(caller, policy_id):
    caller.call(DELETE, {"id": policy_id})

    assert caller.call(CREATE, policy()).data[0]["id"] != policy_id


def test_ids_of_other_kinds_and_damaged_ids_are_refused(caller, policy_id):
    (hold_id,) = caller.tenant.add_message()

    assert caller.call(DELETE, {"id": hold_id}).code == "xdk_failure"
    damaged = caller.call(DELETE, {"id": policy_id[:-3]})
    assert (damaged.status, damaged.body) == (400, b"")
    assert caller.call("/api/gateway/hold-release", {"id": policy_id}).code == "xdk_failure"
    assert len(caller.tenant.policies()) == 1


def test_update_and_delete_are_not_listed_in_the_second_generation(caller, policy_id):
    caller.generation = "2.0"
    refused = caller.call(DELETE, {"id": policy_id})
    assert (refused.status, refused.code) == (403, "app_forbidden")
    assert caller.call(GET, {"id": policy_id}).status == 200

    caller.tenant.policy_changes_on_v2 = True

    assert caller.call(DELETE, {"id": policy_id}).data == [{"id": policy_id}]


@pytest.mark.parametrize(
    ("permission", "refused"),
    [
        ("Gateway | Policies | Edit", {CREATE, UPDATE, DELETE}),
        ("Gateway | Policies | Read", {GET}),
        ("Gateway | Managed Senders | Edit", {MANAGE}),
    ],
)
def test_each_permission_opens_its_own_functions(caller, policy_id, permission, refused):
    caller.tenant.role.edit_implies_read = False
    caller.tenant.revoke(permission)
    item = {"id": policy_id, **policy()}
    items = {CREATE: policy(), GET: {"id": policy_id}, UPDATE: item, DELETE: {"id": policy_id}, MANAGE: PAIR}

    closed = {path for path, one in items.items() if caller.call(path, one).status == 403}

    assert closed == refused
    assert permission in SEED_PERMISSIONS


def test_policies_belong_to_their_own_product(caller):
    caller.generation = "2.0"
    caller.tenant.unassign_product("Policy Management")

    assert caller.call(CREATE, policy()).code == "app_forbidden"
    assert caller.call(MANAGE, PAIR).status == 200


def test_a_sender_is_permitted_or_blocked_for_one_recipient_and_the_last_word_counts(either):
    (blocked,) = either.call(MANAGE, PAIR).data
    assert blocked["id"].startswith("MTOKEN:eN")
    assert {**PAIR, **blocked} == {**PAIR, "id": blocked["id"], "type": "Block"}

    (permitted,) = either.call(MANAGE, {**PAIR, "action": "permit"}).data

    assert (permitted["id"], permitted["type"]) == (blocked["id"], "Permit")
    assert either.tenant.managed_senders() == [permitted]
    assert [effect.kind for effect in either.tenant.effects] == ["block_sender", "permit_sender"]
    assert either.tenant.times_applied("block_sender", blocked["id"]) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sender": "evil.example"}, "err_validation_invalid_email_address"),
        ({"to": "Ann <ann@northwind.example>"}, "err_validation_invalid_email_address"),
        ({"action": "Block"}, "err_validation_value_not_allowed"),
        ({"action": None}, "err_validation_null"),
        ({"comment": "why not"}, "err_validation"),
    ],
)
def test_a_wrong_managed_sender_is_refused_with_its_key(caller, change, code):
    answer = caller.call(MANAGE, {**PAIR, **change})

    assert (answer.status, answer.data, answer.code) == (200, [], code)
    assert answer.json["fail"][0]["key"] == {**PAIR, **change}
    assert caller.tenant.managed_senders() == []


def test_outsiders_can_be_left_out(caller):
    item = {**PAIR, "to": "someone@elsewhere.example"}
    caller.tenant.managed_sender_for_outsiders = False
    assert caller.call(MANAGE, item).code == "err_validation_invalid_email_address"

    caller.tenant.managed_sender_for_outsiders = True
    assert caller.call(MANAGE, item).json["fail"] == []


def test_faults_strike_policies_too(caller):
    tenant = caller.tenant
    tenant.faults.add(Fault("apply_then_fail", CREATE, how="reset"))
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        caller.call(CREATE, policy())
    tenant.faults.add(Fault("fail_without_applying", CREATE, status=502))
    assert caller.call(CREATE, policy()).status == 502
    tenant.faults.add(Fault("partial", CREATE, n=0, code="err_policy_limit"))
    answer = caller.call(CREATE, policy(), policy(description="second"))

    assert [entry["policy"]["description"] for entry in tenant.policies()] == ["case 42", "second"]
    assert (len(answer.data), answer.code) == (1, "err_policy_limit")


def test_another_administrator_deletes_the_policy_first(caller, policy_id):
    caller.tenant.faults.add(Fault("concurrent_admin", DELETE))

    assert caller.call(DELETE, {"id": policy_id}).json["meta"]["status"] == 404
    assert [effect.kind for effect in caller.tenant.effects] == ["create_policy", "admin_delete_policy"]
    assert caller.tenant.admin_delete_policy(policy_id) is False


def test_a_restart_remembers_policies_managed_senders_and_their_effects(tmp_path, connect):
    def load():
        return Tenant.load_or_generate(tmp_path, messages=5, seed=7)

    first = load()
    caller = connect(first)
    kept, gone = (caller.call(CREATE, policy()).data[0]["id"] for _ in range(2))
    caller.call(UPDATE, {"id": kept, **policy(description="kept")})
    caller.call(DELETE, {"id": gone})
    caller.call(MANAGE, PAIR)
    first.close()

    second = load()

    assert second.policies() == first.policies()
    assert second.managed_senders() == first.managed_senders()
    assert second.effects == first.effects
    assert connect(second).call(CREATE, policy()).data[0]["id"] not in {kept, gone}
    second.close()


def test_the_back_door_shows_policies(caller, policy_id):
    shown = caller.send("GET", "/__sandbox__/policies").json

    assert [entry["id"] for entry in shown["policies"]] == [policy_id]
    assert shown["managed_senders"] == []
