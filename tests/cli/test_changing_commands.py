"""Commands that change the tenant: once, shown before by --dry-run, taken back by `undo`, with their exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailroom.cli.exits import Exit
from mailroom.cli.main import app
from sandbox import Fault, Server, Tenant

Run = Callable[..., Any]
SENDER, ANN = "billing@evil.example", "ann@northwind.example"
PAIR = (SENDER, "--recipient", ANN)


@pytest.fixture
def old_home(tmp_path: Path, tenant: Tenant, server: Server) -> Path:
    """Settings for API 1.0."""
    folder = tmp_path / "old"
    folder.mkdir()
    keys = tenant.credentials_v1
    (folder / "mailroom.toml").write_text(
        f"[mimecast]\napi_root = '{server.url}'\napplication_id = '{keys.app_id}'\n"
        f"application_key = '{keys.app_key}'\naccess_key = '{keys.access_key}'\nsecret_key = '{keys.secret_key}'\n"
    )
    return folder


def test_a_sender_is_blocked_once_and_taken_back_once(mailroom: Run, tenant: Tenant) -> None:
    first = mailroom("block", *PAIR, "--json")
    second = mailroom("block", *PAIR, "--json")

    assert (first.code, first.json["state"], first.json["recorded"]) == (Exit.OK, "applied", False)
    assert (second.code, second.json["recorded"]) == (Exit.OK, True)
    assert [one["type"] for one in tenant.managed_senders()] == ["Block"]
    [listed] = mailroom("undo", "--json").json["actions"]
    assert (listed["kind"], listed["reversible"], listed["undoes"]) == ("block_sender", True, None)

    back = mailroom("undo", str(listed["action"]), "--json")

    assert (back.code, back.json["kind"]) == (Exit.OK, "permit_sender")
    [now] = mailroom("undo", "--json").json["actions"]
    assert (now["kind"], now["undoes"]) == ("permit_sender", listed["action"])
    assert "What was done" in mailroom("undo").text


def test_permit_and_another_wish(mailroom: Run, tenant: Tenant) -> None:
    assert mailroom("permit", *PAIR).code == Exit.OK
    assert mailroom("permit", *PAIR, "--again", "changed by hand").code == Exit.OK

    assert [effect.kind for effect in tenant.effects] == ["permit_sender", "permit_sender"]


def test_a_policy_is_created_listed_shown_updated_and_deleted(mailroom: Run, tenant: Tenant) -> None:
    made = mailroom(
        "policy", "create", "case 42", "--from", "evil.example", "--to-type", "Internal Addresses", "--json"
    )
    policy_id = made.json["result"]["id"]
    assert made.code == Exit.OK

    [listed] = mailroom("policy", "list", "EVIL", "--json").json["policies"]
    assert listed["id"] == policy_id
    assert mailroom("policy", "list", "nobody", "--json").json["policies"] == []
    assert mailroom("policy", "show", policy_id, "--json").json == listed
    assert "evil.example -> internal_addresses" in mailroom("policy", "list").text
    assert f"{policy_id}  evil.example" in mailroom("policy", "list", "--ids").text
    assert "enforced" in mailroom("policy", "show", policy_id).text

    assert mailroom("policy", "update", policy_id, "--disable", "--end", "2039-01-01T00:00:00Z").code == Exit.OK
    [now] = tenant.policies()
    assert (now["policy"]["enabled"], now["policy"]["toDate"]) == (False, "2039-01-01T00:00:00+0000")
    assert mailroom("policy", "delete", policy_id).code == Exit.OK
    assert tenant.policies() == []
    assert mailroom("policy", "show", policy_id).code == Exit.NOT_FOUND


def test_urls_are_blocked_listed_and_deleted(mailroom: Run, tenant: Tenant) -> None:
    made = mailroom("url", "block", "https://evil.example/login", "--domain", "--comment", "case 42", "--json").json
    assert mailroom("url", "permit", "http://good.example/").code == Exit.OK

    assert [one["matchType"] for one in mailroom("url", "list", "--json").json["managed_urls"]] == [
        "domain",
        "explicit",
    ]
    assert "hxxp" in mailroom("url", "list").text
    assert mailroom("url", "delete", made["result"]["id"]).code == Exit.OK
    assert [one["domain"] for one in tenant.managed_urls()] == ["good.example"]
    contrary = mailroom("url", "block", "http://good.example/")
    assert contrary.code == Exit.NOT_ALL_APPLIED


def test_a_group_takes_a_member_in_by_its_name(mailroom: Run, tenant: Tenant) -> None:
    name = "Blocked Senders - SOC"
    assert mailroom("group", "add", name, "evil.example", "--notes", "case 42").code == Exit.OK
    assert [one["domain"] for one in tenant.group_members(name)] == ["evil.example"]
    assert mailroom("group", "remove", name, "evil.example").code == Exit.OK
    assert tenant.group_members(name) == []
    assert mailroom("group", "add", "no such group", "evil.example").code == Exit.NOT_FOUND
    assert mailroom("group", "add", name, "not a member").code == Exit.USAGE


def test_mail_is_pulled_back_by_one_criterion(mailroom: Run, tenant: Tenant) -> None:
    done = mailroom("remediate-incident", "case 42", "--message-id", "<a@x.example>", "--message-id", "b@x.example")

    assert done.code == Exit.OK
    assert "code: TR-" in done.text
    assert len(tenant.incidents()) == 1
    assert mailroom("remediate-incident", "r").code == Exit.USAGE
    assert mailroom("remediate-incident", "r", "--hash", "x", "--url", "http://x.example").code == Exit.USAGE
    assert mailroom("remediate-incident", "r", "--hash", "x").code == Exit.USAGE
    refused = mailroom("undo", "1")
    assert refused.code == Exit.REFUSED
    assert "in the console" in refused.text


def test_a_message_is_reported_over_the_older_api_only(mailroom: Run, tenant: Tenant, old_home: Path) -> None:
    [hold_id] = tenant.add_message(to=[ANN])
    tracking_id = tenant.tracking_id(hold_id)

    newer = mailroom("report", tracking_id, "--as", "Phishing")
    older = mailroom("report", tracking_id, "--as", "Phishing", "--json", at=old_home)

    assert newer.code == Exit.ACCESS
    assert "administration console" in newer.text
    assert (older.code, older.json["state"]) == (Exit.OK, "applied")
    assert [effect.kind for effect in tenant.effects] == ["report"]
    assert mailroom("report", tracking_id, "--as", "Ham", at=old_home).code == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ("block", *PAIR), ("permit", *PAIR), ("url", "block", "http://x.example"),
        ("policy", "create", "x", "--from", "evil.example", "--to-type", "Everyone"),
        ("remediate-incident", "r", "--url", "http://x.example"),
        ("group", "add", "Blocked Senders - SOC", "x.example"),
    ],
    ids=lambda words: " ".join(words[:2]),
)  # fmt: skip
def test_a_dry_run_changes_nothing(mailroom: Run, tenant: Tenant, words: tuple[str, ...]) -> None:
    shown = mailroom(*words, "--dry-run", "--json")
    text = mailroom(*words, "--dry-run").text

    assert shown.code == Exit.OK
    assert shown.json["dry_run"]
    assert shown.json["would_send"]
    assert "would: " in text
    assert tenant.effects == []
    assert mailroom("undo", "--json").json["actions"] == []


def test_a_dry_run_of_an_undo_changes_nothing(mailroom: Run, tenant: Tenant) -> None:
    mailroom("block", *PAIR)

    assert "would: permit" in mailroom("undo", "1", "--dry-run").text
    assert len(tenant.effects) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("block", "evil.example", "--recipient", ANN), ("block", *PAIR, "--until", "soon"), ("policy", "create", "x"),
        ("policy", "create", "x", "--from", "a@b.example", "--to-type", "Everyone"),
        ("policy", "create", "x", "--from-type", "Nobody"), ("url", "block", "ftp:/x"), ("policy", "delete", " "),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_meant_is_a_mistake_of_usage_and_no_call_is_made(
    mailroom: Run, tenant: Tenant, words: tuple[str, ...]
) -> None:
    assert mailroom(*words).code == Exit.USAGE
    assert tenant.calls == []


def test_a_missing_permission_and_the_kill_switch_have_their_exit_codes(
    mailroom: Run, tenant: Tenant, home: Path
) -> None:
    tenant.revoke("Gateway | Managed Senders | Edit")
    refused = mailroom("block", *PAIR)
    assert refused.code == Exit.ACCESS
    assert "Managed Senders" in refused.text
    tenant.grant("Gateway | Managed Senders | Edit")
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().replace("[policy]", "[policy]\nkill_switch = true"))

    assert mailroom("block", *PAIR).code == Exit.REFUSED
    assert mailroom("retry").code == Exit.OK  # nothing is taken up while it is on
    assert tenant.effects == []


def test_retry_takes_up_changes_that_were_not_made_or_not_seen(mailroom: Run, tenant: Tenant) -> None:
    tenant.faults.add(Fault("status", "/api/managedsender/permit-or-block-sender", status=403))
    assert mailroom("block", *PAIR).code == Exit.ACCESS

    assert mailroom("retry").code == Exit.OK

    assert [effect.kind for effect in tenant.effects] == ["block_sender"]
    assert mailroom("stats", "--json").json["actions"]["block_sender"] == {"applied": 1}


def test_an_action_that_does_not_exist_is_not_found(mailroom: Run) -> None:
    assert mailroom("undo", "4711").code == Exit.NOT_FOUND


def test_the_help_explains_what_bidirectional_means() -> None:
    text = " ".join(CliRunner().invoke(app, ["policy", "create", "--help"], env={"COLUMNS": "200"}).stdout.split())

    assert "our people cannot write there either" in text


def test_a_file_is_looked_for_and_blocked_by_its_hash(mailroom: Run, tenant: Tenant) -> None:
    wanted = "AB" * 32
    assert mailroom("hash", "search", wanted, "--json").json == {"detected": {wanted.lower(): False}, "failed": []}
    assert "not seen" in mailroom("hash", "search", wanted).text
    assert mailroom("hash", "search", "zz").code == Exit.USAGE

    assert mailroom("hash", "block", wanted, "--dry-run", "--json").json["would_send"] is True
    assert tenant.effects == []
    done = [mailroom("hash", "block", wanted, "--description", "case 42", "--json").json for _ in range(2)]

    assert [(one["kind"], one["state"], one["recorded"]) for one in done] == [
        ("block_file_hash", "applied", False), ("block_file_hash", "applied", True),
    ]  # fmt: skip
    assert [effect.kind for effect in tenant.effects] == ["upload_hashes"]
