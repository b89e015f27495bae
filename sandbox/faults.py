"""What shall go wrong, where, how often."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from typing import Any

INSTEAD = frozenset(
    {
        "status",
        "rate_limited",
        "reset",
        "html",
        "empty_body",
        "huge_body",
        "deep_json",
        "fail_in_200",
        "empty_data",
        "release_false",
        "flat_fail",
        "page_token_expired",
        "token_expired",
        "fail_without_applying",
    }
)
"""Answered without running the function (unless the option `applied` is true)."""
DISTORT = frozenset({"cut_body", "bad_json", "bom", "nan", "wrong_charset", "duplicate_keys", "page_loop", "drift"})
"""The function runs, its answer is damaged."""
AROUND = frozenset({"slow", "partial", "apply_then_fail", "concurrent_admin"})
"""Something happens before, to some of the items, or after."""
KINDS = INSTEAD | DISTORT | AROUND


class Fault:
    """One thing that goes wrong.

    Args:
        kind: One of `KINDS`.
        path: Which functions, as a shell pattern.
        times: How many calls it hits; None means all.
        after: How many matching calls pass before the first hit.
        **options: By kind.
            status: `status` (default 503), `code`, `message`, `headers`.
            rate_limited: `headers` true/false or a dict (e.g. an absurd `X-RateLimit-Reset`), `reset_ms`.
            slow: `seconds` (waited on the machine's clock before the function runs).
            cut_body: `keep` bytes. huge_body: `megabytes`. deep_json: `depth`.
            fail_in_200, flat_fail: `code`, `message`; flat_fail also `content_type`.
            partial: `n` (which item, default the last), `code`.
            drift: `how` is unknown_status, missing_field, new_type, extra_field or all; `field`.
            page_loop: `to` is same (the token just used) or first.
            apply_then_fail, fail_without_applying: `how` is status, reset or slow; `status`, `seconds`.
            concurrent_admin: `action` is release or reject.
            Those answered instead of the function: `applied` true runs it nevertheless.
    """

    def __init__(self, kind: str, path: str = "*", times: int | None = 1, after: int = 0, **options: Any) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}: use one of {', '.join(sorted(KINDS))}")
        self.kind = kind
        self.path = path
        self.times = times
        self.after = after
        self.options = options
        self.hits = 0
        """How many calls it has hit."""

    def __repr__(self) -> str:
        return f"Fault({self.kind!r}, {self.path!r}, times={self.times}, hits={self.hits})"


class FaultBoard:
    """The faults of a tenant. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Arm a fault; returned so that its `hits` can be read later."""
        with self._lock:
            self._faults = [*self._faults, fault]
        return fault

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._faults = []

    def armed(self) -> list[Fault]:
        """Faults that may still hit."""
        return [fault for fault in self._faults if fault.times is None or fault.hits < fault.times]

    def take(self, path: str, *, has_page_token: bool) -> list[Fault]:
        """The faults that hit this call, in the order in which they were armed."""
        if not self._faults:
            return []
        hit = []
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(path, fault.path) or (fault.times is not None and fault.hits >= fault.times):
                    continue
                if fault.kind == "page_token_expired" and not has_page_token:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.hits += 1
                hit.append(fault)
        return hit
