"""Mails that people reported: the original in the report, and an event for triage of what can be believed of it."""

from mailroom.connectors.reported.event import LEVEL, alert_of, content_of, event_of
from mailroom.connectors.reported.originals import Original, originals
from mailroom.connectors.reported.reporter import Reporter, reporter_of

__all__ = ["LEVEL", "Original", "Reporter", "alert_of", "content_of", "event_of", "originals", "reporter_of"]
