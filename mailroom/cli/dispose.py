"""`mailroom release`, `mailroom reject` and `mailroom overturn`: what an analyst decides about one message."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailroom.cli import acting, desk, output
from mailroom.cli.changing import DryRun
from mailroom.cli.options import AsJson
from mailroom.cli.person import account
from mailroom.playbooks import act, breaker
from mailroom.playbooks.disposition_preview import DispositionPreview, preview_disposition

_Message = Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")]


def release(
    message: _Message,
    to_sandbox: Annotated[bool, typer.Option(help="Release to the sandbox of the product (API 1.0 only).")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Release one held message, once. Changes the tenant; final.

    Absolute denials (malware, high risk, own domain failing DMARC, ...) and the kill switch apply to people too.
    """
    _dispose("release_to_sandbox" if to_sandbox else "release", message, {}, dry_run=dry_run, as_json=as_json)


def reject(
    message: _Message,
    note: Annotated[str, typer.Option(help="Text of the rejection notice.")] = "",
    reason: Annotated[str, typer.Option(help="As in the product's drop-down.")] = "Select One",
    notify_sender: Annotated[
        bool, typer.Option(help="Tell the sender. Never for malicious mail: it confirms the address.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Reject one held message, once. Changes the tenant; final."""
    parameters = {"note": note, "reason": reason, "notify_sender": notify_sender}
    _dispose("reject", message, parameters, dry_run=dry_run, as_json=as_json)


def overturn(
    alert: _Message,
    why: Annotated[str, typer.Option(help="What was wrong with the decision.")],
    malicious: Annotated[
        bool, typer.Option(help="The released message was malicious: stops its rules at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say that what was done to a message was wrong. Feeds the circuit breaker; changes nothing in the tenant.

    A rule that the breaker stops gets a case.
    """
    from mailroom.playbooks.breaker_cases import open_breaker_cases

    with desk.opened() as here:
        known = breaker.overturn(here.store, alert, malicious=malicious, who=account(), why=why)
        cases = open_breaker_cases(here.store, here.policy().rails)
    if as_json:
        output.print_json({"alert": known, "malicious": malicious, "cases": [case.id for case in cases]})
        return
    output.console.print(f"alert {known}: recorded; the rules behind the decision are watched from now on")
    for case in cases:
        output.console.print(output.plain(f"case {case.id}: {case.title}"))


def _dispose(kind: str, message: str, parameters: dict[str, Any], *, dry_run: bool, as_json: bool) -> None:
    with desk.opened() as here:
        if dry_run:
            _show(preview_disposition(here.desk(), kind, message, parameters), as_json)
            return
        result = act.dispose(here.desk(), kind, message, parameters, requested_by=account())
    if as_json:
        output.print_json({"action": result.action_id, "state": result.state, "detail": result.detail})
    else:
        output.console.print(output.plain(f"{result.state}: {result.detail}", 500))
    acting.exit_if_not_applied([result], refused_is_well=False)


def _show(preview: DispositionPreview, as_json: bool) -> None:
    if as_json:
        output.print_json(preview.as_json())
        return
    output.console.print(output.plain(preview.text, 2_000))
    output.note("dry run: nothing was changed")
