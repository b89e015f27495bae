"""The SHA-256 of big mails, computed beside the parser: the hash function lets other threads run meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_BESIDE_FROM = 128 * 1024
"""Octets from which handing the work over costs less than waiting for it."""
_LET_IN_FROM = 16 * 1024
_HELD = 2047
"""Octets up to which the hash function keeps other threads out."""


def sha256_of(data: bytes) -> Callable[[], str]:
    """The hash in hexadecimal digits, when it is called for; of a big mail it is being computed until then."""
    if len(data) >= _BESIDE_FROM:
        try:
            return _pool().submit(sha256_at_once, data).result
        except RuntimeError:  # the interpreter is ending and starts no threads any more
            pass
    found = sha256_at_once(data)
    return lambda: found


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
    return ThreadPoolExecutor(2, thread_name_prefix="mail-hash")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
