"""Where the command line finds its settings, and what it says when they are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailroom.cli.settings import load_settings
from mailroom.errors import InvalidInputError, StoreUnavailableError
from mailroom.triage.extract import extract
from mailroom.triage.rails import forbidden
from mailroom.triage.samples import event_of


def write(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / "mailroom.toml").write_text(text)
    return home


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_id = 'from-file'\napi_root = 'https://one.example'\n")

    settings = load_settings(home, {"MAILROOM_MIMECAST_CLIENT_ID": "from-environment"})

    assert settings.mimecast.client_id == "from-environment"
    assert settings.mimecast.api_root == "https://one.example"


def test_a_secret_can_be_a_file_beside_the_settings(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_secret_file = 'secret'\n")
    (home / "secret").write_text("s3cret-value\n")

    assert load_settings(home, {}).mimecast.client_secret == "s3cret-value"


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_secret_file = '/nowhere/secret'\n")

    with pytest.raises(InvalidInputError, match="/nowhere/secret"):
        load_settings(home, {})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[mimecast]\nclient_idd = 'x'\n", "mimecast.client_idd: there is no such key; did you mean client_id?"),
        ("[mailbox]\nca_file = 'ca.pem'\n", "mailbox.ca_file: there is no such key; did you mean ca_bundle?"),
        ("[store]\nzzz = 'x'\n", "store.zzz: there are only url, blobs"),
        ("[mailbox]\nzzz = 'x'\n", "proxy_username, proxy_password, name"),
        ("[mailboxes]\n", "mailboxes: there is no such section; there are mimecast, mailbox"),
        ("[held]\nworkers = 'many'\n", "held.workers"),
        ("[mailbox]\nfolders = 'INBOX'\n", 'mailbox.folders: write a list, such as ["one", "two"]'),
        ("[policy]\nrules = 'rules'\n", 'policy.rules: write a list, such as ["one", "two"]'),
        ("[mailbox]\nimap_security = 'ssl'\n", "mailbox.imap_security: Input should be 'implicit', 'starttls'"),
        ("[policy.modes]\nrelease = 'always'\n", "policy.modes.release"),
        ("[policy.modes]\nreleese = 'auto'\n", "policy.modes.releese.[key]: Input should be 'release', 'reject'"),
        ("[mimecast\n", "not valid TOML"),
        ("held = 3\n", "must be a table"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    home = write(tmp_path / "h", text)

    with pytest.raises(InvalidInputError, match=re.escape(named)) as raised:
        load_settings(home, {})

    assert str(home) in str(raised.value)


def test_settings_never_show_their_secrets(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_secret = 's3cret-value'\nproxy = 'http://u:pw-value@p:1'\n")

    settings = load_settings(home, {})

    assert "s3cret-value" not in repr(settings)
    assert "pw-value" not in repr(settings)


def test_without_credentials_the_error_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="MAILROOM_MIMECAST_CLIENT_SECRET"):
        load_settings(tmp_path / "none", {}).open_client()


def test_impossible_limits_are_refused_with_the_possible_ones(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[held]\nmax_hours_backwards = 5000\n")

    with pytest.raises(InvalidInputError, match="1 to 719"):
        load_settings(home, {}).held_settings()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("routes = ['inbond']", "routes has 'inbond': choose from external, inbound, internal, outbound"),
        ("time_limit = -3", "time_limit is -3.0: choose a number from 0 to 86400"),
        ("time_limit = nan", "time_limit is nan"),
        ("instance = ''", "instance is empty"),
    ],
)
def test_a_setting_by_which_nothing_would_ever_come_in_is_refused(tmp_path: Path, line: str, words: str) -> None:
    home = write(tmp_path / "h", f"[held]\n{line}\n")

    with pytest.raises(InvalidInputError, match=words):
        load_settings(home, {}).held_settings()


def test_a_rule_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[policy]\nrules = ['no-such-folder']\n")

    with pytest.raises(InvalidInputError, match="no-such-folder"):
        load_settings(home, {}).triage_policy()


RAILS = """[policy]
modes = { release = "auto", reject = "auto" }
own_senders = ["SOC@Northwind.Example"]
per_action = { release = 5 }
breaker_window = 100
breaker_overturn = 0.01
"""


def test_every_rail_can_be_set(tmp_path: Path) -> None:
    rails = load_settings(write(tmp_path / "h", RAILS), {}).triage_policy().rails

    assert rails.own_senders == {"soc@northwind.example"}
    assert (rails.per_action, rails.breaker_window, rails.breaker_overturn) == ({"release": 5}, 100, 0.01)


@pytest.mark.parametrize("kind", ["release", "reject", "release_to_sandbox", "ask_recipient"])
def test_mail_of_an_own_sender_is_not_acted_on(tmp_path: Path, kind: str) -> None:
    policy = load_settings(write(tmp_path / "h", RAILS), {}).triage_policy()

    def rails_against(sender: str, *, by_person: bool = False) -> set[str]:
        facts = extract(event_of({"from": sender, "auth": {"dmarc": "pass"}}), policy.ruleset().context)
        return {rail for rail, _ in forbidden(kind, facts, policy.rails, {}, by_person=by_person)}

    assert "R10" in rails_against("Security <soc@northwind.example>")
    assert "R10" not in rails_against("Security <x@northwind.example>")
    asks = kind == "ask_recipient"  # who only claims our address can still be released or rejected by a person
    assert ("R10" in rails_against("Security <soc@northwind.example>", by_person=True)) is asks


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('own_senders = ["soc"]', "own_senders: .*is no address"),
        ("per_action = { relaese = 5 }", "per_action.relaese"),
        ("per_action = { release = -1 }", "per_action.release"),
        ("breaker_window = 0", "breaker_window"),
        ("breaker_overturn = 2", "breaker_overturn"),
        ("approval_hours = 0", "policy: approval_hours: "),
        ("reject_reason = 'Spam'", "reject_reason: 'Spam' is no reason .*Against Email Policy"),
    ],
)
def test_a_rail_that_cannot_be_meant_is_named(tmp_path: Path, line: str, words: str) -> None:
    home = write(tmp_path / "h", f"[policy]\n{line}\n")

    with pytest.raises(InvalidInputError, match=words):
        load_settings(home, {}).triage_policy()


def test_the_home_folder_is_private(tmp_path: Path) -> None:
    home = tmp_path / "new"

    load_settings(home, {}).open_store().close()

    assert home.stat().st_mode & 0o777 == 0o700


def test_the_environment_wins_over_a_secret_in_a_file(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_secret_file = 'secret'\n")
    (home / "secret").write_text("from-file")
    (home / "other").write_text("from-other-file")

    written = load_settings(home, {"MAILROOM_MIMECAST_CLIENT_SECRET": "from-environment"})
    named = load_settings(home, {"MAILROOM_MIMECAST_CLIENT_SECRET_FILE": str(home / "other")})

    assert written.mimecast.client_secret == "from-environment"
    assert named.mimecast.client_secret == "from-other-file"


def test_every_key_can_come_from_the_environment_lists_and_tables_too(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {
        "MAILROOM_POLICY_LISTS": "lists, more\\, of them", "MAILROOM_POLICY_MODES": '{"release": "advise"}',
        "MAILROOM_POLICY_KILL_SWITCH": "true", "MAILROOM_MAILBOX_FOLDERS": "INBOX,Reported",
        "MAILROOM_TRACKED_DOMAINS": "a.example,b.example", "MAILROOM_INTAKE_MAX_PER_CYCLE": "7",
        "MAILROOM_MAIL_RULES_RULES": "starter",
    })  # fmt: skip

    assert settings.policy.lists == ["lists", "more, of them"]
    assert (settings.policy.modes, settings.policy.kill_switch) == ({"release": "advise"}, True)
    assert settings.mailbox.folders == ("INBOX", "Reported")
    assert settings.tracked.settings().domains == ("a.example", "b.example")
    assert (settings.intake.max_per_cycle, settings.mail_rules.rules) == (7, ["starter"])


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MAILROOM_MIMECAST_SECRET", "x", "there is no such key; did you mean"),
        ("MAILROOM_HELD_WORKERS", "many", "valid integer"),
        ("MAILROOM_POLICY_MODES", "auto", "is not JSON"),
        ("MAILROOM_POLICY_MODES", '{"release": "always"}', "'observe', 'advise' or 'auto'"),
        ("MAILROOM_MIMECAST_CLIENT_SECRET_FILE", "/nowhere/secret", "names /nowhere/secret, which cannot be read"),
    ],
)
def test_a_wrong_variable_is_named_and_not_the_file(tmp_path: Path, variable: str, value: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as raised:
        load_settings(tmp_path, {variable: value})

    assert str(raised.value).startswith(variable)
    assert "mailroom.toml" not in str(raised.value)


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "[mimecast]\nclient_secret_file = 'secret'\n")
    (home / "secret").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InvalidInputError, match=r"secret, which cannot be read \(it is not UTF-8\)"):
        load_settings(home, {})


def test_a_file_that_windows_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    home = write(tmp_path / "h", "\ufeff[policy]\nkill_switch = true\n")

    assert load_settings(home, {}).policy.kill_switch


def test_a_home_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreUnavailableError, match=rf"{home} cannot be made .*--home or MAILROOM_HOME"):
            load_settings(home, {}).open_store()


def test_sending_can_have_a_login_of_its_own_or_none(tmp_path: Path) -> None:
    mailbox = "[mailbox]\naddress = 'soc@h.example'\nimap_host = 'h.example'\nsmtp_host = 'h.example'\n"
    home = write(
        tmp_path / "h", f"{mailbox}password = 'reading'\nsmtp_username = 'out'\nsmtp_password_file = 'sending'\n"
    )
    (home / "sending").write_text("kanari-sending\n")

    settings = load_settings(home, {})
    smtp, relay = (
        settings.mail_account().smtp,
        load_settings(write(home, f"{mailbox}password = 'reading'\n"), {"MAILROOM_MAILBOX_SMTP_LOGIN": "false"})
        .mail_account()
        .smtp,
    )

    assert (smtp.username, smtp.password) == ("out", "kanari-sending")
    assert "kanari-sending" not in repr(settings)
    assert (relay.username, relay.password) == ("", "")
