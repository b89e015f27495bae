"""The other reads against a tenant with a memory: complete, without repeats, typed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailroom.errors import InvalidInputError, MailroomError, NotFoundError, NotOfferedError, RejectedError
from mailroom.mimecast import (
    ApplicationKeys,
    ClientCredentials,
    MimecastClient,
    audit,
    groups,
    queues,
    rejections,
    remediation,
    reported,
    tracking,
    ttp_logs,
    url_tools,
)
from mailroom.mimecast.capabilities import (
    ADD_GROUP_MEMBER,
    CREATE_INCIDENT,
    CREATE_MANAGED_URL,
    REST_CREATE_POLICY,
    REST_DELETE_POLICY,
    REST_GET_POLICY,
    REST_LIST_POLICIES,
    REST_UPDATE_POLICY,
    WHOAMI,
)
from sandbox import Tenant, serve


@pytest.fixture
def tenant():
    tenant = Tenant.generate(messages=300, seed=11, archive=1500, frozen=True)
    yield tenant
    assert not tenant.contract_violations


def opened(tenant, server, generation):
    one, two = tenant.credentials_v1, tenant.credentials_v2
    keys = ApplicationKeys(one.app_id, one.app_key, one.access_key, one.secret_key)
    credentials = keys if generation == "1.0" else ClientCredentials(two.client_id, two.client_secret)
    return MimecastClient(server.url, credentials, clock=tenant.clock)


@pytest.fixture(params=["1.0", "2.0"])
def client(request, tenant):
    with serve(tenant) as server, opened(tenant, server, request.param) as client:
        yield client


@pytest.fixture
def client_of_2(tenant):
    with serve(tenant) as server, opened(tenant, server, "2.0") as client:
        yield client


def month(client):
    end = client.now() + timedelta(minutes=1)
    return {"start": end - timedelta(days=29), "end": end}


def all_of(walk):
    return [row for rows in walk for row in rows]


@pytest.mark.parametrize("read", [ttp_logs.url_logs, ttp_logs.attachment_logs, ttp_logs.impersonation_logs])
def test_a_threat_log_is_the_same_whatever_the_page_size(client, read):
    whole = [row.row_id for row in all_of(read(client, **month(client)))]
    assert len(whole) == len(set(whole)) > 3
    assert [row.row_id for row in all_of(read(client, **month(client), page_size=3))] == whole
    oldest_first = all_of(read(client, **month(client), oldest_first=True))
    assert {row.row_id for row in oldest_first} == set(whole)
    assert [row.at for row in oldest_first] == sorted(row.at for row in oldest_first)


def test_rows_of_the_threat_logs_say_what_happened(client):
    (click, *_) = all_of(ttp_logs.url_logs(client, **month(client), scan_result="malicious"))
    assert click.scan_result == "malicious"
    assert click.url
    assert click.at
    assert "@" in click.user
    scans = all_of(ttp_logs.attachment_logs(client, **month(client), result="malicious"))
    assert scans
    assert {scan.result for scan in scans} == {"malicious"}
    assert all(len(scan.sha256) == 64 for scan in scans)
    (first, *_) = all_of(ttp_logs.impersonation_logs(client, **month(client), tagged_malicious=True))
    assert first.tagged_malicious is True
    assert first.identifiers
    same = all_of(ttp_logs.impersonation_logs(client, **month(client), search_by=("senderAddress", first.sender)))
    assert {row.sender for row in same} == {first.sender}


def test_unknown_filters_are_refused_before_any_call(client, tenant):
    for wrong in (
        lambda: ttp_logs.url_logs(client, **month(client), scan_result="bad"),
        lambda: ttp_logs.url_logs(client, **month(client), route="sideways"),
        lambda: ttp_logs.impersonation_logs(client, **month(client), search_by=("sender", "x")),
        lambda: remediation.find_incidents(client),
        lambda: remediation.find_incidents(client, search_by=("colour", "red")),
        lambda: remediation.find_incidents(client, kind="nice"),
        lambda: remediation.search_hash(client, ["abc"]),
        lambda: groups.find_groups(client, source="moon"),
        lambda: url_tools.decode_url(client, " "),
    ):
        with pytest.raises(InvalidInputError):
            wrong()
    assert not [call for call in tenant.calls if call.path.startswith("/api/")]


def test_a_link_that_was_never_rewritten_is_given_back_as_it_is(client):
    decoded = url_tools.decode_url(client, "https://www.contoso-logistics.example/track")
    assert decoded == url_tools.DecodedUrl("https://www.contoso-logistics.example/track", False)


def test_managed_urls_are_listed_page_by_page(client):
    before = len(all_of(url_tools.list_managed_urls(client)))
    for number in range(5):
        client.call(CREATE_MANAGED_URL, [{"url": f"http://bad{number}.example/x?y=1", "action": "block"}])
    found = all_of(url_tools.list_managed_urls(client, page_size=2))
    assert len(found) == before + 5
    assert {url.url for url in found} >= {f"http://bad{number}.example/x?y=1" for number in range(5)}
    assert {(url.action, url.port) for url in found[-5:]} == {("block", None)}


def incident(client, reason="case 42"):
    delivered = {click.message_id for click in all_of(ttp_logs.url_logs(client, **month(client)))}
    scans = all_of(ttp_logs.attachment_logs(client, **month(client)))
    scan = next(scan for scan in scans if scan.message_id in delivered)
    item = {"reason": reason, "searchBy": "hash", "hashOrMessageId": scan.sha256}
    return remediation.Incident.parse(client.call(CREATE_INCIDENT, [item]).data[0]), scan


def test_an_incident_is_followed_until_every_copy_is_handled(client):
    made, _ = incident(client)
    states = []
    followed = remediation.follow_incident(client, made.id, on_progress=states.append)
    assert followed.finished
    assert followed.incident.identified == followed.incident.successful + followed.incident.failed > 0
    assert [state.successful for state in states] == sorted(state.successful for state in states)


def test_following_ends_at_the_deadline_and_says_so(client):
    made, _ = incident(client)
    followed = remediation.follow_incident(client, made.id, until=lambda _: False, deadline=30)
    assert not followed.finished
    assert followed.seconds == pytest.approx(30, abs=0.1)


def test_incidents_are_found_by_reason_and_by_code(client):
    made, scan = incident(client, "a very special reason")
    (found,) = all_of(remediation.find_incidents(client, search_by=("reason", "very special")))
    assert (found.id, found.type, found.file_hash) == (made.id, "manual", scan.sha256)
    assert remediation.get_incident(client, made.id).code == found.code
    assert made.id in {one.id for one in all_of(remediation.find_incidents(client, kind="manual"))}
    with pytest.raises((NotFoundError, RejectedError)):
        remediation.get_incident(client, "eNnothing")


def test_a_hash_is_searched_for(client):
    _, scan = incident(client)
    found = remediation.search_hash(client, [scan.sha256.upper(), "0" * 64])
    assert found.detected == {scan.sha256: True, "0" * 64: False}
    assert found.failed == ()


def test_a_group_of_more_than_999_members_is_read_whole(client):
    (group, *_) = all_of(groups.find_groups(client, source="cloud"))
    for start in range(0, 1200, 300):
        items = [{"id": group.id, "emailAddress": f"person{n}@adatum.example"} for n in range(start, start + 300)]
        client.call(ADD_GROUP_MEMBER, items)
    members = all_of(groups.group_members(client, group.id))
    assert len({member.value for member in members}) == len(members) >= 1200
    (same,) = [one for one in all_of(groups.find_groups(client, group.description)) if one.id == group.id]
    assert same.user_count == len(members)


def test_audit_events_of_the_last_sixty_days_and_a_moved_start_is_said(client):
    said = []
    end = client.now()
    events = all_of(
        audit.audit_events(client, start=end - timedelta(days=90), end=end, on_warning=said.append, page_size=50)
    )
    assert len(events) > 200
    assert len({event.id for event in events}) == len(events)
    assert "60 days" in said[0]
    some = all_of(audit.audit_events(client, start=end - timedelta(days=30), end=end, categories=["policy_logs"]))
    assert {event.category for event in some} == {"policy_logs"}


def test_the_gateways_other_lists(client):
    week = {"start": client.now() - timedelta(days=6), "end": client.now()}
    refused = all_of(rejections.get_rejections(client, **week, page_size=5))
    assert len({one.id for one in refused}) == len(refused)
    assert all(one.type and one.at for one in refused)
    waiting = all_of(queues.find_processing_messages(client, **month(client), page_size=5))
    assert len({one.id for one in waiting}) == len(waiting)
    counts = queues.get_email_queues(client, **month(client))
    assert sum(count.count for count in counts) == len(waiting)


def test_only_api_2_tells_what_users_reported(client, tenant):
    if client.generation == "1.0":
        with pytest.raises(NotOfferedError, match=r"only by API 2\.0"):
            list(reported.reported_emails(client))
        assert not tenant.calls
        return
    rows = all_of(reported.reported_emails(client, page_size=5))
    assert len({row.id for row in rows}) == len(rows) > 5
    assert all(row.reported_by and row.message_id for row in rows)


def test_policies_live_through_the_rest_resource(client_of_2):
    rest = client_of_2.rest
    wish = {
        "description": "case 42",
        "option": "block_sender",
        "fromPart": "both",
        "from": {"type": "individual_email_address", "emailAddress": "billing@wingtip.example"},
        "to": {"type": "internal_addresses"},
    }
    made = rest(REST_CREATE_POLICY, body=wish).data
    path = {"policy_id": made.get("policyId") or made["id"]}
    assert "case 42" in str(rest(REST_GET_POLICY, path=path).data)
    rest(REST_UPDATE_POLICY, path=path, body={"description": "case 43"})
    listed = rest(REST_LIST_POLICIES, query={"pageSize": 100}).data
    assert "case 43" in str(listed)
    rest(REST_DELETE_POLICY, path=path, targets=[path["policy_id"]])
    with pytest.raises((NotFoundError, RejectedError)):
        rest(REST_GET_POLICY, path=path)


def test_a_missing_product_of_a_rest_resource_is_named(tenant):
    tenant.products = frozenset({"Account Management"})
    with serve(tenant) as server, opened(tenant, server, "2.0") as client:
        assert client.rest(WHOAMI).data["account"]
        with pytest.raises(MailroomError, match="Policy Management"):
            client.rest(REST_LIST_POLICIES)


def test_tracking_and_threat_logs_tell_of_the_same_mail(client):
    (click, *_) = all_of(ttp_logs.url_logs(client, **month(client)))
    found = all_of(tracking.search(client, **month(client), status=(), message_id=click.message_id))
    assert {email.subject for email in found} == {click.subject}
