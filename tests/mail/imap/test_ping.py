"""The staged check: the first stage that fails is named, and what to do about it."""

from __future__ import annotations

import pytest

from mailroom.mail.imap.ping import NAMES, ping
from mailroom.mail.transport import ProxySettings


def failed(stages):
    assert [stage.name for stage in stages] == list(NAMES)
    wrong = [stage for stage in stages if stage.ok is False]
    assert len(wrong) <= 1
    if not wrong:
        return None
    after = stages[stages.index(wrong[0]) + 1 :]
    assert all(stage.ok is None and stage.detail == "not tried" for stage in after)
    assert wrong[0].advice
    return wrong[0].name


@pytest.mark.parametrize("security", ["implicit", "starttls", "none"])
def test_a_mailbox_that_works_passes_every_stage(dovecot, user, settings_for, security):
    port = dovecot.imaps_port if security == "implicit" else dovecot.imap_port
    stages = ping(settings_for(user, port=port, security=security, allow_plaintext=True))
    assert failed(stages) is None
    by_name = {stage.name: stage for stage in stages}
    assert by_name["TLS"].ok is (True if security == "implicit" else None)
    assert "IDLE" in by_name["login"].detail
    assert by_name["folder"].detail.startswith("INBOX: 0 mails")


@pytest.mark.parametrize(
    ("wrong", "stage"),
    [
        ({"password": ""}, "settings"),
        ({"host": "no-such-host.invalid"}, "name"),
        ({"port": 1}, "connection"),
        ({"ca_file": None}, "TLS"),
        ({"password": "wrong-password"}, "login"),
    ],
)
def test_the_stage_that_fails_is_named(user, settings_for, wrong, stage):
    stages = ping(settings_for(user, **wrong))
    assert failed(stages) == stage
    assert "wrong-password" not in repr(stages)


def test_a_port_without_tls_is_not_blamed_on_the_certificate(scripted):
    stages = ping(scripted.settings(security="implicit"))
    assert failed(stages) == "TLS"
    advice = next(stage.advice for stage in stages if stage.name == "TLS")
    assert "STARTTLS" in advice
    assert "certificate" not in advice


def test_a_port_of_tls_that_was_set_to_starttls_says_what_to_set(scripted, certificates):
    scripted.tls = certificates.server_context()
    stages = ping(scripted.settings(security="starttls", read_timeout=0.6))
    assert failed(stages) == "greeting"
    assert "IMAP security to implicit" in next(stage.advice for stage in stages if stage.name == "greeting")


def test_a_folder_that_is_missing_is_the_last_stage(user, settings_for):
    stages = ping(settings_for(user), folder="Nowhere")
    assert failed(stages) == "folder"
    assert "Junk" in stages[-1].detail


def test_a_server_that_does_not_speak_imap_fails_at_the_greeting(scripted):
    scripted.greeting = b"220 smtp.example.com ESMTP\r\n"
    assert failed(ping(scripted.settings())) == "greeting"


def test_stripped_starttls_fails_at_the_greeting(scripted):
    assert failed(ping(scripted.settings(security="starttls"))) == "greeting"
    assert not scripted.commands("LOGIN")


def test_a_proxy_that_refuses_is_the_connection_stage(user, settings_for, proxy_servers):
    proxy_servers.http.demand("somebody", "right-secret")
    proxy = ProxySettings("http", proxy_servers.http.host, proxy_servers.http.port, "who", "wrong-secret")
    stages = ping(settings_for(user, proxy=proxy))
    assert failed(stages) == "connection"
    assert "wrong-secret" not in repr(stages)


def test_the_password_is_tried_once(scripted):
    scripted.on("LOGIN", b"{tag} NO bad\r\n")
    assert failed(ping(scripted.settings())) == "login"
    assert len(scripted.commands("LOGIN")) == 1
