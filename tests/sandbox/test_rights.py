"""Every function: in which generation it exists, which permission and product it needs, how strict it is."""

from __future__ import annotations

import json

import pytest

from sandbox import Fault, Tenant
from sandbox.endpoints import FUNCTIONS, REST_FUNCTIONS
from sandbox.permissions import REST_RULES, RULES, UNLISTED_ON_V2

GATEWAY, POLICIES, RETENTION, AUDIT = (
    "Email Security Cloud Gateway",
    "Policy Management",
    "Data Retention",
    "Audit Events",
)
EVENTS, THREATS, GROUPS = "Security Events", "Threat Management", "User and Group Management"
DATA = "Threats, Security Events and Data"
LIST = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
SIEM = "Security Events and Data Retrieval | Threat and Security Events (SIEM) | Read"
STATISTICS = "Security Events and Data Retrieval | Threat and Security Statistics | Read"
# (method, path, generations, permission, product), as the vendor's catalogue has them
TABLE = [
    ("POST", "/api/message-finder/report-message", "1", "Gateway | Tracking | Read", ""),
    ("POST", "/api/gateway/find-held-messages", "1", "Account | Monitoring | Held | Read", ""),
    ("POST", "/api/gateway/find-processing-messages", "12", "Monitoring | Processing | Read", GATEWAY),
    ("POST", "/api/gateway/get-rejections", "12", "Monitoring | Rejections | Read", AUDIT),
    ("POST", "/api/email/get-email-queues", "12", "Account | Dashboard | Read", GATEWAY),
    ("POST", "/api/archive/search", "12", "Archive | Search | Read", RETENTION),
    ("POST", "/api/archive/get-message-list", "12", "Archive | Search | Read", RETENTION),
    ("POST", "/api/archive/get-message-detail", "12", "Archive | Search Content View", RETENTION),
    ("POST", "/api/archive/get-message-part", "12", "Archive | Read", RETENTION),
    ("POST", "/api/archive/get-file", "12", "Archive | Read", RETENTION),
    ("POST", "/api/archive/get-archive-search-logs", "12", "Archive | Search Logs | Read", AUDIT),
    ("POST", "/api/archive/get-search-logs", "12", "Archive | Search Logs | Read", AUDIT),
    ("POST", "/api/archive/get-view-logs", "12", "Archive | View Logs | Read", AUDIT),
    ("POST", "/api/ttp/url/get-logs", "12", "Monitoring | URL Protection | Read", EVENTS),
    ("POST", "/api/ttp/attachment/get-logs", "12", "Monitoring | Attachment Protection | Read", EVENTS),
    ("POST", "/api/ttp/impersonation/get-logs", "12", "Monitoring | Impersonation Protection | Read", EVENTS),
    ("POST", "/api/ttp/url/decode-url", "12", "Account | Dashboard | Read", GATEWAY),
    *(
        (
            "POST",
            f"/api/ttp/url/{name}",
            "12",
            "Services | Targeted Threat Protection - URL Protect | Edit",
            POLICIES,
        )
        for name in ("create-managed-url", "get-all-managed-urls", "delete-managed-url")
    ),
    ("POST", "/api/ttp/remediation/create", "12", "Services | Threat Remediation | Edit", THREATS),
    ("POST", "/api/ttp/remediation/v2/create", "2", "Services | Threat Remediation | Edit", THREATS),
    ("POST", "/api/ttp/remediation/get-incident", "12", "Services | Threat Remediation | Read", THREATS),
    ("POST", "/api/ttp/remediation/find-incidents", "12", "Services | Threat Remediation | Read", THREATS),
    ("POST", "/api/ttp/remediation/search-hash", "12", "Services | Threat Remediation | Read", THREATS),
    ("POST", "/api/directory/find-groups", "12", "Directories | Groups | Edit", GROUPS),
    ("POST", "/api/directory/add-group-member", "12", "Directories | Groups | Edit", GROUPS),
    ("POST", "/api/directory/get-group-members", "12", "Services | Directory Sync | Read", GROUPS),
    ("POST", "/api/directory/remove-group-member", "12", "Services | Directory Sync | Edit", GROUPS),
    ("POST", "/api/byo-threat-intelligence/create-batch", "12", "BYO Threat Intelligence | Upload", THREATS),
    ("POST", "/api/audit/get-audit-events", "12", "Account | Logs | Read", AUDIT),
    ("POST", "/api/audit/get-siem-logs", "1", "Gateway | Tracking | Read", ""),
    ("GET", LIST, "2", "Gateway | Policies | Read", POLICIES),
    ("POST", LIST, "2", "Gateway | Policies | Edit", POLICIES),
    ("GET", LIST + "/{policy_id}", "2", "Gateway | Policies | Read", POLICIES),
    ("PATCH", LIST + "/{policy_id}", "2", "Gateway | Policies | Edit", POLICIES),
    ("DELETE", LIST + "/{policy_id}", "2", "Gateway | Policies | Edit", POLICIES),
    ("GET", "/siem/v1/events/cg", "2", SIEM, DATA),
    ("GET", "/siem/v1/batch/events/cg", "2", SIEM, DATA),
    ("GET", "/threat-reporting/v1/reported-emails", "2", STATISTICS, DATA),
    ("GET", "/threat-reporting/v1/threat-reports", "2", STATISTICS, DATA),
    ("GET", "/threat-reporting/v1/threat-analysis/{id}", "2", STATISTICS, DATA),
]
NAMES = [f"{method} {path}" for method, path, *_ in TABLE]
CHANGES = {
    "/api/ttp/url/create-managed-url": {"url": "https://evil.example/", "action": "block"},
    "/api/ttp/remediation/create": {"reason": "r", "searchBy": "messageId", "hashOrMessageId": "<m@x.example>"},
    "/api/byo-threat-intelligence/create-batch": {"hashList": [{"hash": "ab" * 32}], "operationType": "ALLOW"},
    "/api/policy/blockedsenders/create-policy": {
        "option": "no_action",
        "policy": {"description": "d", "from": {"type": "everyone"}, "to": {"type": "everyone"}},
    },
    "/api/managedsender/permit-or-block-sender": {
        "sender": "a@evil.example",
        "to": "b@northwind.example",
        "action": "block",
    },
}


def send(caller, method, path, generation):
    real = path.replace("{policy_id}", "x").replace("{id}", "x")
    headers = caller.signed(real)
    if generation == "2":
        headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}
    body = b"" if method in ("GET", "DELETE") else json.dumps({"data": [{}]}).encode()
    return caller.send(method, real, body, headers)


@pytest.mark.parametrize(("method", "path", "generations", "permission", "product"), TABLE, ids=NAMES)
def test_each_function_exists_where_it_should_and_needs_its_rights(
    caller, method, path, generations, permission, product
):
    for generation in "12":
        exists = send(caller, method, path, generation).status != 404 or "{" in path
        assert exists is (generation in generations) or "{" in path, generation
    first = generations[0]
    caller.tenant.role.edit_implies_read = False
    caller.tenant.revoke(permission)
    assert send(caller, method, path, first).status == 403
    caller.tenant.grant(permission)
    assert send(caller, method, path, first).status != 403
    if "2" in generations:
        caller.tenant.unassign_product(product)
        assert send(caller, method, path, "2").code == "app_forbidden"


def test_no_function_was_forgotten():
    assert set(FUNCTIONS) | {"/identity/whoami"} == set(RULES)
    assert set(REST_FUNCTIONS) == set(REST_RULES)
    assert set(UNLISTED_ON_V2) <= set(RULES)


@pytest.mark.parametrize("path", CHANGES)
def test_a_misspelt_field_of_a_change_is_refused(either, path):
    answer = either.call(path, {**CHANGES[path], "coment": "x"})

    assert (answer.code, either.tenant.effects) == ("err_validation", [])


@pytest.mark.parametrize("how", ["status", "reset"])
@pytest.mark.parametrize("path", CHANGES)
def test_every_change_can_be_lost_with_and_without_having_happened(caller, path, how):
    for kind, count in (("fail_without_applying", 0), ("apply_then_fail", 1)):
        caller.tenant.faults.add(Fault(kind, path, how=how, status=502))
        try:
            assert caller.call(path, CHANGES[path]).status == 502
        except ConnectionError:
            caller.connection.close()
        assert len(caller.tenant.effects) == count


@pytest.mark.parametrize("path", CHANGES)
def test_every_change_can_fail_in_part(caller, path):
    caller.tenant.faults.add(Fault("partial", path, code="err_half"))

    answer = caller.call(path, CHANGES[path], CHANGES[path])

    assert answer.json["fail"][-1]["errors"][0]["code"] == "err_half"
    assert len(caller.tenant.effects) == 1


def test_every_change_survives_a_restart(tmp_path, connect):
    first = Tenant.load_or_generate(tmp_path, messages=5)
    caller = connect(first)
    for path, item in CHANGES.items():
        assert caller.call(path, item).json["fail"] == []
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5)

    assert second.effects == first.effects
    assert [effect.kind for effect in second.effects] == [
        "create_managed_url",
        "create_incident",
        "upload_hashes",
        "create_policy",
        "block_sender",
    ]
