"""`mailroom sandbox`: a tenant to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run_sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 = any free one.")] = 8025,
    messages: Annotated[int, typer.Option(help="How many messages the hold queue starts with.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same queue.")] = 7,
    state: Annotated[
        Path | None, typer.Option(help="Folder that remembers what was done to the tenant.", show_default=False)
    ] = None,
    rate_limit: Annotated[str, typer.Option(help="Calls per function, such as 100/s or 3000/60s.")] = "",
    mail: Annotated[int, typer.Option(help="A mail server too, with so many mails and people who answer.")] = 0,
    hostile: Annotated[bool, typer.Option("--hostile", help="Put attacking texts into some messages.")] = False,
) -> None:
    """Run a Mimecast tenant on this machine: real HTTP, both API generations, a memory, no real mail.

    Prints its address and credentials as one JSON object, then serves until it is stopped.
    """
    import sandbox as tenant_sandbox  # no other command needs it

    arguments = ["--port", str(port), "--messages", str(messages), "--seed", str(seed)]
    if state is not None:
        arguments += ["--state", str(state)]
    if rate_limit:
        arguments += ["--rate-limit", rate_limit]
    if mail:
        arguments += ["--mail", str(mail)]
    if hostile:
        arguments.append("--hostile")
    raise typer.Exit(tenant_sandbox.main(arguments))
