"""No secret, token, signature or body in any error or log line."""

from __future__ import annotations

import logging
import traceback

import pytest
from mimecast_scripted import Answer

from mailroom import redact
from mailroom.errors import MailroomError
from mailroom.mimecast import ApplicationKeys, account, held

ACCOUNT, RELEASE = "/api/account/get-account", "/api/gateway/hold-release"
CANARY = "canary-body-content"


def echoing(asked_headers):
    return {"fail": [{"code": "err_x", "message": f"you sent {asked_headers}"}]}


@pytest.mark.parametrize("generation", ["1.0", "2.0"])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>" + CANARY.encode(), 200),
        Answer(b"<html>" + CANARY.encode(), 403),
        Answer(CANARY.encode(), 500),
        Answer({"data": CANARY}, 401),
        Answer(reset=True),
        Answer(b"x" * 100, cut=5),
    ],
    ids=str,
)
def test_errors_and_logs_hold_no_secret_and_no_body(server, client_for, keys, caplog, generation, answer):
    server.add(ACCOUNT, answer)
    server.add(RELEASE, answer)
    texts = []
    with caplog.at_level(logging.DEBUG), client_for(generation, deadline=5.0) as client:
        for work in (lambda: account.get_account(client), lambda: held.hold_release(client, ["a"])):
            with pytest.raises(MailroomError) as caught:
                work()
            texts.append("".join(traceback.format_exception(caught.value)) + repr(caught.value.args))
    everything = "\n".join([*texts, caplog.text, repr(client)])
    sent = [asked.headers.get("Authorization", "").partition(" ")[2] for asked in server.asked]
    for secret in [keys.app_key, keys.access_key, keys.secret_key, "client-secret-for-tests", CANARY, *sent]:
        assert not secret or secret not in everything


@pytest.mark.parametrize("generation", ["1.0", "2.0"])
def test_an_answer_that_echoes_what_we_sent_is_scrubbed(server, client_for, generation):
    take = server.take

    def echo(asked, path):
        answer = take(asked, path)
        return Answer(echoing(asked.headers["Authorization"]), 400) if path == ACCOUNT else answer

    server.take = echo
    server.add(ACCOUNT, Answer(b""))
    with client_for(generation) as client, pytest.raises(MailroomError) as caught:
        account.get_account(client)
    _, _, value = server.calls(ACCOUNT)[0].headers["Authorization"].partition(" ")
    for part in value.split(":"):
        assert part not in str(caught.value)


def test_every_secret_is_registered_with_the_redaction(server, client, keys):
    server.add(ACCOUNT, Answer({"data": [{"accountCode": "C1"}]}))
    account.get_account(client)
    secrets = [keys.app_key, keys.access_key, keys.secret_key, "client-secret-for-tests", "token-for-tests-1"]
    assert redact.scrub(" ".join(secrets)) == " ".join([redact.MASK] * len(secrets))
    ApplicationKeys("a", "b" * 8, "c" * 8, "ZGRkZGRkZGQ=", "me@example.com", "hunter2-hunter2")
    assert redact.scrub("hunter2-hunter2") == redact.MASK
