"""The test of a mailbox, IMAP and SMTP together: whoever asks for it looks on."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.actions.ping import ping


@pytest.mark.parametrize("security", ["implicit", "starttls"])
def test_a_port_that_says_nothing_is_given_up_long_before_a_run_would(
    monkeypatch: pytest.MonkeyPatch, security: Any
) -> None:
    monkeypatch.setattr("mailroom.mail.actions.ping._CONNECT", 0.2)
    monkeypatch.setattr("mailroom.mail.actions.ping._ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never looks at them
        port = silent.getsockname()[1]
        fields = AccountFields(
            address="soc@example.com", password="secret-of-soc", imap_host="127.0.0.1", smtp_host="127.0.0.1",
            imap_port=port, smtp_port=port, imap_security=security, smtp_security=security,
        )  # fmt: skip
        report = ping(account_from("soc", fields))
    failed = [stage for stage in report.stages if stage.ok is False]
    stage = "TLS" if security == "implicit" else "greeting"
    assert [one.name for one in failed] == [f"imap {stage}", f"smtp {stage}"]
    assert all("port" in one.advice for one in failed)
