"""Playbook "investigate sender": everything tenant and store know about a sender, a domain, a subject or a link."""

from mailroom.playbooks.investigate.gather import MOST, SECONDS, investigate
from mailroom.playbooks.investigate.inquiry import DAYS, MOST_DAYS, Inquiry, Period, inquiry_about, last_days
from mailroom.playbooks.investigate.merge import Message
from mailroom.playbooks.investigate.result import Investigation, SourceRow, Suggestion
from mailroom.playbooks.investigate.showing import as_json, authentication_lines, markdown, page_rows
from mailroom.playbooks.investigate.sightings import SOURCES, STATUSES, Click
from mailroom.playbooks.investigate.timeline import timeline
from mailroom.playbooks.investigate.words import sentence

__all__ = [
    "DAYS",
    "MOST",
    "MOST_DAYS",
    "SECONDS",
    "SOURCES",
    "STATUSES",
    "Click",
    "Inquiry",
    "Investigation",
    "Message",
    "Period",
    "SourceRow",
    "Suggestion",
    "as_json",
    "authentication_lines",
    "inquiry_about",
    "investigate",
    "last_days",
    "markdown",
    "page_rows",
    "sentence",
    "timeline",
]
