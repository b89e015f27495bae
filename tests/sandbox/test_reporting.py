"""People of the sandbox report mail of the tenant: attached or quoted, labelled, from a mailbox that can be proven."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email import policy as email_policy

import pytest
import requests

from sandbox import Tenant, serve
from sandbox.mail import MailServer

PHISH, AMY = "phish@northwind.example", "amara.okafor@northwind.example"


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Tenant, MailServer, str]]:
    tenant = Tenant.generate(messages=0, archive=5, history=0, seed=7)
    with MailServer(clock=tenant.clock).serve() as mail, serve(tenant) as server:
        tenant.mail = mail.back_door
        yield tenant, mail, server.url


@pytest.mark.parametrize("how", ["attached", "inline"])
def test_a_mail_that_reached_somebody_is_forwarded_and_labelled(
    place: tuple[Tenant, MailServer, str], how: str
) -> None:
    tenant, mail, url = place
    wanted = tenant.archived()[0]
    body = {"message": wanted["messageId"], "person": AMY, "how": how}
    truth = requests.post(f"{url}/__sandbox__/report", json=body, timeout=10).json()

    assert (truth["category"], truth["original_ids"]) == (f"report_{how}", [wanted["messageId"]])
    assert (truth["original_from"], truth["original_subject"]) == (wanted["from"], wanted["subject"])
    (stored,) = [one for one in mail.mails(PHISH) if one.uid == truth["uid"]]
    made = message_from_bytes(stored.raw, policy=email_policy.default)
    assert AMY in made["From"]
    assert "dmarc=pass" in made["Authentication-Results"]
    enclosed = [part for part in made.walk() if part["Message-ID"] == wanted["messageId"]]
    files = [part for part in made.walk() if (part.get_filename() or "").endswith(".eml")]
    assert bool(enclosed or files) is (how == "attached")
    if how == "inline":
        assert wanted["from"] in made.get_body(("plain", "html")).get_content()


def test_a_report_needs_a_message_and_a_mail_server(place: tuple[Tenant, MailServer, str]) -> None:
    tenant, _, url = place
    assert requests.post(f"{url}/__sandbox__/report", json={"message": "<no@x>"}, timeout=10).status_code == 400
    alone = Tenant.generate(messages=0, history=0)
    with pytest.raises(ValueError, match="mail server"):
        alone.report(tenant.archived()[0]["messageId"])
