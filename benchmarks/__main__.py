"""`python -m benchmarks [NAME...]`: measure everything, or the named parts, and print one table."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import (
    archive,
    asking,
    cases,
    cycle,
    deployed,
    effects,
    ingest,
    mail_fetch,
    mail_parse,
    mail_rules,
    mailbox,
    recipients,
    report,
    table,
    tracked,
    triage,
)
from benchmarks.table import Figure

_PARTS = (
    "ingest",
    "list",
    "tracked",
    "tracked-month",
    "triage",
    "effects",
    "cycle",
    "deployed",
    "deployed-mailbox",
    "mail-parse",
    "mail-fetch",
    "mailbox",
    "mailbox-memory",
    "mailbox-idle",
    "asking",
    "recipients",
    "archive",
    "cases",
    "mail-rules",
    "report",
)


def main(chosen: list[str]) -> int:
    """Run the parts; exit code 1 when a promise is not kept."""
    if unknown := set(chosen) - set(_PARTS):
        sys.exit(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(_PARTS)}")
    parts = chosen or list(_PARTS)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="mailroom-bench-") as name:
        folder = Path(name)
        for part in parts:
            print(f"measuring: {part}", flush=True)
            measured = _measure(part, folder)
            table.show(measured)  # at once: a later part may fail, and the figures would be gone
            figures += measured
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end\n")
    table.show(figures)
    return 0 if all(figure.kept for figure in figures) else 1


def _measure(part: str, folder: Path) -> list[Figure]:
    if part == "ingest":
        return ingest.with_details(folder)
    if part == "list":
        return ingest.without_details(folder)
    if part == "tracked":
        return tracked.with_details(folder)
    if part == "tracked-month":
        return tracked.month_with_a_kill(folder)
    if part == "triage":
        return triage.verdicts(ingest.home_with_details(folder), folder / "rules")
    if part == "effects":
        return effects.ledger_alone(folder) + effects.from_the_command_line(folder)
    if part == "cycle":
        return cycle.nothing_new(folder)
    if part == "archive":
        return archive.searching(folder)
    if part == "report":
        return report.whole_report(folder)
    if part == "mail-rules":
        return mail_rules.applying(folder)
    if part == "cases":
        return cases.listing_and_searching(folder)
    if part == "recipients":
        return recipients.answers(folder)
    if part == "asking":
        return asking.open_questions(folder)
    if part == "deployed-mailbox":
        return deployed.mailbox_through_prefect(folder)
    if part == "mail-parse":
        return mail_parse.parsing()
    if part == "mail-fetch":
        return mail_fetch.fetching(folder)
    if part == "mailbox":
        return mailbox.end_to_end(folder)
    if part == "mailbox-memory":
        return mailbox.with_indicators(folder)
    if part == "mailbox-idle":
        return mailbox.idle_poll(folder)
    return deployed.through_prefect(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
