"""TLS between the store and PostgreSQL: what `sslmode` asks for is what happens, on a real server with certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import sibling
from sqlalchemy import text

from mailroom.errors import InvalidInputError, StoreUnavailableError
from mailroom.store import Store

pytestmark = [pytest.mark.postgres]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return sibling("certificates").Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server_with(postgres: object, authority: Any) -> Iterator[Callable[[str], Any]]:
    """Servers by the certificate they show."""
    module: ModuleType = sibling("postgres")
    made: dict[str, Any] = {}

    def make(kind: str) -> Any:
        if kind not in made:
            pair = authority.pair(kind)
            made[kind] = module.Postgres(module.find_programs(), tls=(pair.certificate, pair.key))
        return made[kind]

    yield make
    for server in made.values():
        server.close()


def encrypted(url: str) -> bool:
    """Whether the store's own connection is."""
    query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    with Store.open(url, reconnect_seconds=0) as store:
        return bool(store.db.read(lambda tx: tx.execute(query).scalar_one()))


def database(server: Any, query: str = "") -> str:
    return f"{server.url(server.new_database())}{query}"


@pytest.mark.parametrize(
    ("mode", "expected"), [("disable", False), ("prefer", True), ("require", True), ("verify-ca", True),
                           ("verify-full", True)],
)  # fmt: skip
def test_a_server_with_a_good_certificate_is_reached_as_the_url_asks(
    server_with: Callable[[str], Any], authority: Any, mode: str, expected: bool
) -> None:
    url = database(server_with("good"), f"?sslmode={mode}&sslrootcert={authority.ca_file}")
    assert encrypted(url) is expected


def test_on_this_machine_nothing_is_encrypted_unless_it_is_asked_for(server_with: Callable[[str], Any]) -> None:
    assert encrypted(database(server_with("good"))) is False


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_certificate_of_an_unknown_authority_is_refused_at_once_with_what_to_do(
    server_with: Callable[[str], Any], authority: Any, mode: str
) -> None:
    server = server_with("good")
    for trusted in ("", f"&sslrootcert={authority.other_ca_file}"):
        with pytest.raises(StoreUnavailableError, match=r"not to be trusted: .*Name its authority with sslrootcert"):
            Store.open(server.url() + f"?sslmode={mode}{trusted}", reconnect_seconds=30)


def test_the_name_in_the_certificate_counts_for_verify_full_only(
    server_with: Callable[[str], Any], authority: Any
) -> None:
    server = server_with("wrong_host")
    assert encrypted(database(server, f"?sslmode=verify-ca&sslrootcert={authority.ca_file}")) is True
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1"):
        Store.open(server.url() + f"?sslmode=verify-full&sslrootcert={authority.ca_file}", reconnect_seconds=30)


def test_a_server_without_tls_is_taken_as_it_is_only_where_that_is_allowed(postgres: Any, authority: Any) -> None:
    for mode in ("disable", "prefer"):
        assert encrypted(database(postgres, f"?sslmode={mode}")) is False
    for mode in ("require", "verify-full"):
        wanted = f"?sslmode={mode}&sslrootcert={authority.ca_file}"
        with pytest.raises(StoreUnavailableError, match=f"offers no TLS and sslmode={mode} asks for it"):
            Store.open(postgres.url() + wanted, reconnect_seconds=30)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sslmode=always", "sslmode=always .* one of disable, prefer, require, verify-ca, verify-full"),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "sslrootcert=/nowhere/ca.pem .* no such file"),
        (f"sslmode=require&sslcert={__file__}", "sslcert.* cannot be read"),
    ],
)
def test_a_url_that_cannot_be_meant_so_is_named(query: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        Store.open(f"postgresql://mailroom@db.example/mailroom?{query}")


def test_a_password_in_the_url_is_in_no_message(server_with: Callable[[str], Any]) -> None:
    url = server_with("good").url().replace("postgres@", "postgres:s3cret-word@")
    with pytest.raises(StoreUnavailableError) as caught:
        Store.open(f"{url}?sslmode=verify-full")
    assert "s3cret-word" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ssl.SSLError)


def test_the_authorities_of_the_machine_are_read_once_and_not_for_every_connection(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("read for a connection that verifies nothing")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", fail)
    monkeypatch.setattr(ssl, "create_default_context", fail)
    assert encrypted(database(postgres, "?sslmode=prefer")) is False
