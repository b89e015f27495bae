"""`mailroom investigate`: everything tenant and store know about a sender, a domain, a subject or a link."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson

if TYPE_CHECKING:
    from mailroom.playbooks.investigate import Investigation

COLUMNS = (("when (UTC)", 16), ("from", 30), ("to", 5), ("status", 10), ("risk", 10), ("seen in", 28), ("subject", 34))
_FEW = 12
_WIDE = 600


def investigate(
    sender: Annotated[str, typer.Option(help="Address of a sender.", show_default=False)] = "",
    domain: Annotated[str, typer.Option(help="Everybody at a domain, both directions.", show_default=False)] = "",
    subject: Annotated[str, typer.Option(help="Words that stand together in it.", show_default=False)] = "",
    url: Annotated[str, typer.Option(help="A link, or its host.", show_default=False)] = "",
    days: Annotated[int, typer.Option(help="The last so many days; tracking reaches 29 days 23 hours.", min=1)] = 7,
    limit: Annotated[int, typer.Option(help="Most rows of each source, the newest.", min=1)] = 10_000,
    rows: Annotated[int, typer.Option(help="Messages shown here, the newest.", min=0)] = 50,
    seconds: Annotated[float, typer.Option(help="Time for all sources together.", min=1)] = 120.0,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write every message to a new CSV file.", show_default=False)
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Also write the timeline to a new SVG file.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out what is known about a sender, a domain, a subject or a link; all that is given must fit. Reads only."""
    from mailroom import tables
    from mailroom.playbooks.investigate import as_json as everything
    from mailroom.playbooks.investigate import inquiry_about, timeline
    from mailroom.playbooks.investigate import investigate as ask_all

    for path in (csv, svg):
        if path is not None:
            tables.need_new(path)
    inquiry = inquiry_about(sender=sender, domain=domain, subject=subject, url=url)
    with desk.opened() as here, output.progress(as_json) as progress:
        found = ask_all(here.desk(), inquiry, days=days, most=limit, seconds=seconds, progress=progress)
    if csv is not None:
        found.to_csv(csv)
    if svg is not None:
        tables.write_text(svg, timeline(found))
    if as_json:
        output.print_json(everything(found))
        return
    _show(found, rows)
    for path in (csv, svg):
        if path is not None:
            output.note(f"written to {path}")


def _show(found: Investigation, rows: int) -> None:
    from mailroom.playbooks.investigate import authentication_lines, sentence

    lines = output.Lines(*COLUMNS)
    lines.show(
        (
            f"{one.at:%Y-%m-%d %H:%M}" if one.at else "", one.sender, one.recipient_count, one.status, one.risk,
            ", ".join(one.seen_in), one.subject,
        )
        for one in found.messages[:rows]
    )  # fmt: skip
    if len(found.messages) > rows:
        output.note(f"{len(found.messages) - rows} more; --rows, --csv and --json show them")
    output.console.print(output.plain(sentence(found), _WIDE), style="bold", soft_wrap=True)
    for title, people in (("received by", found.received_by), ("clicked", found.clicked_by)):
        if people:
            more = f", and {len(people) - _FEW} more" if len(people) > _FEW else ""
            output.console.print(output.plain(f"{title}: {', '.join(people[:_FEW])}{more}", _WIDE), soft_wrap=True)
    for line in filter(None, authentication_lines(found)):
        output.console.print(output.plain(line, _WIDE), soft_wrap=True)
    for at, words in found.store.measures[:_FEW]:
        output.console.print(output.plain(f"done {at:%Y-%m-%d %H:%M}: {words}", _WIDE), soft_wrap=True)
    for row in found.sources:
        if row.state in {"could not be asked", "asked in part"}:
            output.note(f"{row.name} {row.state}: {row.detail}")
    for note in found.notes:
        output.note(note)
    for step in found.suggestions:
        output.console.print(output.plain(f"next: {step.why}", _WIDE), soft_wrap=True)
        how = step.command or f"deployment {step.flow}"
        output.console.print(output.plain(f"      {how}", _WIDE), soft_wrap=True)
