"""The blocks: what Prefect expects of a block, and what we promise about secrets and advice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

import blocks
from blocks import AlertStore, MailboxCredentials, MimecastCredentials, TriagePolicy
from blocks._load import _whose_blocks, load
from blocks._prefect_api import unreachable
from mailroom.errors import InvalidInputError, TransientError
from mailroom.triage.rails import RailSettings

EVERY_BLOCK = [MailboxCredentials, MimecastCredentials, AlertStore, TriagePolicy]
SECRET = "s3cret-Value/of+the=block"
APPLICATION: dict[str, Any] = {"client_id": "an-application", "client_secret": SECRET}


@pytest.mark.parametrize("block", EVERY_BLOCK)
class TestStandard(BlockStandardTestSuite):
    @pytest.fixture
    def block(self, request: pytest.FixtureRequest) -> type[Block]:
        return request.param

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        """Prefect wants a logo at an http address; the browser would fetch it from there, so there is none."""
        assert block._logo_url is None


def test_every_block_is_exported() -> None:
    assert {getattr(blocks, name) for name in blocks.__all__} == set(EVERY_BLOCK)


@pytest.mark.parametrize("block", EVERY_BLOCK)
def test_every_field_has_a_title_and_a_default_that_the_form_can_show(block: type[Block]) -> None:
    for name, field in block.model_fields.items():
        assert field.title, name
        assert field.default_factory is None, f"{name}: the form does not know what a factory makes"
        assert not field.is_required(), f"{name}: stored blocks without it would no longer load"


def test_the_slugs_of_stored_blocks_never_change() -> None:
    slugs = {block.get_block_type_slug() for block in EVERY_BLOCK}
    assert slugs == {
        "mailbox-credentials", "mimecast-credentials", "mailroom-alert-store", "mailroom-triage-policy"
    }  # fmt: skip


# secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        MimecastCredentials(**APPLICATION, proxy="http://proxy:3128", proxy_username="p", proxy_password=SECRET),
        MimecastCredentials(application_id="a", application_key=SECRET, access_key=SECRET, secret_key=SECRET),
        AlertStore(url="postgresql+pg8000://u@h/d", password=SECRET),
        MailboxCredentials(address="a@example.com", smtp_host="h", smtp_username="u", smtp_password=SECRET),
    ],
    ids=["api 2.0", "api 1.0", "store", "mailbox"],
)
def test_a_printed_block_shows_no_secret(block: Block) -> None:
    assert SECRET not in f"{block!r} {block} {block.model_dump()} {block.model_dump_json()}"


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": SECRET},
        {"client_id": [1], "client_secret": [SECRET]},
        {**APPLICATION, "api_root": "ftp://elsewhere"},
        {**APPLICATION, "proxy": f"http://user:{SECRET}@proxy:3128"},
    ],
)
def test_an_error_about_a_block_quotes_no_secret(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        MimecastCredentials(**fields)
    assert SECRET not in str(caught.value)


# wrong settings say the next step -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields", "advice"),
    [
        (MimecastCredentials, {}, "Fill in Client ID and Client Secret"),
        (MimecastCredentials, {"application_id": "a", "application_key": SECRET}, "Access Key and Secret Key"),
        (MimecastCredentials, {**APPLICATION, "api_root": "http://api.example"}, "must start with https://"),
        (MimecastCredentials, {**APPLICATION, "api_root": "http://127.0.0.1.example"}, "must start with https://"),
        (MimecastCredentials, {**APPLICATION, "proxy": "http://u:p@proxy"}, "in their own fields"),
        (AlertStore, {"url": "sqlite:///mailroom.db"}, "write an absolute one"),
        (AlertStore, {"blobs": "blobs"}, "write an absolute one"),
        (AlertStore, {"url": f"postgresql+pg8000://u:{SECRET}@h/d"}, "Database Password"),
        (TriagePolicy, {"rules": ["my/rules"]}, "write an absolute path"),
        (TriagePolicy, {"release": "always"}, "'observe', 'advise' or 'auto'"),
        (TriagePolicy, {"max_release_share": 30}, "less than or equal to 1"),
        (TriagePolicy, {"own_senders": ["soc"]}, "is no address; write name@domain"),
        (TriagePolicy, {"per_action": {"relaese": 5}}, "Input should be 'release', 'reject'"),
        (TriagePolicy, {"breaker_overturn": 2}, "less than or equal to 1"),
    ],
)
def test_a_wrong_field_is_refused_with_the_next_step(kind: type[Block], fields: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice.replace("(", r"\(")):
        kind(**fields)


def test_a_policy_that_was_saved_before_there_were_more_fields_means_what_it_meant() -> None:
    rails = TriagePolicy.model_validate({"release": "auto", "per_run": 7}).get_policy().rails

    assert (rails.modes["release"], rails.per_run) == ("auto", 7)
    assert rails == RailSettings(modes=rails.modes, per_run=7)


def test_a_policy_hands_on_every_rail() -> None:
    given = {"per_action": {"release": 5}, "breaker_window": 50, "breaker_overturn": 0.1}
    rails = TriagePolicy(**given, own_senders=["SOC@Northwind.Example"]).get_policy().rails

    assert {name: getattr(rails, name) for name in given} == given
    assert rails.own_senders == {"soc@northwind.example"}


def test_a_folder_that_is_not_on_this_machine_is_named() -> None:
    with pytest.raises(InvalidInputError, match="/no/such/folder is not a folder"):
        TriagePolicy(rules=["/no/such/folder"]).get_policy()


def test_a_ca_bundle_that_is_not_on_this_machine_is_named() -> None:
    with pytest.raises(InvalidInputError, match="/no/such/bundle"):
        MimecastCredentials(**APPLICATION, ca_bundle="/no/such/bundle").get_client()


# what they hand out -------------------------------------------------------------------------------------------------


def test_with_both_kinds_of_credentials_the_newer_interface_is_used() -> None:
    keys = {"application_id": "a", "application_key": SECRET, "access_key": SECRET, "secret_key": "c2VjcmV0"}
    with MimecastCredentials(**keys).get_client() as client:
        assert client.generation == "1.0"
    with MimecastCredentials(**keys, **APPLICATION).get_client() as client:
        assert client.generation == "2.0"


def test_a_store_lies_where_the_block_says_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    with AlertStore(url=f"sqlite:///{tmp_path}/deep/store.db").get_store() as store:
        store.blobs.put(b"mail")
    assert (tmp_path / "deep" / "store.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "deep" / "blobs").is_dir()


def test_a_store_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    AlertStore().get_store().close()
    assert (tmp_path / ".mailroom" / "mailroom.db").exists()


def test_a_new_policy_lets_nothing_happen_by_itself() -> None:
    assert set(TriagePolicy().get_policy().rails.modes.values()) == {"observe"}


# with a server ------------------------------------------------------------------------------------------------------


def test_without_a_server_the_error_says_what_still_works() -> None:
    with pytest.raises(TransientError, match="`mailroom ingest held`, then `mailroom triage`"):
        load(MimecastCredentials, "default")


@pytest.mark.prefect
def test_the_block_types_are_registered_with_one_command(prefect: Any) -> None:
    done = prefect.command("block", "register", "-m", "blocks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Successfully registered 4 blocks" in done.stdout
    with prefect.settings(), get_client(sync_client=True) as client:
        for block in EVERY_BLOCK:
            stored = client._client.get(f"/block_types/slug/{block.get_block_type_slug()}").json()
            assert stored["logo_url"] is None
            assert stored["description"] == block.get_description()


@pytest.mark.prefect
def test_a_saved_block_comes_back_with_its_secret(prefect: Any) -> None:
    with prefect.settings():
        MimecastCredentials(**APPLICATION).save("kept", _sync=True)
        assert load(MimecastCredentials, "kept").client_secret == SecretStr(SECRET)


@pytest.mark.prefect
def test_a_stored_secret_is_encrypted_in_the_database(prefect: Any) -> None:
    with prefect.settings():
        MimecastCredentials(client_id="an-application", client_secret="zx81-canary-zx81").save("shut", _sync=True)
    files = [prefect.database, prefect.database.with_name(f"{prefect.database.name}-wal")]
    assert not any(b"zx81-canary-zx81" in path.read_bytes() for path in files if path.exists())


@pytest.mark.prefect
def test_a_missing_block_is_named_with_the_next_step(prefect: Any) -> None:
    with prefect.settings(), pytest.raises(InvalidInputError, match=r"no block 'absent'.*Make it in the Prefect UI"):
        load(AlertStore, "absent")


@pytest.mark.prefect
def test_a_block_that_no_longer_fits_is_refused_without_quoting_it(prefect: Any) -> None:
    with prefect.settings():
        MimecastCredentials(**APPLICATION).save("spoilt", _sync=True)
        with get_client(sync_client=True) as client:
            stored = client._client.get("/block_types/slug/mimecast-credentials/block_documents/name/spoilt").json()
            data = {"client_id": "", "client_secret": SECRET}
            client._client.patch(f"/block_documents/{stored['id']}", json={"data": data, "merge_existing_data": True})
        with pytest.raises(InvalidInputError, match="Fill in Client ID and Client Secret") as caught:
            load(MimecastCredentials, "spoilt")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# the mailbox ------------------------------------------------------------------------------------------------------


def test_a_provider_fills_in_hosts_ports_and_security() -> None:
    account = MailboxCredentials(address="SOC@example.com", provider="gmail", password=SECRET).get_account("soc")
    assert account.imap is not None
    assert account.smtp is not None
    assert (account.imap.host, account.imap.port, account.imap.security) == ("imap.gmail.com", 993, "implicit")
    assert account.smtp.host == "smtp.gmail.com"
    assert account.stores_sent_copy


def test_the_form_offers_every_provider_the_core_knows() -> None:
    from mailroom.mail.providers import names

    offered = MailboxCredentials.model_json_schema()["properties"]["provider"]["enum"]
    assert set(offered) == {"custom", *names()}


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"imap_host": "imap.example.com", "password": SECRET}, "needs its address"),
        ({"address": "a@example.com", "password": SECRET}, "Fill in the IMAP host"),
        ({"address": "a@example.com", "imap_host": "h.example.com"}, "password is missing"),
        ({"address": "a@example.com", "provider": "gmail", "authentication": "google refresh token"}, "refresh token"),
        (
            {"address": "a@example.com", "provider": "gmail", "password": SECRET, "proxy": "http://u:p@h:1"},
            "own fields",
        ),
        ({"address": "a@example.com", "provider": "gmail", "password": SECRET, "server_time_zone": "X"}, "IANA"),
        ({"address": "a@example.com", "imap_host": "h", "imap_security": "none", "password": SECRET}, "in clear"),
        ({"address": "a@example.com", "smtp_host": "h", "smtp_login": False, "smtp_password": SECRET}, "empty both"),
    ],
)
def test_a_mailbox_that_cannot_work_is_refused_with_advice(fields: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice) as refused:
        MailboxCredentials(**fields)
    assert SECRET not in str(refused.value)


def test_the_form_asks_for_everything_the_settings_file_takes() -> None:
    from mailroom.mail.account_fields import AccountFields

    assert set(MailboxCredentials.model_fields) == set(AccountFields.__dataclass_fields__)


@pytest.mark.prefect
def test_a_mailbox_saved_before_sending_had_a_login_of_its_own_still_loads(prefect: Any) -> None:
    with prefect.settings():
        MailboxCredentials(address="a@example.com", imap_host="h", smtp_host="h", password=SECRET).save(
            "old", _sync=True
        )
        with get_client(sync_client=True) as client:
            stored = client._client.get("/block_types/slug/mailbox-credentials/block_documents/name/old").json()
            data = {"address": "a@example.com", "imap_host": "h", "smtp_host": "h", "password": SECRET}
            client._client.patch(f"/block_documents/{stored['id']}", json={"data": data, "merge_existing_data": False})
        account = load(MailboxCredentials, "old").get_account("old")
    assert account.smtp is not None
    assert (account.smtp.username, account.smtp.password) == ("a@example.com", SECRET)


@pytest.mark.prefect
def test_a_renewed_refresh_token_is_kept_in_the_block(prefect: Any) -> None:
    with prefect.settings():
        block = MailboxCredentials(
            address="a@example.com", provider="microsoft365", authentication="microsoft delegated",
            client_id="an-application", refresh_token="the-first-token",
        )  # fmt: skip
        block.save("delegated", _sync=True)
        load(MailboxCredentials, "delegated")._keep_refresh_token("the-second-token")
        assert load(MailboxCredentials, "delegated").refresh_token.get_secret_value() == "the-second-token"


@pytest.mark.parametrize("address", ["nonsense", "http://", "http://prefect.example:port/api"])
def test_an_address_that_is_none_is_named_by_its_variable(address: str) -> None:
    with (
        temporary_settings({PREFECT_API_URL: address}),
        pytest.raises(TransientError, match=r"PREFECT_API_URL \(which is no"),
    ):
        raise unreachable("The block could not be read", ValueError())


def test_a_missing_block_says_when_no_server_was_named() -> None:
    with temporary_settings({PREFECT_API_URL: None}):
        assert "PREFECT_API_URL is not set" in _whose_blocks()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert _whose_blocks() == ""
