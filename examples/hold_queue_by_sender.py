"""Who fills the hold queue? One table by sender domain, read from the tenant, nothing changed.

Usage: `python examples/hold_queue_by_sender.py [HOME]`, where HOME holds a `mailroom.toml` (docs/cli.md); without it
the settings are found as the command line finds them.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd

from mailroom.cli.settings import load_settings
from mailroom.mimecast import held


def main() -> None:
    """Print the ten domains with the most held messages."""
    settings = load_settings(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    with settings.open_client() as client:
        end = client.now()
        pages = held.get_hold_message_list(client, start=end - timedelta(days=14), end=end)
        rows = [
            {"domain": entry.from_header.address.rpartition("@")[2].lower(), "reason": entry.reason_code}
            for page in pages
            for entry in page
        ]
    table = pd.DataFrame(rows, columns=["domain", "reason"])
    counts = table.groupby("domain")["reason"].agg(held="count", reasons="nunique").sort_values("held", ascending=False)
    sys.stdout.write(counts.head(10).to_string() + "\n")


if __name__ == "__main__":
    main()
