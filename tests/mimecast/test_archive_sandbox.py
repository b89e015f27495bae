"""The archive of a strict tenant with a memory: loose in the ways the real one is."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from mailroom.errors import NotFoundError, PermissionMissingError, RejectedError, ResponseError
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient, archive
from mailroom.mimecast.archive_query import ArchiveQuery, check_xml
from sandbox import Fault, Tenant, serve

SUBJECT = "R&D budget <2025> \"final\" 'draft' ]]>"
ANN, BOB = "ann.archive@northwind.example", "bob.archive@northwind-group.example"


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant.generate(messages=40, seed=5)
    for number in range(3):
        tenant.add_message(
            category="business",
            status="archived",
            to=[ANN],
            subject=SUBJECT,
            from_addr=f"cfo{number}@contoso-logistics.example",
        )
    tenant.add_message(
        category="business", status="archived", to=[BOB], subject="Lunch", from_addr="a@mail.fabrikam.example"
    )
    return tenant


@pytest.fixture(params=["1.0", "2.0", "2.0 with links"])
def client(request: Any, tenant: Tenant, clock: Any) -> Any:
    one, two = tenant.credentials_v1, tenant.credentials_v2
    keys = ApplicationKeys(one.app_id, one.app_key, one.access_key, one.secret_key)
    credentials = keys if request.param == "1.0" else ClientCredentials(two.client_id, two.client_secret)
    tenant.part_urls_on_v2 = request.param.endswith("links")
    with (
        serve(tenant) as server,
        MimecastClient(server.url, credentials, clock=clock) as client,
    ):
        yield client
    assert tenant.contract_violations == []


def rows(client: MimecastClient, query: ArchiveQuery | str | None = None, **settings: Any) -> list[Any]:
    return [entry for page in archive.search(client, query or ArchiveQuery(), **settings) for entry in page]


def test_the_whole_archive_is_listed_whatever_the_page_size(client: MimecastClient) -> None:
    everything = [entry.id for entry in rows(client)]
    assert len(everything) > 4
    for size in (1, 3, 500):
        assert [entry.id for entry in rows(client, page_size=size)] == everything
    assert [entry.id for entry in rows(client, limit=3)] == everything[:3]


def test_rows_come_newest_first_with_the_fields_asked_for(client: MimecastClient) -> None:
    found = rows(client, ArchiveQuery(fields=("receiveddate", "subject")))
    assert [entry.received_at for entry in found] == sorted((entry.received_at for entry in found), reverse=True)
    assert {name for entry in found for name in entry.raw} == {"id", "receiveddate", "subject"}


def test_a_hostile_subject_finds_its_mails_and_no_others(client: MimecastClient) -> None:
    assert {entry.subject for entry in rows(client, ArchiveQuery(subject=SUBJECT))} == {SUBJECT}


def test_a_domain_includes_its_subdomains(client: MimecastClient) -> None:
    assert [entry.subject for entry in rows(client, ArchiveQuery(sender=("fabrikam.example",), recipient=(BOB,)))] == [
        "Lunch"
    ]


def test_several_senders_find_what_each_finds(client: MimecastClient) -> None:
    wanted = tuple(f"cfo{number}@contoso-logistics.example" for number in range(3))
    assert {entry.from_address for entry in rows(client, ArchiveQuery(sender=wanted))} == set(wanted)


def test_one_mailbox_is_one_mailbox(client: MimecastClient) -> None:
    assert {entry.to[0].address for entry in rows(client, ArchiveQuery(mailboxes=(ANN,)))} == {ANN}


def test_a_tag_that_is_ignored_finds_more_and_was_warned_about(client: MimecastClient) -> None:
    good = ArchiveQuery(subject="Lunch", recipient=(BOB,)).xml()
    bad = (
        good.replace('<sent select="to">', "<recipient>")
        .replace("</sent>", "</recipient>")
        .replace("subject: Lunch", "")
    )
    assert len(rows(client, bad)) > len(rows(client, good))
    assert any("<recipient> is not known" in str(warning) for warning in check_xml(bad))


def test_a_query_the_tenant_refuses_is_a_refusal(client: MimecastClient) -> None:
    with pytest.raises(RejectedError) as caught:
        rows(client, '<xmlquery><metadata/><muse><date select="next_year"/></muse></xmlquery>')
    assert caught.value.code == "err_invalid_search_xml"


def test_a_mail_its_source_and_its_attachments_can_be_fetched(client: MimecastClient) -> None:
    found = [archive.get_message_detail(client, entry.id) for entry in rows(client)]
    assert all(message.message_id and message.headers for message in found)
    source = BytesIO()
    digest = archive.get_message_part(client, found[0].id, source, context="RECEIVED")
    assert found[0].message_id.encode() in source.getvalue()
    assert digest.sha256 == hashlib.sha256(source.getvalue()).hexdigest()
    for message in found:
        for part in message.attachments[:1]:
            assert archive.get_file(client, part.id, BytesIO()).sha256 == part.sha256


def test_other_kinds_of_ids_are_refused(client: MimecastClient, tenant: Tenant) -> None:
    for wrong in (rows(client)[0].smash, tenant.hold_queue()[0]["id"]):
        with pytest.raises((RejectedError, NotFoundError)):
            archive.get_message_part(client, wrong, BytesIO())


def test_searches_and_looks_are_logged(client: MimecastClient) -> None:
    entry = rows(client, ArchiveQuery(subject="Lunch"))[0]
    archive.get_message_detail(client, entry.id)
    span = {"start": client.now() - timedelta(days=1), "end": client.now() + timedelta(minutes=5)}
    searches = [line for page in archive.search_logs(client, **span) for line in page]
    views = [line for page in archive.view_logs(client, **span) for line in page]
    assert searches[0].who
    assert "Lunch" in searches[0].what
    assert views[0].what == entry.subject


def test_a_missing_permission_is_named(client: MimecastClient, tenant: Tenant) -> None:
    tenant.revoke("Archive | Search | Read")
    with pytest.raises(PermissionMissingError, match=r"Archive \| Search \| Read"):
        rows(client)


@pytest.mark.parametrize(
    "kind", ["status", "reset", "cut_body", "bad_json", "html", "nan", "rate_limited", "deep_json"]
)
def test_a_failing_tenant_is_asked_again(client: MimecastClient, tenant: Tenant, kind: str) -> None:
    tenant.faults.add(Fault(kind, path="/api/archive/search", times=2))
    assert rows(client)


def test_a_token_that_runs_out_loses_no_mail(client: MimecastClient, tenant: Tenant) -> None:
    everything = {entry.id for entry in rows(client)}
    tenant.faults.add(Fault("page_token_expired", path="/api/archive/search", times=1))
    assert {entry.id for entry in rows(client, page_size=3)} == everything


def test_pages_that_go_round_in_circles_are_an_error(client: MimecastClient, tenant: Tenant) -> None:
    tenant.faults.add(Fault("page_loop", path="/api/archive/search", times=None))
    with pytest.raises(ResponseError, match="not read to its end"):
        rows(client, page_size=2)
