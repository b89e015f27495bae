"""`mailroom release`, `mailroom reject` and `mailroom overturn`: what an analyst decides about one message."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from mailroom.cli import acting, desk, output
from mailroom.playbooks import act, breaker

_Message = Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def release(
    message: _Message,
    to_sandbox: Annotated[bool, typer.Option(help="Release to the sandbox of the product (API 1.0 only).")] = False,
    as_json: _Json = False,
) -> None:
    """Release one held message, once. Changes the tenant; final.

    Absolute denials (malware, high risk, own domain failing DMARC, ...) and the kill switch apply to people too.
    """
    _dispose("release_to_sandbox" if to_sandbox else "release", message, {}, as_json)


def reject(
    message: _Message,
    note: Annotated[str, typer.Option(help="Text of the rejection notice.")] = "",
    reason: Annotated[str, typer.Option(help="As in the product's drop-down.")] = "Select One",
    notify_sender: Annotated[
        bool, typer.Option(help="Tell the sender. Never for malicious mail: it confirms the address.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Reject one held message, once. Changes the tenant; final."""
    _dispose("reject", message, {"note": note, "reason": reason, "notify_sender": notify_sender}, as_json)


def overturn(
    alert: _Message,
    why: Annotated[str, typer.Option(help="What was wrong with the decision.")],
    malicious: Annotated[
        bool, typer.Option(help="The released message was malicious: stops its rules at once.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Say that what was done to a message was wrong. Feeds the circuit breaker; changes nothing in the tenant.

    A rule that the breaker stops gets a case.
    """
    from mailroom.playbooks.breaker_cases import open_breaker_cases

    with desk.opened() as here:
        known = breaker.overturn(here.store, alert, malicious=malicious, who=getpass.getuser(), why=why)
        cases = open_breaker_cases(here.store, here.policy().rails)
    if as_json:
        output.print_json({"alert": known, "malicious": malicious, "cases": [case.id for case in cases]})
        return
    output.console.print(f"alert {known}: recorded; the rules behind the decision are watched from now on")
    for case in cases:
        output.console.print(output.plain(f"case {case.id}: {case.title}"))


def _dispose(kind: str, message: str, parameters: dict[str, Any], as_json: bool) -> None:
    with desk.opened() as here:
        result = act.dispose(here.desk(), kind, message, parameters, requested_by=getpass.getuser())
    if as_json:
        output.print_json({"action": result.action_id, "state": result.state, "detail": result.detail})
    else:
        output.console.print(output.plain(f"{result.state}: {result.detail}", 500))
    acting.exit_if_not_applied([result], refused_is_well=False)
