"""A refresh token that is renewed outlives the process, also without Prefect."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.kept_token import FILE, KeptRefreshToken
from mailroom.cli.settings import load_settings
from mailroom.errors import InvalidInputError
from mailroom.mail.oauth import TokenHttp

SHOW = """
import sys
from pathlib import Path
from mailroom.cli.settings import load_settings
print(load_settings(Path(sys.argv[1]), {}).mail_account().imap.token._refresh_token)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path, "the-first-token")
    return tmp_path


def write(home: Path, token: str) -> None:
    (home / "mailroom.toml").write_text(
        "[mailbox]\naddress = 'soc@northwind.example'\nprovider = 'microsoft365'\n"
        f"authentication = 'microsoft delegated'\nclient_id = 'an-application'\nrefresh_token = '{token}'\n"
    )


def seen_by_a_new_process(home: Path) -> str:
    done = subprocess.run([sys.executable, "-c", SHOW, str(home)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_renewed_token_is_what_the_next_process_begins_with(service: Any, http: TokenHttp, home: Path) -> None:
    service.answers = [(200, {"access_token": "access-one", "expires_in": 3600, "refresh_token": "the-second-token"})]
    token = load_settings(home, {}).mail_account().need_imap().token
    token._application._authority, token._application._http = f"{service.url}/common", http  # type: ignore[union-attr]

    assert token(False) == "access-one"  # type: ignore[misc]
    assert service.asked[0]["refresh_token"] == "the-first-token"
    assert seen_by_a_new_process(home) == "the-second-token"
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert sorted(one.name for one in home.iterdir()) == ["mailroom.toml", FILE]


def test_another_token_in_the_settings_makes_a_new_beginning(home: Path) -> None:
    KeptRefreshToken(home, "the-first-token").keep("the-second-token")
    write(home, "a-token-of-a-new-sign-in")

    assert seen_by_a_new_process(home) == "a-token-of-a-new-sign-in"


def test_a_token_that_cannot_be_kept_leaves_the_one_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptRefreshToken(home, "the-first-token")
    kept.keep("the-second-token")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep("the-third-token")

    assert kept.current() == "the-second-token"
    assert len(list(home.iterdir())) == 2


def test_a_damaged_file_is_named_with_the_next_step(home: Path) -> None:
    (home / FILE).write_text('{"token": "half')

    with pytest.raises(InvalidInputError, match="damaged: delete it"):
        load_settings(home, {}).mail_account()
