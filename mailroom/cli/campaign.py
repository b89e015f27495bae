"""`mailroom campaign ...`: mails that belong together."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.clock import SYSTEM_CLOCK

_WIDE = 400

campaign_app = typer.Typer(
    help="Campaigns: mails that belong together, and why.", no_args_is_help=True, rich_markup_mode=None
)


@campaign_app.callback()
def _campaign() -> None:
    """Campaigns. A way of looking at mail: nothing is decided, closed or blocked because of one."""


@campaign_app.command("list")
def show_all(
    days: Annotated[float, typer.Option(help="Only mail that came in within so many days; 0 = any.")] = 30.0,
    least: Annotated[int, typer.Option(help="Alerts a campaign must have.", min=1)] = 2,
    limit: Annotated[int, typer.Option(help="Most campaigns, the largest.", min=1)] = 25,
    as_json: AsJson = False,
) -> None:
    """Show the campaigns. Alerts that are in none yet are put into theirs first; nothing else is written."""
    from mailroom.cases.campaign import explain_campaign
    from mailroom.playbooks.campaigns import group_all

    since = SYSTEM_CLOCK.now() - timedelta(days=min(days, 100_000)) if days > 0 else None
    with desk.opened() as here:
        with output.progress(as_json) as progress:
            group_all(here.store, progress=lambda done: progress("campaigns", done, None))
        rows = here.store.campaigns.list(since=since, least=least, limit=limit)
    if as_json:
        output.print_json({"campaigns": [
            {
                "key": row.key, "alerts": row.alerts, "senders": row.senders, "recipients": row.recipients,
                "first_at": row.first_at.isoformat(), "last_at": row.last_at.isoformat(), "parts": row.parts,
            }
            for row in rows
        ]})  # fmt: skip
        return
    cells = [
        (row.key[:16], row.alerts, row.senders, row.recipients, f"{row.first_at:%Y-%m-%d}", f"{row.last_at:%Y-%m-%d}",
         "; ".join(value for _, value in explain_campaign(row.parts)[:3]))
        for row in rows
    ]  # fmt: skip
    columns = ("campaign", "alerts", "senders", "recipients", "from", "to", "why")
    output.table(f"{len(rows)} campaigns", columns, cells, _WIDE)


@campaign_app.command("show")
def show(
    campaign: Annotated[str, typer.Argument(help="Its key, the beginning of it, or the number of an alert in it.")],
    limit: Annotated[int, typer.Option(help="Alerts named, the newest.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show one campaign: why its mails belong together, which they are, which incidents, what is related."""
    from mailroom.playbooks.campaigns import campaign_story, group_all

    with desk.opened() as here:
        group_all(here.store)
        story = campaign_story(here.store, campaign, most_alerts=limit)
    if as_json:
        output.print_json({
            "key": story.row.key, "alerts": story.row.alerts, "senders": story.row.senders, "parts": story.row.parts,
            "newest": [one.id for one in story.alerts], "incidents": story.cases,
            "related": [{"key": key, "shares": common} for key, common in story.related],
        })  # fmt: skip
        return
    facts = [("campaign", story.row.key), ("alerts", story.row.alerts), ("senders", story.row.senders),
             ("recipients", story.row.recipients), *story.why,
             ("incidents", ", ".join(map(str, story.cases)) or "none")]  # fmt: skip
    facts += [(f"related: {', '.join(common)}", key) for key, common in story.related]
    output.table("Campaign", ("what", "value"), facts, _WIDE)
    rows = [(one.id, one.connector, f"{one.received_at:%Y-%m-%d %H:%M}", one.sender, one.title, one.handling)
            for one in story.alerts]  # fmt: skip
    output.table("The newest alerts", ("alert", "from", "received (UTC)", "sender", "subject", "handling"), rows)
