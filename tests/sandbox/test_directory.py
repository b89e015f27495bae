"""Groups, own hashes: what is there already is said so, and long lists stop in silence."""

from __future__ import annotations

import pytest

from sandbox import Fault, Tenant

FIND = "/api/directory/find-groups"
MEMBERS = "/api/directory/get-group-members"
ADD = "/api/directory/add-group-member"
REMOVE = "/api/directory/remove-group-member"
BATCH = "/api/byo-threat-intelligence/create-batch"


def group(caller, name="Blocked Senders - SOC"):
    (found,) = caller.call(FIND, {"query": name}).data[0]["folders"]
    return found["id"]


def test_groups_are_found_by_a_part_of_their_name_and_by_source(either):
    assert [one["description"] for one in either.call(FIND, {"query": "blocked"}).data[0]["folders"]] == [
        "Blocked Senders - SOC",
        "Blocked Senders - Legacy",
    ]
    assert [one["source"] for one in either.call(FIND, {"source": "ldap"}).data[0]["folders"]] == ["ldap"]
    assert set(either.call(FIND).data[0]["folders"][0]) == {
        "id",
        "description",
        "source",
        "parentId",
        "userCount",
        "folderCount",
    }


def test_a_long_group_stops_at_999_unless_pages_are_asked_for(caller):
    legacy = group(caller, "legacy")
    unpaged = caller.call(MEMBERS, {"id": legacy})
    assert len(unpaged.data[0]["groupMembers"]) == 999
    assert "next" not in unpaged.json["meta"]["pagination"]

    seen, page = [], {"pageSize": 500}
    while page:
        answer = caller.call(MEMBERS, {"id": legacy}, page=page)
        seen += answer.data[0]["groupMembers"]
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageToken": after} if after else None
    assert len(seen) == 1500


def test_a_member_is_added_once_and_removed_once(either):
    item = {"id": group(either), "emailAddress": "Eve@evil.example"}

    (added,) = either.call(ADD, item).data
    assert (added["folderId"], added["emailAddress"], added["internal"]) == (item["id"], "Eve@evil.example", False)
    assert either.call(ADD, item).code == "err_folder_group_member_already_exists"
    assert [one["emailAddress"] for one in either.tenant.group_members("Blocked Senders - SOC")] == ["eve@evil.example"]
    assert either.call(REMOVE, item).json["fail"] == []
    assert either.call(REMOVE, item).code == "err_folder_email_address_not_found"
    for kind in ("add_group_member", "remove_group_member"):
        assert either.tenant.times_applied(kind, "Eve@evil.example") == 1
        assert either.tenant.times_applied(kind, "Blocked Senders - SOC Eve@evil.example") == 1


def test_a_domain_is_a_member_too(caller):
    caller.call(ADD, {"id": group(caller), "domain": "evil.example"})

    (member,) = caller.call(MEMBERS, {"id": group(caller)}).data[0]["groupMembers"]
    assert (member["domain"], "emailAddress" in member) == ("evil.example", False)


@pytest.mark.parametrize(
    "change", [{}, {"emailAddress": "evil"}, {"emailAddress": "a@b.example", "domain": "b.example"}, {"email": "a@b.c"}]
)
def test_a_wrong_member_is_refused(caller, change):
    assert caller.call(ADD, {"id": group(caller), **change}).code.startswith("err_validation")
    assert caller.tenant.effects == []


def test_hashes_are_uploaded_all_or_none(either):
    good = {"hash": "ab" * 32, "description": "case 42"}
    bad = either.call(BATCH, {"hashList": [good, {"hash": "x"}], "operationType": "BLOCK"})
    assert (bad.code, either.tenant.threat_hashes()) == ("err_validation", {})

    assert either.call(BATCH, {"hashList": [good], "operationType": "BLOCK"}).json["fail"] == []

    assert either.tenant.threat_hashes() == {"ab" * 32: "BLOCK"}
    assert either.tenant.times_applied("upload_hashes", "ab" * 32) == 1
    assert either.call(BATCH, {"hashList": [good], "operationType": "block"}).code.startswith("err_validation")


def test_groups_and_hashes_survive_lost_answers_and_restarts(tmp_path, connect):
    first = Tenant.load_or_generate(tmp_path, messages=5)
    caller = connect(first)
    item = {"id": group(caller), "emailAddress": "eve@evil.example"}
    for kind in ("fail_without_applying", "apply_then_fail"):
        first.faults.add(Fault(kind, ADD, status=503))
        assert caller.call(ADD, item).status == 503
    caller.call(BATCH, {"hashList": [{"hash": "cd" * 32}], "operationType": "ALLOW"})
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5)

    assert second.group_members("Blocked Senders - SOC") == first.group_members("Blocked Senders - SOC") != []
    assert second.threat_hashes() == first.threat_hashes()
    assert second.effects == first.effects
