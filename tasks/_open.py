"""Clients, stores and policies for tasks: opened once per process and block, shared by its threads.

A flow run is a process of its own, so a changed block is picked up by the next run. The policy is read again after
a few seconds, because its kill switch must stop a run that is under way.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from blocks import AlertStore, MailboxCredentials, MimecastCredentials, TriagePolicy
from blocks._load import exists, load
from mailroom.mimecast import MimecastClient
from mailroom.playbooks.policy import Policy
from mailroom.store import Store

if TYPE_CHECKING:
    from mailroom.mail.account import MailAccount

log = logging.getLogger("mailroom.tasks")

_POLICY_SECONDS = 5.0
_lock = threading.RLock()
_policies: dict[str, tuple[float, Policy]] = {}
_opened: list[MimecastClient | Store] = []


@lru_cache(maxsize=8)
def _client(block: str) -> MimecastClient:
    _opened.append(made := load(MimecastCredentials, block).get_client(on_wait=_show_wait))
    return made


@lru_cache(maxsize=8)
def _store(block: str) -> Store:
    _opened.append(made := load(AlertStore, block).get_store())
    return made


@lru_cache(maxsize=8)
def _account(block: str) -> MailAccount:
    return load(MailboxCredentials, block).get_account(block)


def client(block: str) -> MimecastClient:
    """The tenant's client of this process."""
    with _lock:
        return _client(block)


def store(block: str) -> Store:
    """The store of this process."""
    with _lock:
        return _store(block)


def account(block: str) -> MailAccount:
    """The mailbox's settings; each task opens its own session, because a session is for one thread."""
    with _lock:
        return _account(block)


def has_client(block: str) -> bool:
    """Whether there is a tenant of this name."""
    return exists(MimecastCredentials, block)


def has_account(block: str) -> bool:
    """Whether there is a mailbox of this name."""
    return exists(MailboxCredentials, block)


def has_policy(block: str) -> bool:
    """Whether there is a policy of this name."""
    return exists(TriagePolicy, block)


def has_store(block: str) -> bool:
    """Whether there is a store of this name."""
    return exists(AlertStore, block)


def policy(block: str) -> Policy:
    """The policy, at most a few seconds old."""
    with _lock:
        read_at, known = _policies.get(block, (0.0, None))
        if known is None or time.monotonic() - read_at > _POLICY_SECONDS:
            known = load(TriagePolicy, block).get_policy()
            _policies[block] = (time.monotonic(), known)
        return known


def no_policy() -> Policy:
    """For steps that only look: they never ask."""
    msg = "a step that only reads asked for a policy"
    raise AssertionError(msg)


def close_all() -> None:
    """Close and forget everything that was opened (for tests and for the end of a process)."""
    with _lock:
        _client.cache_clear()
        _store.cache_clear()
        _account.cache_clear()
        _policies.clear()
        while _opened:
            _opened.pop().close()


def _show_wait(seconds: float, function: str, reason: str) -> None:
    log.warning("waiting %.1f s before %s: %s", seconds, function, reason)
