"""Keeping a lease over long work: renewed now and then, because every renewal is a commit of its own."""

from __future__ import annotations

from datetime import timedelta

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.store.leases import DEFAULT_TTL, Lease, Leases

_RENEW_AFTER = DEFAULT_TTL / 5


class LeaseKeeper:
    """Renews one lease; to be asked after every step of the work.

    Whether the lease was lost is checked inside each writing transaction, not here.

    Args:
        leases: Where the lease is.
        lease: Just acquired.
        clock: Measures the time between renewals.
    """

    def __init__(self, leases: Leases, lease: Lease, clock: Clock = SYSTEM_CLOCK) -> None:
        self.lease = lease
        self._leases = leases
        self._clock = clock
        self._renewed = clock.monotonic()

    def keep(self, *, after: timedelta = _RENEW_AFTER) -> None:
        """Renew the lease if that was last done longer ago than `after`.

        Raises:
            LeaseLostError: somebody has taken over.
        """
        now = self._clock.monotonic()
        if now - self._renewed >= after.total_seconds():
            self._leases.renew(self.lease)
            self._renewed = now
