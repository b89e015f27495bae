"""Python's cycle collector and its threads during bulk work, and during a start.

A batch keeps thousands of small objects alive until it is committed. With the usual thresholds the collector walks over
them again and again, for nothing: they are plain data without cycles. That takes a sixth to a quarter of an ingest.
What a process loads at its start stays, too: there it takes a tenth.

The thread that commits one batch while another one reads the next has little to do in Python, but a dozen times per
batch, and each time it would wait five milliseconds for its turn.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 20, 100)
_TURN = 0.001
"""Seconds a thread waits for its turn."""
_lock = threading.Lock()
_under_way = 0
_usual = gc.get_threshold()
_usual_turn = sys.getswitchinterval()


def collect_seldom() -> None:
    """Let the collector run every 10,000 new objects instead of every 700, for as long as the process lives.

    Called where a process of ours starts.
    """
    gc.set_threshold(10_000)


@contextmanager
def bulk_work() -> Iterator[None]:
    """Collector and threads set for bulk work until the end of the block; of several at once, until the last one ends.

    What is there at the beginning is left out of its walks meanwhile.
    """
    global _under_way, _usual, _usual_turn
    with _lock:
        _under_way += 1
        if _under_way == 1:
            _usual = gc.get_threshold()
            _usual_turn = sys.getswitchinterval()
            gc.freeze()
            sys.setswitchinterval(_TURN)
            gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        with _lock:
            _under_way -= 1
            if _under_way == 0:
                gc.set_threshold(*_usual)
                sys.setswitchinterval(_usual_turn)
                gc.unfreeze()
