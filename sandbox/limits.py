"""Call quotas: per function, in windows, with the headers that announce them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(slots=True)
class Quota:
    """`calls` per `per_seconds` for each function that matches `path`."""

    path: str
    calls: int
    per_seconds: float
    headers: bool = True
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)


class Limits:
    """All quotas of a tenant; the first whose path matches counts."""

    def __init__(self) -> None:
        self._quotas: list[Quota] = []

    def set(self, path: str | None, calls: int, per_seconds: float, *, headers: bool) -> None:
        """Add or replace the quota of a path pattern; None means every function."""
        pattern = path or "*"
        self._quotas = [quota for quota in self._quotas if quota.path != pattern]
        # Narrow patterns first, so that a general quota does not hide a special one.
        self._quotas.append(Quota(pattern, calls, per_seconds, headers))
        self._quotas.sort(key=lambda quota: -len(quota.path))

    def clear(self) -> None:
        """No quotas."""
        self._quotas = []

    def take(self, path: str, now: float) -> tuple[bool, dict[str, str]]:
        """Count one call at `now` (seconds, monotonic).

        Returns:
            Whether it may run, and the headers to send.
        """
        for quota in self._quotas:
            if not fnmatchcase(path, quota.path):
                continue
            start, used = quota.windows.get(path, (now, 0))
            if now - start >= quota.per_seconds:
                start, used = now, 0
            allowed = used < quota.calls
            if allowed:
                used += 1
            quota.windows[path] = (start, used)
            if not quota.headers:
                return allowed, {}
            reset = max(1, int((start + quota.per_seconds - now) * 1000 + 0.999))
            return allowed, {
                "X-RateLimit-Limit": str(quota.calls),
                "X-RateLimit-Remaining": str(quota.calls - used),
                "X-RateLimit-Reset": str(reset),
            }
        return True, {}
