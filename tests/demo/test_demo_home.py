"""What the demo's processes are told about Prefect."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailroom.cli.demo.home import DemoHome
from mailroom.errors import InvalidInputError


def test_prefect_clients_are_made_with_one_authority_because_the_demo_speaks_plain_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.northwind.example/api")
    told = DemoHome(tmp_path / "demo", 20, 7).prefect_environment()

    assert told["PREFECT_API_URL"].startswith("http://127.0.0.1:")
    trusted = ssl.create_default_context(cafile=told["PREFECT_API_SSL_CERT_FILE"])
    assert trusted.cert_store_stats()["x509_ca"] == 1


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInputError, match=rf"{tmp_path / 'file' / 'demo'} .*--state"):
        DemoHome(tmp_path / "file" / "demo", 20, 7)
