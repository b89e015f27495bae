"""Threat logs and links: rows without ids, filters, managed URLs that exist once."""

from __future__ import annotations

import pytest

from sandbox import Fault, Tenant

URLS = "/api/ttp/url/get-logs"
FILES = "/api/ttp/attachment/get-logs"
PRETENDERS = "/api/ttp/impersonation/get-logs"
DECODE = "/api/ttp/url/decode-url"
CREATE = "/api/ttp/url/create-managed-url"
ALL = "/api/ttp/url/get-all-managed-urls"
DELETE = "/api/ttp/url/delete-managed-url"
LISTS = {URLS: "clickLogs", FILES: "attachmentLogs", PRETENDERS: "impersonationLogs"}
MANAGED = {"url": "https://evil.example/a?b=c", "action": "block", "matchType": "explicit", "comment": "case 42"}


@pytest.fixture
def tenant():
    return Tenant.generate(messages=80, seed=7, archive=1500)


def span(caller, days=29):
    window = caller.window(days)
    return {"from": window["start"], "to": window["end"]}


def rows(caller, path, size=500, **item):
    seen, page = [], {"pageSize": size}
    while page:
        answer = caller.call(path, {**span(caller), **item}, page=page)
        assert answer.json["fail"] == [], answer.body
        seen += answer.data[0][LISTS[path]]
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageToken": after} if after else None
    return seen


@pytest.mark.parametrize(("path", "time"), [(URLS, "date"), (FILES, "date"), (PRETENDERS, "eventTime")])
def test_logs_come_newest_first_by_pages_or_oldest_first_on_request(either, path, time):
    every = rows(either, path)

    assert len(every) > 10
    assert [row[time] for row in every] == sorted((row[time] for row in every), reverse=True)
    assert rows(either, path, size=7) == every
    times = [row[time] for row in rows(either, path, oldestFirst=True)]
    assert times == sorted(times)
    assert ("id" in every[0]) is (path == PRETENDERS)
    assert either.call(path, span(either), page={"pageSize": 501}).status == 400


def test_filters_narrow_each_log(caller):
    clicks = rows(caller, URLS)
    assert {row["scanResult"] for row in clicks} == {"clean", "malicious"}
    assert rows(caller, URLS, scanResult="malicious") == [row for row in clicks if row["scanResult"] == "malicious"]
    files = rows(caller, FILES)
    assert rows(caller, FILES, route="inbound") == [row for row in files if row["route"] == "inbound"]
    assert rows(caller, FILES, result="malicious") == [row for row in files if row["result"] == "malicious"] != []
    fakes = rows(caller, PRETENDERS)
    hits = rows(caller, PRETENDERS, identifiers=["internal_user_name"], taggedMalicious=True)
    assert 0 < len(hits) < len(fakes)
    one = fakes[0]["senderAddress"]
    assert rows(caller, PRETENDERS, searchField="senderAddress", query=one)
    assert rows(caller, PRETENDERS, searchField="senderAddress", query="nobody") == []


@pytest.mark.parametrize(
    "change", [{"route": "sideways"}, {"scanResult": "bad"}, {"oldestFirst": "true"}, {"from": "yesterday"}]
)
def test_a_wrong_filter_is_a_failure(caller, change):
    assert caller.call(URLS, {**span(caller), **change}).code.startswith("err_validation")


def test_a_click_belongs_to_a_message_that_was_delivered(caller):
    archived = {row["messageId"] for row in caller.tenant.archived()}

    assert {row["messageId"] for row in rows(caller, URLS)} <= archived


def test_a_rewritten_link_gives_its_true_address_back(either):
    link = either.tenant.protect("http://bad.example.net/?a=1&b=ü")

    answer = either.call(DECODE, {"url": link}, {"url": "https://plain.example/"})

    assert answer.data == [
        {"url": "http://bad.example.net/?a=1&b=ü", "success": True},
        {"url": "https://plain.example/", "success": False},
    ]


def test_a_managed_url_exists_once_and_is_gone_after_its_deletion(either):
    (made,) = either.call(CREATE, MANAGED).data
    assert (made["scheme"], made["domain"], made["port"], made["path"], made["queryString"]) == (
        "https",
        "evil.example",
        -1,
        "/a",
        "b=c",
    )
    assert either.call(CREATE, {**MANAGED, "action": "permit"}).code == "err_managed_url_exists_code"
    assert either.call(CREATE, {**MANAGED, "matchType": "domain"}).json["fail"] == []
    assert [row["matchType"] for row in either.call(ALL).data] == ["explicit", "domain"]

    assert either.call(DELETE, {"id": made["id"]}).data == [{"id": made["id"]}]
    assert either.call(DELETE, {"id": made["id"]}).code == "err_managed_url_not_found"
    assert either.tenant.times_applied("create_managed_url", MANAGED["url"]) == 2
    assert either.tenant.times_applied("delete_managed_url", made["id"]) == 1


def test_a_blocked_url_shows_in_the_clicks(caller):
    row = next(row for row in rows(caller, URLS) if row["action"] == "allow")
    caller.call(CREATE, {"url": row["url"], "action": "block", "matchType": "explicit"})

    assert {one["action"] for one in rows(caller, URLS) if one["url"] == row["url"]} == {"block"}


@pytest.mark.parametrize(
    "change", [{"url": "no url"}, {"action": "Block"}, {"matchType": "regex"}, {"disableRewrite": "no"}, {"note": "x"}]
)
def test_a_wrong_managed_url_is_refused(caller, change):
    assert caller.call(CREATE, {**MANAGED, **change}).code.startswith("err_validation")
    assert caller.tenant.managed_urls() == []


def test_managed_urls_survive_faults_and_restarts(tmp_path, connect):
    first = Tenant.load_or_generate(tmp_path, messages=5)
    caller = connect(first)
    first.faults.add(Fault("apply_then_fail", CREATE, status=502))
    assert caller.call(CREATE, MANAGED).status == 502
    first.faults.add(Fault("fail_without_applying", CREATE, status=502))
    assert caller.call(CREATE, {**MANAGED, "url": "https://b.example/"}).status == 502
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5)

    assert second.managed_urls() == first.managed_urls()
    assert len(second.managed_urls()) == 1
    assert second.effects == first.effects
