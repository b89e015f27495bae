"""What the command line knows without Prefect: one folder ("home") with `mailroom.toml`, the database and the blobs.

Found in this order: `--home`, the environment variable MAILROOM_HOME, `.mailroom` in the current folder,
`.mailroom` in the user's home. Any key can also come from the environment: MAILROOM_MIMECAST_CLIENT_SECRET for
`client_secret` in `[mimecast]`; a list is separated by commas there, a table is JSON. A secret can be a file:
`client_secret_file = "/run/secrets/mimecast"`.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mailroom.cli import output
from mailroom.cli.kept_token import KeptRefreshToken
from mailroom.connectors.mailbox_form import MailboxForm
from mailroom.connectors.tracked_form import TrackedForm
from mailroom.errors import InvalidInputError, StoreUnavailableError
from mailroom.mail.account_fields import AccountFields

if TYPE_CHECKING:
    from mailroom.cases.templates import IncidentTemplate
    from mailroom.connectors.held_settings import HeldSettings
    from mailroom.mail.account import MailAccount
    from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
    from mailroom.mimecast.client import OnWait
    from mailroom.playbooks.policy import Policy
    from mailroom.store import Store

FILE = "mailroom.toml"
_NO_SUCH_KEY = {"extra_forbidden", "unexpected_keyword_argument"}
_NOT_LISTED = {"list_type", "tuple_type"}
_NO_LIST = 'write a list, such as ["one", "two"]'
_SECTIONS = ("mimecast", "mailbox", "intake", "store", "policy", "held", "tracked", "cases", "mail_rules")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MimecastSection(_Section):
    """`[mimecast]`: the tenant."""

    api_root: str = ""
    client_id: str = ""
    client_secret: str = Field(default="", repr=False)
    application_id: str = ""
    application_key: str = Field(default="", repr=False)
    access_key: str = Field(default="", repr=False)
    secret_key: str = Field(default="", repr=False)
    email: str = ""
    password: str = Field(default="", repr=False)
    verify: bool = True
    ca_bundle: str = ""
    proxy: str = Field(default="", repr=False)


@dataclass(frozen=True)
class MailboxSection(AccountFields):
    """`[mailbox]`: one mailbox; the same words as in the MailboxCredentials block."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str = "default"


class StoreSection(_Section):
    """`[store]`: the database; SQLite in the home folder by default."""

    url: str = Field(default="", repr=False)
    blobs: str = ""


class PolicySection(_Section):
    """`[policy]`: rules, lists, modes and rails; the same words as in the TriagePolicy block."""

    rules: list[str] = []
    lists: list[str] = []
    starter_rules: bool = True
    kill_switch: bool = False
    require_evaluated_rules: bool = True
    wide_changes_need_approval: bool = False
    modes: dict[
        Literal["release", "reject", "release_to_sandbox", "block_sender", "ask_recipient"],
        Literal["observe", "advise", "auto"],
    ] = {}
    per_run: int = 20
    per_hour: int = 100
    per_sender_domain: int = 10
    max_release_share: float = 0.30
    per_action: dict[Literal["release", "reject", "release_to_sandbox", "block_sender", "ask_recipient"], int] = {}
    breaker_window: int = 200
    breaker_overturn: float = 0.02
    own_senders: list[str] = []
    reject_note: str = ""
    reject_reason: str = "Select One"
    recipient_language: str = "en"
    recipient_languages: dict[str, str] = {}
    recipient_hours: float = 24.0
    recipient_proof: bool = False
    approvers: list[str] = []
    approval_mailbox: str = ""
    approval_hours: float = 4.0


class HeldSection(_Section):
    """`[held]`: the held connector."""

    instance: str = "held"
    max_hours_backwards: int = 14 * 24
    overlap_minutes: int = 60
    patience_minutes: int = 10
    max_messages: int = 0
    time_limit: float = 0.0
    with_detail: bool = True
    routes: list[str] = []
    queue_reasons: list[str] = []
    lowest_risk: Literal["", "negligible", "low", "medium", "high"] = ""
    ingest_without_risk: bool = True
    environment: str = "Default Environment"
    workers: int = 8
    tenant: str = ""


class CasesSection(_Section):
    """`[cases]`: incident templates."""

    templates: list[str] = []
    starter_templates: bool = True


class MailRulesSection(_Section):
    """`[mail_rules]`: rules on mail that came into the mailbox."""

    rules: list[str] = []
    """Folders of rules; `starter` names the packaged ones. Empty: no rules are applied."""
    lists: list[str] = []
    """Folders of lists, besides those of the policy."""
    days: float = 30.0
    """Mail stored longer ago is left alone; 0: none is."""


class Settings(_Section):
    """Everything in `mailroom.toml`, with the environment laid over it."""

    home: Path
    mimecast: MimecastSection = MimecastSection()
    mailbox: MailboxSection = MailboxSection()
    intake: MailboxForm = MailboxForm()
    """`[intake]`: the mailbox connector."""
    store: StoreSection = StoreSection()
    policy: PolicySection = PolicySection()
    held: HeldSection = HeldSection()
    tracked: TrackedForm = TrackedForm()
    """`[tracked]`: the tracking connector."""
    cases: CasesSection = CasesSection()
    mail_rules: MailRulesSection = MailRulesSection()

    def open_store(self) -> Store:
        """Open the store, making the home folder and the database where they do not exist.

        Raises:
            StoreError, InvalidInputError: it cannot be opened; the message says what to do.
        """
        from mailroom.store import Store

        file = self._made_home() / "mailroom.db" if not self.store.url else None
        if file is not None and not file.exists():
            output.note(f"there was no store yet: an empty one is made, {file}")
        url = self.store.url or f"sqlite:///{file}"
        return Store.open(url, blobs=self.store.blobs or str((self.home / "blobs").resolve()))

    def _made_home(self) -> Path:
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            msg = (
                f"The folder {self.home} cannot be made ({error.strerror}): name another with --home or MAILROOM_HOME, "
                "or give the one above it to this user."
            )
            raise StoreUnavailableError(msg) from error
        return self.home.resolve()

    def open_client(self, on_wait: OnWait | None = None) -> MimecastClient:
        """Open a client for the tenant.

        Raises:
            InvalidInputError: neither kind of credentials is complete.
        """
        from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient

        mimecast = self.mimecast
        credentials: ApplicationKeys | ClientCredentials
        if mimecast.client_id and mimecast.client_secret:
            credentials = ClientCredentials(mimecast.client_id, mimecast.client_secret)
        elif mimecast.application_id and mimecast.application_key and mimecast.access_key and mimecast.secret_key:
            credentials = ApplicationKeys(
                mimecast.application_id,
                mimecast.application_key,
                mimecast.access_key,
                mimecast.secret_key,
                email=mimecast.email,
                password=mimecast.password,
            )
        else:
            msg = (
                f"No Mimecast credentials. Write [mimecast] api_root, client_id and client_secret_file into "
                f"{self.home / FILE}, or set MAILROOM_MIMECAST_API_ROOT, MAILROOM_MIMECAST_CLIENT_ID and "
                "MAILROOM_MIMECAST_CLIENT_SECRET. `mailroom demo` shows everything without a tenant."
            )
            raise InvalidInputError(msg)
        return MimecastClient(
            mimecast.api_root or "https://api.services.mimecast.com",
            credentials,
            proxy=mimecast.proxy or None,
            verify=(mimecast.ca_bundle or True) if mimecast.verify else False,
            on_wait=on_wait,
        )

    def mail_account(self) -> MailAccount:
        """The mailbox.

        Raises:
            InvalidInputError: it is not configured, or a field is wrong.
        """
        from mailroom.mail.account import account_from  # only commands that use a mailbox pay for it

        if not self.mailbox.address:
            msg = (
                f"No mailbox. Write [mailbox] address, imap_host, smtp_host and password_file into {self.home / FILE}, "
                "or set MAILROOM_MAILBOX_ADDRESS and so on. `mailroom demo` shows everything without a mailbox."
            )
            raise InvalidInputError(msg)
        if self.mailbox.authentication != "microsoft delegated":
            return account_from(self.mailbox.name, self.mailbox)
        kept = KeptRefreshToken(self.home, self.mailbox.refresh_token)
        mailbox = replace(self.mailbox, refresh_token=kept.current())
        return account_from(mailbox.name, mailbox, keep_refresh_token=kept.keep)

    def held_settings(self) -> HeldSettings:
        """Settings of the held connector."""
        from mailroom.connectors.held_settings import HeldSettings

        given = self.held.model_dump(exclude={"tenant"})
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        return HeldSettings(**fields)

    def triage_policy(self) -> Policy:
        """Rules, lists and rails."""
        from mailroom.playbooks.policy import Policy

        fields = self.policy.model_dump()
        rules = tuple(self._below_home(path) for path in fields.pop("rules"))
        lists = tuple(self._below_home(path) for path in fields.pop("lists"))
        hours, approvers = fields.pop("approval_hours"), tuple(fields.pop("approvers"))
        return Policy.build(rules=rules, lists=lists, approvers=approvers, approval_ttl_hours=hours, **fields)

    def incident_templates(self) -> dict[str, IncidentTemplate]:
        """The templates that come with mailroom, and those of the folders named, by name."""
        from mailroom.cases.templates import load_templates

        found = load_templates() if self.cases.starter_templates else {}
        folders = [self._below_home(path) for path in self.cases.templates]
        return found | (load_templates(*folders) if folders else {})

    def mail_rule_folders(self, names: list[str]) -> list[str]:
        """Folders of rules on mail or of their lists as they are named; `starter` stays what it is."""
        return [name if name == "starter" else str(self._below_home(name)) for name in names]

    def _below_home(self, path: str) -> Path:
        return self.home / Path(path).expanduser()


def load_settings(home: Path | None = None, environment: dict[str, str] | None = None) -> Settings:
    """Read `mailroom.toml` of the home folder and lay the environment over it.

    Raises:
        InvalidInputError: a key is unknown or has the wrong type; the message names file and key, or the variable.
    """
    environment = dict(os.environ) if environment is None else environment
    home = home or find_home(environment)
    file = home / FILE
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text("utf-8-sig")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file}: not valid TOML: {error}"
        raise InvalidInputError(msg) from error
    except OSError as error:
        msg = f"{file} cannot be read ({error.strerror}): check its owner and mode."
        raise InvalidInputError(msg) from error
    variables: dict[tuple[str, ...], str] = {}
    for section in _SECTIONS:
        table = document.setdefault(section, {})
        if not isinstance(table, dict):
            msg = f"{file}: {section} must be a table: write [{section}]."
            raise InvalidInputError(msg)
        _read_files(table, file, section)
        given = _from_environment(section, environment)
        variables |= {(section, name.removesuffix("_file")): _variable(section, name) for name in given}
        _read_files(given, file, section, of_environment=True)
        table |= given
    try:
        return Settings(home=home, **document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = [str(part) for part in first["loc"] if not str(part).startswith("literal[")]
        where = variables.get(tuple(place[:2]), f"{file}: {'.'.join(place)}")
        said = _NO_LIST if first["type"] in _NOT_LISTED else first["msg"]
        msg = f"{where}: {_unknown(first['loc']) if first['type'] in _NO_SUCH_KEY else said}"
        raise InvalidInputError(msg) from None


def find_home(environment: dict[str, str]) -> Path:
    """The home folder, whether it exists yet or not."""
    if chosen := environment.get("MAILROOM_HOME"):
        return Path(chosen).expanduser()
    here = Path.cwd() / ".mailroom"
    return here if here.exists() else Path.home() / ".mailroom"


def _variable(section: str, name: str) -> str:
    return f"MAILROOM_{section}_{name}".upper()


def _from_environment(section: str, environment: dict[str, str]) -> dict[str, Any]:
    """The keys of a section that the environment names; they are texts, and lists and tables are written as such."""
    prefix = _variable(section, "")
    named = {name.removeprefix(prefix).lower(): name for name in environment if name.startswith(prefix)}
    if not named:
        return {}
    kinds = get_type_hints(Settings.model_fields[section].annotation)
    return {
        key: _read_as(get_origin(kinds.get(key)), environment[variable], variable) for key, variable in named.items()
    }


def _read_as(kind: Any, text: str, variable: str) -> Any:
    if kind in (list, tuple):
        from mailroom.mail.imap import parse_list  # seldom in the environment

        return parse_list(text)
    if kind is not dict:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f'{variable} is not JSON: write a table as {{"name": "value"}}.'
        raise InvalidInputError(msg) from error


def _keys(section: str) -> list[str]:
    kind: Any = Settings.model_fields[section].annotation
    return list(kind.model_fields) if issubclass(kind, BaseModel) else [one.name for one in fields(kind)]


def _unknown(place: tuple[int | str, ...]) -> str:
    """What to do about a key that does not exist: the one that was meant, or all there are."""
    section, *names = map(str, place)
    if not names:
        return f"there is no such section; there are {', '.join(_SECTIONS)}"
    near = get_close_matches(names[-1], _keys(section), 1)
    return f"there is no such key; did you mean {near[0]}?" if near else f"there are only {', '.join(_keys(section))}"


def _read_files(table: dict[str, Any], file: Path, section: str, *, of_environment: bool = False) -> None:
    """Put the content of files in place of their names."""
    keys = _keys(section)
    for name in [name for name in table if name.endswith("_file") and name.removesuffix("_file") in keys]:
        path = Path(str(table.pop(name))).expanduser()
        path = path if path.is_absolute() else file.parent / path
        try:
            table[name.removesuffix("_file")] = path.read_text("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            where = _variable(section, name) if of_environment else f"{file}: {name}"
            msg = f"{where} names {path}, which cannot be read ({reason})."
            raise InvalidInputError(msg) from error
