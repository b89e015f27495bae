"""Step "Publish Triage Report"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from blocks._sync import in_sync
from mailroom.effects.kinds import KINDS
from mailroom.playbooks.report import counts_of, markdown_summary, table_rows
from tasks import _open
from tasks._wording import action

_TABLE = "Alerts of this run, the most urgent first."
_DRY = " A dry run: this is what would be decided; nothing was written."


@task(name="Publish Triage Report", task_run_name="Publish Triage Report", cache_policy=NO_CACHE)
def publish_triage_report(
    store: str = "default",
    *,
    ingested: dict[str, Any],
    triaged: dict[str, Any],
    outcomes: list[dict[str, str]],
    looked_up: dict[str, int] | None = None,
    reopened: int = 0,
) -> dict[str, Any]:
    """Show what a run did: a table of alerts and a summary, as artifacts of the run.

    Effect: writes artifacts. Subjects and names in them are made harmless; no recipient, body or secret is shown.

    Args:
        store: Name of the AlertStore block.
        ingested: Counts of the ingest step.
        triaged: Result of the triage step.
        outcomes: One row per action.
        looked_up: What looking found about unknown outcomes.
        reopened: Entries taken out of quarantine.

    Returns:
        The counts of the run.

    Source: https://docs.prefect.io/v3/concepts/artifacts
    """
    with action("Publish Triage Report"):
        opened = _open.store(store)
        dry_run = not triaged["run_id"]
        unknown = len(opened.ledger.open_effects(states=("unknown",), kinds=KINDS))
        seconds = float(ingested.get("seconds", 0)) + float(triaged["seconds"])
        counts = counts_of(ingested, triaged["verdicts"], outcomes, unknown=unknown, seconds=seconds)
        if not dry_run:
            kept = {name: counts[name] for name in ("verdicts", "actions", "unknown", "seconds")}
            opened.runs.finish(triaged["run_id"], "completed", {"triaged": triaged["triaged"], **kept})
        rows = triaged["preview"] if dry_run else table_rows(opened, triaged["alert_ids"])
        warnings = list(triaged["warnings"])
        if looked_up:
            found = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in sorted(looked_up.items()))
            warnings.append(f"Unknown outcomes looked up: {found}.")
        if reopened:
            warnings.append(f"{reopened} quarantined entries were reopened; the next ingest reads them again.")
        if rows:
            in_sync(
                create_table_artifact,
                table=rows, key="triage-table", description=_TABLE + (_DRY if dry_run else ""),
            )  # fmt: skip
        in_sync(
            create_markdown_artifact,
            markdown=markdown_summary(counts, warnings, outcomes),
            key="triage-summary",
            description=_in_one_line(counts),
        )
    return counts


def _in_one_line(counts: dict[str, Any]) -> str:
    done = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts["actions"].items())
    return f"{counts['fetched']} fetched, {counts['alerted']} new alerts; actions: {done or 'none'}."
