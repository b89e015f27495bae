"""Python's cycle collector during bulk work, and during a start.

A batch keeps thousands of small objects alive until it is committed. With the usual thresholds the collector walks over
them again and again, for nothing: they are plain data without cycles. That takes a sixth to a quarter of an ingest.
What a process loads at its start stays, too: there it takes a tenth.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 20, 100)
_lock = threading.Lock()
_under_way = 0
_usual = gc.get_threshold()


def collect_seldom() -> None:
    """Let the collector run every 10,000 new objects instead of every 700, for as long as the process lives.

    Called where a process of ours starts.
    """
    gc.set_threshold(10_000)


@contextmanager
def bulk_work() -> Iterator[None]:
    """Let the collector run rarely until the end of the block; of several blocks at once, until the last one ends.

    What is there at the beginning is left out of its walks meanwhile.
    """
    global _under_way, _usual
    with _lock:
        _under_way += 1
        if _under_way == 1:
            _usual = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        with _lock:
            _under_way -= 1
            if _under_way == 0:
                gc.set_threshold(*_usual)
                gc.unfreeze()
