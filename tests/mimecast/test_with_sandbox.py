"""The client against a strict tenant with a memory: what matters is what happened to the tenant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pytest

from mailroom.errors import (
    CredentialsError,
    MailroomError,
    NotFoundError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
)
from mailroom.mimecast import (
    ApplicationKeys,
    ClientCredentials,
    EffectUnknownError,
    MimecastClient,
    content,
    held,
    ping,
    tracking,
)
from sandbox import Fault, Tenant, serve

LIST, RELEASE, INFO = (
    "/api/gateway/get-hold-message-list",
    "/api/gateway/hold-release",
    "/api/message-finder/get-message-info",
)


@pytest.fixture
def tenant():
    return Tenant.generate(messages=60, seed=7)


@pytest.fixture(params=["1.0", "2.0"])
def client(request, tenant, clock):
    one, two = tenant.credentials_v1, tenant.credentials_v2
    keys = ApplicationKeys(one.app_id, one.app_key, one.access_key, one.secret_key)
    credentials = keys if request.param == "1.0" else ClientCredentials(two.client_id, two.client_secret)
    with (
        serve(tenant) as server,
        MimecastClient(server.url, credentials, clock=clock) as client,
    ):
        yield client


def queue(client, **settings):
    end = client.now() + timedelta(minutes=1)
    walk = held.get_hold_message_list(client, start=end - timedelta(days=30), end=end, **settings)
    return [message for messages in walk for message in messages]


def tracked(client):
    end = client.now() + timedelta(minutes=1)
    return [email for emails in tracking.search(client, start=end - timedelta(days=29), end=end) for email in emails]


def test_the_whole_queue_is_listed_whatever_the_page_size(client, tenant):
    everything = {entry["id"] for entry in tenant.hold_queue()}
    for size in (7, 100, 500):
        assert {message.id for message in queue(client, page_size=size)} == everything


def test_every_tracked_message_can_be_looked_at(client, tenant):
    holds = {entry["id"] for entry in tenant.hold_queue()}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda email: tracking.get_message_info(client, email.id), tracked(client)))
    assert len(found) == 60
    assert {info.hold_id for info in found} <= holds
    assert all(info.message_id and info.from_headers and not info.header_defects for info in found)


def test_released_exactly_once_and_logged(client, tenant):
    target = queue(client)[0]
    assert held.hold_release(client, [target.id])[target.id].ok
    again = held.hold_release(client, [target.id])[target.id]
    assert not again.ok
    assert tenant.times_applied("release", target.id) == 1
    now = client.now()
    walk = held.get_held_release_logs(
        client, start=now - timedelta(hours=1), end=now + timedelta(hours=1), search_by=("to", target.to.address)
    )
    (line,) = [entry for entries in walk for entry in entries]
    assert (line.status, line.subject) == ("released", target.subject)


def test_a_rejection_reaches_the_tenant_with_note_and_reason(client, tenant):
    target = queue(client)[0]
    held.hold_reject(client, [target.id], note="no", reason="Against Email Policy", notify_sender=True)
    (effect,) = tenant.effects
    assert (effect.kind, effect.hold_id) == ("reject", target.id)
    shown = str(effect.params)
    assert "MESSAGE GOES AGAINST EMAIL POLICIES" in shown
    assert "no" in shown


@pytest.mark.parametrize("how", ["status", "reset"])
@pytest.mark.parametrize("kind", ["apply_then_fail", "fail_without_applying"])
def test_an_unseen_answer_is_unknown_and_never_sent_twice(client, tenant, kind, how):
    target = queue(client)[0]
    tenant.faults.add(Fault(kind, RELEASE, how=how))
    with pytest.raises(EffectUnknownError) as caught:
        held.hold_release(client, [target.id])
    assert caught.value.unknown == (target.id,)
    assert tenant.times_applied("release", target.id) == (1 if kind == "apply_then_fail" else 0)
    assert len([call for call in tenant.calls if call.path == RELEASE]) == 1


def test_one_of_three_fails(client, tenant):
    targets = [message.id for message in queue(client)[:3]]
    tenant.faults.add(Fault("partial", RELEASE, n=1))
    outcomes = held.hold_release(client, targets)
    assert sorted(outcome.ok for outcome in outcomes.values()) == [False, True, True]
    assert len(tenant.effects) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", LIST, times=2, status=503),
        Fault("status", LIST, status=500),
        Fault("reset", LIST),
        Fault("cut_body", LIST),
        Fault("html", LIST),
        Fault("empty_body", LIST),
        Fault("bad_json", LIST),
        Fault("bom", LIST, times=None),
        Fault("rate_limited", LIST, times=2),
        Fault("rate_limited", LIST, headers=False),
        Fault("page_token_expired", LIST, after=1),
        Fault("deep_json", LIST),
        Fault("nan", LIST),
        Fault("duplicate_keys", LIST),
    ],
    ids=repr,
)
def test_a_passing_fault_loses_nothing(client, tenant, fault):
    everything = {entry["id"] for entry in tenant.hold_queue()}
    tenant.faults.add(fault)
    assert {message.id for message in queue(client, page_size=20)} == everything


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("html", LIST, times=None), ResponseError),
        (Fault("wrong_charset", LIST, times=None), ResponseError),
        (Fault("deep_json", LIST, times=None), ResponseError),
        (Fault("nan", LIST, times=None), ResponseError),
        (Fault("duplicate_keys", LIST, times=None), ResponseError),
        (Fault("page_loop", LIST, times=None), ResponseError),
        (Fault("fail_in_200", LIST, times=None), MailroomError),
        (Fault("flat_fail", LIST, times=None), MailroomError),
        (Fault("status", LIST, times=None, status=401), CredentialsError),
    ],
    ids=repr,
)
def test_a_lasting_fault_is_a_typed_error(client, tenant, fault, kind):
    tenant.faults.add(fault)
    with pytest.raises(kind):
        queue(client, page_size=20)


def test_drift_is_read_or_isolated(client, tenant):
    tenant.faults.add(Fault("drift", LIST, times=None, how="all"))
    unreadable = []
    messages = queue(client, on_unreadable=lambda raw, error: unreadable.append(error))
    assert len(messages) + len(unreadable) == len(tenant.hold_queue())


def test_a_token_that_expires_on_the_way_is_replaced(client, tenant):
    total = len(queue(client))
    tenant.expire_tokens()
    assert len(queue(client)) == total


def test_a_missing_permission_is_named_by_error_and_ping(client, tenant):
    tenant.revoke("Account | Monitoring | Held | Edit")
    target = queue(client)[0]
    with pytest.raises(PermissionMissingError, match=r"Account \| Monitoring \| Held \| Edit"):
        held.hold_release(client, [target.id])
    report = ping.ping(client)
    assert [stage.name for stage in report.stages if stage.ok is False] == [
        "permission Account | Monitoring | Held | Edit"
    ]


def test_a_good_tenant_passes_the_ping(client):
    report = ping.ping(client)
    assert [stage for stage in report.stages if stage.ok is False] == []


def test_a_message_handled_by_another_admin_is_refused_not_unknown(client, tenant):
    target = queue(client)[0]
    tenant.admin_release(target.id)
    outcome = held.hold_release(client, [target.id])[target.id]
    assert (outcome.ok, outcome.code) == (False, "err_hold_message_not_found")


def test_a_damaged_id_says_so(client):
    with pytest.raises((RejectedError, NotFoundError)):
        tracking.get_message_info(client, "eNdamaged")


def test_a_real_quota_is_kept_with_few_refusals(client, tenant):
    tracking_id = tracked(client)[0].id
    tenant.set_rate_limit(INFO, calls=10, per_seconds=60.0)
    for _ in range(12):
        if len([call for call in tenant.calls if call.path == INFO]) == 10:
            break
        tracking.get_message_info(client, tracking_id)
    assert not [call for call in tenant.calls if call.path == INFO and call.status == 429]


def test_files_of_a_held_message_are_fetched(client, tenant):
    if client.generation == "2.0":
        tenant.message_detail_on_v2 = True
    for message in queue(client):
        detail = content.get_message_detail(client, message.id)
        if detail.attachments:
            break
    part = detail.attachments[0]
    digest = content.get_file(client, part.id, BytesIO())
    assert (digest.size, digest.sha256) == (part.size, part.sha256)


def test_entries_that_move_up_while_somebody_else_acts_are_not_missed() -> None:
    tenant = Tenant.generate(messages=30, seed=5, max_recipients=1, history=0)
    keys = tenant.credentials_v2
    with (
        serve(tenant) as server,
        MimecastClient(server.url, ClientCredentials(keys.client_id, keys.client_secret)) as client,
    ):
        everything = {entry["id"] for entry in tenant.hold_queue()}
        end = client.now()
        pages = held.get_hold_message_list(client, start=end - timedelta(days=14), end=end, page_size=5)
        first = next(pages)
        for entry in first:
            tenant.admin_release(entry.id)  # the next page now begins where the one after it did
        rest = [entry for page in pages for entry in page]

    assert {entry.id for entry in first + rest} == everything
