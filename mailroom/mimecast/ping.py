"""A staged check of one connection: which stage fails, and what to do about it. Never raises for a failed stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mailroom.errors import (
    AccessError,
    BindingExpiredError,
    CredentialsError,
    MailroomError,
    NotOfferedError,
    PermissionMissingError,
    RateLimitError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import account, capabilities, held
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.network_check import NETWORK_STAGES, StageFailure
from mailroom.mimecast.outcomes import EffectUnknownError
from mailroom.stages import Stage

PASSED = "Successfully connected to the Mimecast server with the provided connection parameters!"
_PATIENCE = 15.0
"""Seconds for one call, its repeats and the token included: whoever asks for a check looks on."""
_TOLERATED_SKEW = timedelta(seconds=120)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PingReport:
    """All stages in order; later ones are not tried after a failure that makes them pointless."""

    stages: list[Stage]

    @property
    def ok(self) -> bool:
        """True when no stage failed."""
        return all(stage.ok is not False for stage in self.stages)

    @property
    def first_failure(self) -> Stage | None:
        """The stage to mend first."""
        return next((stage for stage in self.stages if stage.ok is False), None)

    @property
    def message(self) -> str:
        """The documented sentence; after a failure with the stage, the reason and what to do."""
        failure = self.first_failure
        if failure is None:
            return PASSED
        advice = f"; {failure.advice}" if failure.advice else ""
        return f"Failed to connect to the Mimecast server! Error is {failure.name}: {failure.detail}{advice}"

    def need(self) -> None:
        """Go on only when no stage failed.

        Raises:
            TransientError: no connection; trying again may help.
            AccessError: credentials, clock or a permission are to be mended first.
        """
        failure = self.first_failure
        if failure is not None:
            network = {name for name, _ in NETWORK_STAGES}
            raise TransientError(self.message) if failure.name in network else AccessError(self.message)


def ping(client: MimecastClient) -> PingReport:
    """Check name, connection, TLS, credentials, clock, each permission the playbooks need, and one read.

    Effect: reads. The right to release and reject is asked for with a request that names no message.
    """
    client = client.within(_PATIENCE)
    stages: list[Stage] = []
    for name, check in NETWORK_STAGES:
        stages.append(_network(client, name, check))
        if stages[-1].ok is False:
            return _ended(stages)
    credentials = _timed(client, "credentials", lambda: _credentials(client))
    stages += [credentials, _clock(client)]
    if credentials.ok is False:
        return _ended(stages)
    now = client.now()
    window = {"start": format_date(now - _HOUR), "end": format_date(now)}
    probes: Sequence[tuple[Function, list[Mapping[str, Any]], dict[str, Any] | None]] = (
        (capabilities.GET_ACCOUNT, [], None),
        (capabilities.HOLD_LIST, [{"admin": True, **window}], {"pageSize": 1}),
        (capabilities.HOLD_SUMMARY, [], None),
        (capabilities.TRACKING_SEARCH, [{"searchReason": "connection check", **window}], {"pageSize": 1}),
        (capabilities.RELEASE_LOGS, [window], {"pageSize": 1}),
        (capabilities.HOLD_RELEASE, [], None),
    )
    stages += [_permission(client, *probe) for probe in probes]
    stages.append(_timed(client, "one read", lambda: _read(client)))
    return PingReport(stages)


def _network(client: MimecastClient, name: str, check: Callable[[MimecastClient], str | None]) -> Stage:
    started = client.clock.monotonic()
    try:
        detail = check(client)
    except StageFailure as error:
        return Stage(name, False, error.detail, error.advice, client.clock.monotonic() - started)
    spent = client.clock.monotonic() - started
    return Stage(name, None, "not needed here") if detail is None else Stage(name, True, detail, "", spent)


def _timed(client: MimecastClient, name: str, work: Callable[[], str]) -> Stage:
    started = client.clock.monotonic()
    try:
        detail = work()
    except MailroomError as error:
        return Stage(name, False, str(error), _advice(error), client.clock.monotonic() - started)
    return Stage(name, True, detail, "", client.clock.monotonic() - started)


def _credentials(client: MimecastClient) -> str:
    try:
        tenant = account.get_account(client)
    except PermissionMissingError:
        return f"API {client.generation}, accepted (but not allowed to read the account: see below)"
    except ResponseError as error:
        raise ResponseError(f"{error} (is {client.api_root} a Mimecast host?)") from error
    return f"API {client.generation}, account {tenant.code}, region {tenant.region or 'unknown'}"


def _clock(client: MimecastClient) -> Stage:
    skew = client.skew
    if skew is None:
        return Stage("clock", None, "Mimecast sent no time to compare with")
    detail = f"this machine's clock differs by {abs(skew).total_seconds():.0f} s"
    if abs(skew) <= _TOLERATED_SKEW:
        return Stage("clock", True, detail)
    return Stage("clock", False, detail, "set this machine's clock (NTP): requests are refused when it is minutes off")


def _permission(
    client: MimecastClient, function: Function, items: Sequence[Mapping[str, Any]], page: dict[str, Any] | None
) -> Stage:
    name = f"permission {function.permission}"
    started = client.clock.monotonic()

    def stage(ok: bool | None, detail: str, advice: str = "") -> Stage:
        return Stage(name, ok, f"{function.path}: {detail}", advice, client.clock.monotonic() - started)

    try:
        client.call(function, items, page=page, per_item=True)
    except (AccessError, NotOfferedError) as error:
        return stage(False, str(error), _advice(error))
    except (RateLimitError, TransientError, EffectUnknownError) as error:
        return stage(None, f"could not be told: {error}", "run the check again later")
    except MailroomError as error:
        if function.effect == "changes":
            return stage(True, "not refused (asked without naming a message)")
        return stage(False, str(error), _advice(error))
    return stage(True, "granted" if function.effect == "reads" else "not refused (asked without naming a message)")


def _read(client: MimecastClient) -> str:
    now = client.now()
    first = next(held.get_hold_message_list(client, start=now - _HOUR, end=now, page_size=25), [])
    return f"{len(first)} held messages of the last hour on the first page"


def _advice(error: MailroomError) -> str:
    """What to do, in one clause; the error's own text says the rest."""
    if isinstance(error, CredentialsError):
        return "mend the stored credentials, then check again"
    if isinstance(error, (PermissionMissingError, BindingExpiredError)):
        return "mend the role or the application in the administration console, then check again"
    if isinstance(error, TransientError):
        return "check the API root, and the proxy if there is one; if they are right, try again later"
    return "mend what the reason names, then check again"


def _ended(stages: list[Stage]) -> PingReport:
    """The report after a failure that makes the rest pointless."""
    rest = ["credentials", "permissions", "one read"]
    if any(stage.name == "credentials" for stage in stages):
        rest = rest[1:]
    return PingReport([*stages, *(Stage(name, None, "not tried") for name in rest)])
