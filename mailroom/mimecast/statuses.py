"""The closed lists of Mimecast's documentation; the sets are open in practice."""

from __future__ import annotations

ROUTES = frozenset({"inbound", "outbound", "internal", "external"})
TRACKING_STATUSES = frozenset(
    {"delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived", "delivered", "processing"}
)
RISKS = frozenset({"negligible", "low", "medium", "high"})
