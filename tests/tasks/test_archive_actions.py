"""The archive actions as playbooks call them, against a tenant with an archive; called without Prefect."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotFoundError, PermissionMissingError, RejectedError
from mailroom.mimecast import ClientCredentials, MimecastClient
from mailroom.playbooks.archive_search import few_columns
from mailroom.redact import without_mailboxes
from mailroom.store import Store
from sandbox import Tenant, serve
from tasks import _open
from tasks import mimecast as actions

FOUND = "Successfully found archive emails for the provided criteria in Mimecast"
NONE_FOUND = "No archive emails were found for the provided criteria in Mimecast"
DEFAULT = "attachmentcount,status,subject,size,receiveddate,displayfrom,displayfromaddress,id,displayto,"
DEFAULT += "displaytoaddresslist,smash"
META = (
    "<metadata archive='true' query-type='emailarchive'><return-fields><return-field>id</return-field></return-fields>"
)
XML = f"<xmlquery>{META}</metadata><muse><text>subject: lunch</text><date select='last_month'/></muse></xmlquery>"


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant.generate(messages=10, seed=3)
    for number in range(4):
        tenant.add_message(
            category="business", status="archived", to=["ann.one@northwind.example"], subject=f"Lunch {number}",
            from_addr="billing@adatum.example", received=tenant.clock.now() - timedelta(minutes=10 - number),
        )  # fmt: skip
    return tenant


@pytest.fixture
def archive(
    tenant: Tenant, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> Iterator[Store]:
    """The tenant and a store, behind any block name."""
    keys = tenant.credentials_v2
    with (
        serve(tenant) as server,
        MimecastClient(server.url, ClientCredentials(keys.client_id, keys.client_secret)) as client,
        Store.open(sqlite_url, blobs=tmp_path / "blobs") as store,
    ):
        monkeypatch.setattr(_open, "client", lambda _block: client)
        monkeypatch.setattr(_open, "store", lambda _block: store)
        yield store


def found(**form: Any) -> Any:
    return actions.simple_archive_search.fn(**{"from_addresses": "adatum.example"} | form)


def test_the_form_has_the_documented_defaults() -> None:
    defaults = {
        name: one.default for name, one in inspect.signature(actions.simple_archive_search.fn).parameters.items()
    }
    assert defaults["fields_to_return"] == DEFAULT
    assert (defaults["time_frame"], defaults["max_emails_to_return"]) == ("Last Hour", 50)
    assert (
        inspect.signature(actions.advanced_archive_search.fn).parameters["xml_query"].default is inspect.Parameter.empty
    )


@pytest.mark.usefixtures("archive")
def test_what_was_found_is_said_in_the_documented_words() -> None:
    result = found()
    assert (result.is_success, result.message, result.count, result.limit_reached) == (True, FOUND, 4, False)
    assert [row["subject"] for row in result.rows] == [f"Lunch {number}" for number in (3, 2, 1, 0)]
    assert set(DEFAULT.split(",")) == set(result.rows[0]) == set(result.frame().columns)
    assert len(result.ids) == 4
    assert "last hour up to now" in result.bounds


@pytest.mark.usefixtures("archive")
def test_nothing_found_is_a_success_with_a_table_of_the_columns() -> None:
    result = found(from_addresses="nobody@nowhere.example", fields_to_return="subject, size")
    assert (result.is_success, result.message, result.rows) == (True, NONE_FOUND, [])
    assert list(result.frame().columns) == ["subject", "size", "id"]


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({"to_addresses": "ann.one@northwind.example"}, 4),
        ({"to_addresses": "bob@northwind.example"}, 0),
        ({"mailboxes": "ann.one@northwind.example"}, 4),
        ({"subject": "lunch 2", "from_addresses": ""}, 1),
        ({"time_frame": "Last Month"}, 0),
        ({"time_frame": "Custom", "start_time": "2020-01-01"}, 4),
        ({"time_frame": "Custom", "start_time": "2020-01-01", "end_time": "2020-02-01"}, 0),
        ({"max_emails_to_return": 2}, 2),
    ],
)
def test_every_field_of_the_form_counts(form: dict[str, Any], number: int) -> None:
    assert found(**form).count >= number if "subject" in form else found(**form).count == number


@pytest.mark.usefixtures("archive")
def test_a_time_that_does_not_count_is_said() -> None:
    assert "count only with" in found(start_time="2020-01-01").warnings[0]
    assert found(from_addresses="@adatum.example").count == 4


@pytest.mark.usefixtures("archive")
def test_the_limit_is_said() -> None:
    assert found(max_emails_to_return=2).limit_reached


@pytest.mark.usefixtures("archive")
def test_a_wrong_form_fails_in_the_documented_words() -> None:
    with pytest.raises(InvalidInputError) as caught:
        found(time_frame="Custom")
    assert str(caught.value) == (
        'Error executing action "Simple Archive Search". Reason: "Start Time" should be provided, when "Custom" is '
        'selected in "Time Frame" parameter.'
    )
    with pytest.raises(InvalidInputError, match=r'"Advanced Archive Search"\. Reason: .* line 1, column 11'):
        actions.advanced_archive_search.fn("<xmlquery>")


@pytest.mark.usefixtures("archive")
def test_a_missing_permission_fails_in_the_documented_words(tenant: Tenant) -> None:
    tenant.revoke("Archive | Search | Read")
    with pytest.raises(
        PermissionMissingError, match=r'^Error executing action "Simple Archive Search"\. Reason: .*Archive'
    ):
        found()


@pytest.mark.usefixtures("archive")
def test_an_advanced_search_finds_and_warns() -> None:
    result = actions.advanced_archive_search.fn(XML)
    assert (result.count, result.warnings, result.message) == (4, [], FOUND)
    odd = actions.advanced_archive_search.fn(XML.replace("<muse>", "<muse><recipient>x</recipient>"))
    assert "<recipient> is not known" in odd.warnings[0]
    assert odd.count == 4


@pytest.mark.usefixtures("archive")
def test_a_dry_run_shows_the_query_and_sends_nothing(tenant: Tenant) -> None:
    before = len(tenant.calls)
    result = actions.advanced_archive_search.fn(f"\n{XML}\n", dry_run=True)
    assert (result.query, result.rows) == (XML, [])
    assert len(tenant.calls) == before


@pytest.mark.usefixtures("archive")
def test_a_query_the_tenant_refuses_carries_its_code() -> None:
    with pytest.raises(RejectedError) as caught:
        actions.advanced_archive_search.fn(XML.replace("last_month", "next_year"))
    assert caught.value.code == "err_invalid_search_xml"


@pytest.mark.usefixtures("archive")
def test_one_mail_and_the_logs_can_be_read() -> None:
    first = found().ids[0]
    message = actions.get_archive_message.fn(first)
    assert (message.id, message.subject) == (first, "Lunch 3")
    assert actions.get_archive_search_logs.fn(max_entries=1)[0].who
    assert actions.get_archive_view_logs.fn(query="Lunch")[0].what == "Lunch 3"
    with pytest.raises(InvalidInputError, match='"Get Archive View Logs"'):
        actions.get_archive_view_logs.fn("Custom")


def test_the_source_goes_to_the_blob_store_or_a_folder_and_never_into_the_result(
    archive: Store, tmp_path: Path
) -> None:
    first = found().ids[0]
    kept = actions.download_archive_eml.fn(first)
    source = archive.blobs.get(kept.blob)
    assert b"Lunch 3" in source
    assert (kept.sha256, kept.path, kept.size) == (kept.blob, "", len(source))
    written = actions.download_archive_eml.fn(first, folder=str(tmp_path / "out"))
    again = actions.download_archive_eml.fn(first, folder=str(tmp_path / "out"))
    assert Path(written.path).read_bytes() == source
    assert (again.path, len(list((tmp_path / "out").iterdir()))) == (written.path, 1)
    assert all(b"Lunch 3" not in pickle.dumps(result) for result in (kept, written))


@pytest.mark.usefixtures("archive")
def test_a_body_is_saved_under_a_name_of_ours(tmp_path: Path) -> None:
    first = found().ids[0]
    for part, ending in (("PLAIN", ".txt"), ("RFC822", ".eml")):
        saved = actions.get_archive_message_part.fn(first, part=part, folder=str(tmp_path))
        assert Path(saved.path).name == f"archive {saved.sha256[:24]}{ending}"
    with pytest.raises((NotFoundError, RejectedError)):
        actions.get_archive_message_part.fn("no-such-id", folder=str(tmp_path))
    with pytest.raises(RejectedError, match="larger than 10 bytes"):
        actions.get_archive_message_part.fn(first, folder=str(tmp_path), max_bytes=10)


def test_a_page_shows_nobodys_address() -> None:
    row = {
        "displayfromaddress": "ann@bad.example", "displaytoaddresslist": [{"emailAddress": "bob@x.example"}] * 3,
        "displayto": "Bob", "displayfrom": "ann@bad.example", "subject": "for bob@x.example now",
        "new": ["cy@z.example"], "id": "eN_1", "size": 3, "status": None,
    }  # fmt: skip
    (shown,) = few_columns([row])
    assert shown == {
        "sender domain": "bad.example", "recipients": 3, "displayfrom": "…@bad.example",
        "subject": "for …@x.example now", "new": "…@z.example", "id": "eN_1", "size": "3", "status": "",
    }  # fmt: skip
    assert without_mailboxes("no address here") == "no address here"
