"""The SHA-256 of big mails, computed beside the parser: the hash function lets other threads run meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_BESIDE_FROM = 128 * 1024
"""Octets from which handing the work over costs less than waiting for it."""


def sha256_of(data: bytes) -> Callable[[], str]:
    """The hash in hexadecimal digits, when it is called for; of a big mail it is being computed until then."""
    if len(data) >= _BESIDE_FROM:
        try:
            return _pool().submit(_digest, data).result
        except RuntimeError:  # the interpreter is ending and starts no threads any more
            pass
    found = _digest(data)
    return lambda: found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="mail-hash")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
