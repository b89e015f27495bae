"""Each failing connection is told by its stage."""

from __future__ import annotations

import socket

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.mimecast import ClientCredentials, MimecastClient, ping

EVERYTHING = (
    "/api/account/get-account",
    "/api/gateway/get-hold-message-list",
    "/api/gateway/get-hold-summary-list",
    "/api/message-finder/search",
    "/api/gateway/get-held-release-logs",
    "/api/gateway/hold-release",
)


@pytest.fixture
def tenant(server):
    for path in EVERYTHING:
        server.add(path, ok())
    server.add(EVERYTHING[0], ok({"accountCode": "C1", "region": "eu"}))
    return server


def failed(report):
    return [(stage.name, stage.advice) for stage in report.stages if stage.ok is False]


@pytest.mark.parametrize("generation", ["1.0", "2.0"])
def test_a_good_connection_has_no_failed_stage(tenant, client_for, generation):
    report = ping.ping(client_for(generation))
    assert report.ok
    assert report.first_failure is None
    assert [stage.name for stage in report.stages[:5]] == ["name", "connection", "TLS", "credentials", "clock"]


def test_the_right_to_release_is_asked_for_without_naming_a_message(tenant, client):
    ping.ping(client)
    (asked,) = tenant.calls("/api/gateway/hold-release")
    assert asked.json == {"data": []}


def test_a_validation_error_still_proves_the_right_to_release(tenant, client):
    tenant.add("/api/gateway/hold-release", fail("err_validation_null", status=400))
    assert ping.ping(client).ok


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/api/gateway/get-hold-message-list", "Account | Dashboard | Read"),
        ("/api/gateway/get-hold-summary-list", "Account | Monitoring | Held Summary | Read"),
        ("/api/message-finder/search", "Gateway | Tracking | Read"),
        ("/api/gateway/get-held-release-logs", "Monitoring | Held | Read"),
        ("/api/gateway/hold-release", "Account | Monitoring | Held | Edit"),
    ],
)
def test_the_missing_permission_is_named(tenant, client, path, permission):
    tenant.add(path, fail("err_forbidden", status=403))
    report = ping.ping(client)
    assert not report.ok
    assert f"permission {permission}" in [name for name, _ in failed(report)]
    assert all("console" in advice for _, advice in failed(report))


def test_an_account_that_may_not_be_read_does_not_hide_the_other_permissions(tenant, client):
    tenant.add("/api/account/get-account", fail("err_forbidden", status=403))
    report = ping.ping(client)
    assert [name for name, _ in failed(report)] == ["permission Account | Dashboard | Read"]
    assert report.stages[3].ok is True


def test_wrong_credentials_end_the_check(tenant, client):
    tenant.add("/oauth/token", Answer({"fail": [{"code": "InvalidClientIdentifier", "message": ""}]}, 401))
    report = ping.ping(client)
    assert [name for name, _ in failed(report)] == ["credentials"]
    assert report.stages[-1].ok is None
    assert report.stages[-1].detail == "not tried"


def test_a_wrong_clock_is_a_stage_of_its_own(tenant, client):
    body = {"data": [{"accountCode": "C1"}]}
    tenant.add("/api/account/get-account", Answer(body, 200, {"Date": "Tue, 14 Jan 2025 09:30:00 GMT"}))
    tenant.add("/oauth/token", Answer({"access_token": "token-for-clock", "expires_in": 1799}))
    report = ping.ping(client)
    assert [name for name, _ in failed(report)] == ["clock"]


def test_a_name_that_does_not_resolve_is_the_first_stage(clock):
    with MimecastClient("https://no-such-host.invalid", ClientCredentials("c", "secret-1"), clock=clock) as client:
        report = ping.ping(client)
    assert [name for name, _ in failed(report)] == ["name"]


def test_a_closed_port_is_the_second_stage(clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with MimecastClient(root, ClientCredentials("c", "secret-1"), clock=clock) as client:
            report = ping.ping(client)
    assert [name for name, _ in failed(report)] == ["connection"]
    assert "firewall" in failed(report)[0][1]


def test_a_failing_server_leaves_a_permission_undecided(tenant, client_for):
    tenant.add("/api/gateway/hold-release", Answer(b"", 503))
    report = ping.ping(client_for("2.0"))
    assert report.ok
    assert next(stage for stage in report.stages if "Held | Edit" in stage.name).ok is None


def test_a_token_service_that_fails_holds_up_no_check_for_long(tenant, client, clock):
    """A run has five minutes for a call, and whoever asks for a check looks on."""
    tenant.add("/oauth/token", Answer(b"", 503))
    before = clock.monotonic()
    report = ping.ping(client)
    assert clock.monotonic() - before <= 15
    assert [name for name, _ in failed(report)] == ["credentials"]
    assert "API root" in failed(report)[0][1]
