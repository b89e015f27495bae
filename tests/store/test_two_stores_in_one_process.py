"""A process may open its store twice: neither takes the other's locks away, and nothing written is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mailroom.store import Store

OPENS_AND_CLOSES = "import sys; from mailroom.store import Store; Store.open(sys.argv[1]).close()"


def elsewhere(url: str) -> None:
    """Another process opens the store and closes it, as the last one would."""
    subprocess.run([sys.executable, "-c", OPENS_AND_CLOSES, url], check=True, timeout=60)


def test_what_is_written_after_a_second_store_was_opened_and_closed_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as first:
        first.leases.acquire("before")
        Store.open(url).close()
        elsewhere(url)
        assert (tmp_path / "store.db-wal").exists(), "the log of an open store was removed"
        lease = first.leases.acquire("after")
    with Store.open(url) as again:
        again.run(lambda tx: again.leases.check(tx, lease))


def test_of_two_open_stores_each_sees_what_the_other_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as first, Store.open(url) as second:
        elsewhere(url)
        lease = second.leases.acquire("seen")
        first.run(lambda tx: first.leases.check(tx, lease))
