"""The reading actions of Mimecast against the sandbox, called without Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from flows._flow import flow
from mailroom.errors import (
    AccessError,
    InvalidInputError,
    NotFoundError,
    NotOfferedError,
    RejectedError,
    TransientError,
)
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.mimecast.capabilities import ADD_GROUP_MEMBER, CREATE_INCIDENT, CREATE_MANAGED_URL, CREATE_POLICY
from mailroom.mimecast.rows import as_json, as_rows
from sandbox import Tenant, serve
from tasks import _open, mimecast


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=200, seed=5, archive=1200, frozen=True)


@pytest.fixture(params=["1.0", "2.0"])
def client(
    request: pytest.FixtureRequest, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> Iterator[MimecastClient]:
    one, two = tenant.credentials_v1, tenant.credentials_v2
    keys = ApplicationKeys(one.app_id, one.app_key, one.access_key, one.secret_key)
    credentials = keys if request.param == "1.0" else ClientCredentials(two.client_id, two.client_secret)
    with serve(tenant) as server, MimecastClient(server.url, credentials, clock=tenant.clock) as client:
        monkeypatch.setattr(_open, "client", lambda _block: client)
        yield client


@pytest.fixture
def month(client: MimecastClient) -> dict[str, str]:
    """The form's fields for the last 28 days."""
    start = client.clock.now() - timedelta(days=28)
    return {"time_frame": "Custom", "start_time": start.isoformat()}


def test_messages_are_found_by_sender_and_looked_at(month: dict[str, str]) -> None:
    found = mimecast.search_messages.fn(**month, max_messages=30)
    assert len(found) == 30
    sender = found[0].from_envelope.address
    same = mimecast.search_messages.fn(sender, **month)
    assert found[0].id in {email.id for email in same}
    info = mimecast.get_message_info.fn(found[0].id)
    assert (info.id, info.subject) == (found[0].id, found[0].subject)


def test_a_message_is_found_by_its_message_id(month: dict[str, str]) -> None:
    (known,) = mimecast.search_messages.fn(**month, max_messages=1)
    message_id = mimecast.get_message_info.fn(known.id).message_id

    assert [one.id for one in mimecast.search_messages.fn(message_id=message_id, **month)] == [known.id]
    with pytest.raises(InvalidInputError, match="not by both"):
        mimecast.search_messages.fn("fabrikam.example", message_id=message_id, **month)
    with pytest.raises(InvalidInputError, match="no Message-ID"):
        mimecast.search_messages.fn(message_id="two words", **month)


def test_only_the_statuses_asked_for(month: dict[str, str]) -> None:
    found = mimecast.search_messages.fn(status="held, rejected", route="inbound", **month)
    assert {email.status for email in found} <= {"held", "rejected"}
    assert {email.route for email in found} == {"inbound"}


def test_held_mail_its_summary_and_its_log(month: dict[str, str]) -> None:
    held = mimecast.list_held_messages.fn(**month, max_messages=100_000)
    assert sum(line.count for line in mimecast.get_hold_summary.fn()) == len(held)
    recipient = held[0].to.address
    mine = mimecast.list_held_messages.fn(recipient, search_in="recipient", **month)
    assert {message.to.address for message in mine} == {recipient}
    assert len(mimecast.list_held_messages.fn(**month, max_messages=3)) == 3
    assert mimecast.get_held_release_logs.fn(status="rejected", **month) == []


def test_mail_on_its_way_and_the_length_of_the_queues(month: dict[str, str]) -> None:
    waiting = mimecast.find_processing_messages.fn(**month)
    assert waiting
    assert sum(line.count for line in mimecast.get_email_queues.fn(**month)) == len(waiting)
    subject = waiting[0].subject
    assert {one.subject for one in mimecast.find_processing_messages.fn(subject, **month)} == {subject}
    assert len(mimecast.find_processing_messages.fn(**month, max_messages=1)) == 1


def test_the_threat_logs(month: dict[str, str]) -> None:
    clicks = mimecast.get_ttp_url_logs.fn(**month)
    assert clicks
    assert {click.route for click in mimecast.get_ttp_url_logs.fn(route="inbound", **month)} == {"inbound"}
    scans = mimecast.get_ttp_attachment_logs.fn("malicious", **month)
    assert {scan.result for scan in scans} == {"malicious"}
    seen = mimecast.search_file_hash.fn(f"{scans[0].sha256}, {'0' * 64}")
    assert seen.detected["0" * 64] is False
    pretended = mimecast.get_ttp_impersonation_logs.fn(actions="hold", only_malicious=True, **month)
    assert {(row.action, row.tagged_malicious) for row in pretended} == {("hold", True)}


def test_a_link_is_decoded(client: MimecastClient) -> None:
    decoded = mimecast.decode_url.fn("https://www.adatum.example/")
    assert (decoded.url, decoded.success) == ("https://www.adatum.example/", False)


def test_an_incident_is_found_and_followed(client: MimecastClient, month: dict[str, str]) -> None:
    click = mimecast.get_ttp_url_logs.fn(**month)[0]
    item = {"reason": "case 42", "searchBy": "messageId", "hashOrMessageId": click.message_id}
    client.call(CREATE_INCIDENT, [item])
    (newest, *_) = mimecast.find_remediation_incidents.fn("case 42", search_in="reason", **month)
    assert mimecast.get_remediation_incident.fn(newest.code).id == newest.id
    followed = mimecast.follow_remediation_incident.fn(newest.code.lower())
    assert followed.finished
    assert followed.incident.successful + followed.incident.failed == followed.incident.identified > 0
    client.call(CREATE_INCIDENT, [item])  # everything has been pulled back
    (again, *_) = mimecast.find_remediation_incidents.fn("case 42", search_in="reason", **month)
    nothing = mimecast.follow_remediation_incident.fn(again.id, max_minutes=60)
    assert (nothing.finished, nothing.incident.identified) == (True, 0)
    assert 300 <= nothing.seconds < 600
    with pytest.raises(NotFoundError, match='Error executing action "Get Remediation Incident"'):
        mimecast.get_remediation_incident.fn("TR-NOTHING")


def test_a_group_is_read_by_its_name(client: MimecastClient) -> None:
    (group, *_) = mimecast.find_groups.fn(source="cloud")
    client.call(ADD_GROUP_MEMBER, [{"id": group.id, "domain": "bad.example"}])
    by_name = mimecast.get_group_members.fn(group.description.upper())
    assert "bad.example" in {member.value for member in by_name}
    assert mimecast.get_group_members.fn(group.id) == by_name
    with pytest.raises(NotFoundError, match="no group is called"):
        mimecast.get_group_members.fn("nobody knows it")


def test_audit_events_rejections_and_managed_urls(client: MimecastClient, month: dict[str, str]) -> None:
    assert {event.category for event in mimecast.get_audit_events.fn(categories="policy_logs", **month)} == {
        "policy_logs"
    }
    assert all(one.at for one in mimecast.get_rejections.fn(**month))
    url = f"http://bad-{client.generation.replace('.', '-')}.example/"
    client.call(CREATE_MANAGED_URL, [{"url": url, "action": "block"}])
    assert url in {one.url for one in mimecast.list_managed_urls.fn()}


def test_policies_are_listed_found_by_a_word_and_read(client: MimecastClient) -> None:
    wish = {"type": "individual_email_address", "emailAddress": "billing@wingtip.example"}
    policy = {"description": "case 42", "from": wish, "to": {"type": "internal_addresses"}}
    made = client.call(CREATE_POLICY, [{"option": "block_sender", "policy": policy}]).data[0]
    assert made["id"] in {one.id for one in mimecast.list_block_sender_policies.fn()}
    (found,) = mimecast.list_block_sender_policies.fn("WINGTIP")
    assert (found.id, found.sender) == (made["id"], "billing@wingtip.example")
    assert mimecast.get_block_sender_policy.fn(found.id).as_json()["policy"]["description"] == "case 42"
    with pytest.raises((NotFoundError, RejectedError), match='action "Get Block Sender Policy"'):
        mimecast.get_block_sender_policy.fn("eNnothing")


def test_reported_mail_exists_only_in_api_2(client: MimecastClient) -> None:
    if client.generation == "1.0":
        with pytest.raises(NotOfferedError, match=r'Error executing action "Get Reported Emails".*only by API 2\.0'):
            mimecast.get_reported_emails.fn()
    else:
        assert len(mimecast.get_reported_emails.fn(4)) == 4


def test_a_form_that_cannot_be_meant_is_refused_in_the_documented_words(client: MimecastClient) -> None:
    with pytest.raises(InvalidInputError, match=r'action "Get Audit Events"\. Reason: "Start Time"'):
        mimecast.get_audit_events.fn(time_frame="Custom")


def test_rows_are_flat_for_tables_and_complete_for_programs(month: dict[str, str]) -> None:
    found = mimecast.list_held_messages.fn(**month, max_messages=2)
    row = next(as_rows(found))
    assert set(row) == {"received", "from_header", "to", "subject", "reason", "policy", "id"}
    assert all(isinstance(cell, str) for cell in row.values())
    whole = as_json(found[0])
    assert "raw" not in whole
    assert whole["received_at"].endswith("+00:00")


@flow(name="every reading action of mimecast")
def look_around(month: dict[str, str]) -> None:
    found = mimecast.search_messages(**month)
    mimecast.get_message_info(found[0].id)
    mimecast.list_held_messages(**month)
    mimecast.get_hold_summary()
    mimecast.get_held_release_logs(**month)
    clicks = mimecast.get_ttp_url_logs(**month)
    mimecast.get_ttp_attachment_logs(**month)
    mimecast.get_ttp_impersonation_logs(**month)
    mimecast.get_audit_events(**month)
    mimecast.get_rejections(**month)
    groups = mimecast.find_groups()
    for group in groups:
        mimecast.get_group_members(group.id)
    mimecast.list_managed_urls()
    people = {address.address for email in found for address in email.to} | {click.user for click in clicks}
    assert len(people) > 20
    SEEN.update(people)


SEEN: set[str] = set()


@pytest.mark.prefect
@pytest.mark.slow
def test_nobodys_mailbox_reaches_prefect(
    api: Any, helper: ModuleType, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = tenant.credentials_v2
    start = (tenant.clock.now() - timedelta(days=28)).isoformat()
    before = helper.database_text(api.database)  # other tests use this server, and type addresses into forms
    with (
        serve(tenant) as server,
        MimecastClient(server.url, ClientCredentials(two.client_id, two.client_secret), clock=tenant.clock) as client,
    ):
        monkeypatch.setattr(_open, "client", lambda _block: client)
        state = look_around({"time_frame": "Custom", "start_time": start}, return_state=True)
    assert state.is_completed(), state.message
    text = helper.database_text(api.database)
    for key in ("messages", "held-messages", "ttp-url-logs", "audit-events", "groups"):
        assert f'"{key}"' in text or key in text
    assert "northwind[.]example" in text, "the domains are shown, so that the search below means something"
    local_parts = {f"{address.partition('@')[0]}@" for address in SEEN}
    assert not [part for part in local_parts if text.count(part) > before.count(part)]


def test_ping_says_the_documented_sentence_and_every_stage(client: MimecastClient) -> None:
    result = mimecast.ping.fn()
    assert result.is_success
    assert result.message == "Successfully connected to the Mimecast server with the provided connection parameters!"
    assert {"name", "connection", "credentials", "clock", "one read"} <= {row["stage"] for row in result.stages}
    assert "failed" not in {row["result"] for row in result.stages}


def test_nothing_goes_on_after_a_ping_with_credentials_that_are_refused(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> None:
    wrong = ClientCredentials(tenant.credentials_v2.client_id, "not-the-secret")
    with serve(tenant) as server, MimecastClient(server.url, wrong, clock=tenant.clock) as client:
        monkeypatch.setattr(_open, "client", lambda _block: client)
        with pytest.raises(AccessError, match="Failed to connect to the Mimecast server! Error is credentials: "):
            mimecast.ping.fn()
        result = mimecast.ping.fn(must_pass=False)
    assert not result.is_success
    assert result.message.startswith("Failed to connect to the Mimecast server! Error is credentials: ")
    assert "not-the-secret" not in result.model_dump_json()


def test_a_ping_without_a_connection_may_be_tried_again(monkeypatch: pytest.MonkeyPatch, without_prefect: None) -> None:
    with MimecastClient("http://127.0.0.1:9", ClientCredentials("an-id", "a-secret")) as client:
        monkeypatch.setattr(_open, "client", lambda _block: client)
        with pytest.raises(TransientError, match="Failed to connect to the Mimecast server! Error is connection: "):
            mimecast.ping.fn()
