"""The SHA-256 of big mails, computed beside the parser: the hash function lets other threads run meanwhile."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

BESIDE_FROM = 128 * 1024
"""Octets from which handing the work over costs less than waiting for it."""
_LET_IN_FROM = 16 * 1024
_HELD = 2047
"""Octets up to which the hash function keeps other threads out."""


def begin_sha256(data: bytes) -> Future[str]:
    """The hash in hexadecimal digits; of big data it is computed in another thread."""
    if len(data) >= BESIDE_FROM:
        try:
            return _pool().submit(sha256_at_once, data)
        except RuntimeError:  # the interpreter is ending and starts no threads any more
            pass
    found: Future[str] = Future()
    found.set_result(sha256_at_once(data))
    return found


def sha256_at_once(data: bytes) -> str:
    """The hash in hexadecimal digits. For a few kilobytes no other thread is let in: that takes longer than hashing."""
    if len(data) > _LET_IN_FROM:
        return hashlib.sha256(data).hexdigest()
    made = hashlib.sha256()
    for start in range(0, len(data), _HELD):
        made.update(data[start : start + _HELD])
    return made.hexdigest()


@cache
def _pool() -> ThreadPoolExecutor:
    beside = max(1, min(2, (os.cpu_count() or 1) - 1))  # one processor is for the thread that reads
    return ThreadPoolExecutor(beside, thread_name_prefix="mail-hash")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
