"""The back door knows the newer parts of the tenant, and the command line their sizes."""

from __future__ import annotations

import json

import pytest

from sandbox import Tenant
from sandbox.command import _parser, _sizes


def door(caller, name, body=None):
    method = "GET" if body is None else "POST"
    answer = caller.send(method, f"/__sandbox__/{name}", b"" if body is None else json.dumps(body).encode())
    return answer.status, answer.json


def test_archive_incidents_and_contract_can_be_seen(caller):
    caller.tenant.add_message(status="archived", subject="kept", message_id="<m@x.example>")
    item = {"reason": "r", "searchBy": "messageId", "hashOrMessageId": "<m@x.example>", "extra": 1}
    caller.call("/api/ttp/remediation/create", item)
    del item["extra"]
    caller.call("/api/ttp/remediation/create", item)

    assert "kept" in [row["subject"] for row in door(caller, "archive")[1]]
    assert [row["reason"] for row in door(caller, "incidents")[1]] == ["r"]
    assert [row["field"] for row in door(caller, "contract")[1]] == ["extra"]


def test_mail_arrives_and_switches_are_turned(caller):
    person = "ann@northwind.example"
    assert door(caller, "deliver", {"to": [person], "from_addr": "a@b.example"}) == (200, {person: "archived"})
    status, shown = door(caller, "switches", {"archive_flat": True, "tracking_page_cap": 5})
    assert (status, shown["archive_flat"], caller.tenant.tracking_page_cap) == (200, True, 5)
    assert door(caller, "switches", {"archive": 5})[0] == 400


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ([], {"archive": 1000, "late_percent": 0.0}),
        (["--archive", "7"], {"archive": 7, "late_percent": 0.0}),
        (["--tracked", "9", "--late", "20"], {"archive": 0, "tracked": 9, "late_percent": 20.0}),
        (["--large"], {"archive": 0, "late_percent": 0.0}),
    ],
)
def test_sizes_follow_the_command_line(arguments, sizes):
    assert _sizes(_parser().parse_args(arguments)) == sizes


def test_a_folder_that_holds_a_tenant_keeps_its_sizes(tmp_path):
    Tenant.load_or_generate(tmp_path, messages=5, archive=30).close()

    assert _sizes(_parser().parse_args(["--state", str(tmp_path)])) == {}
    assert Tenant.load_or_generate(tmp_path, messages=5).archive == 30
