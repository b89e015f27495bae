"""The outcome in one sentence that somebody understands on his first day, with names or without."""

from __future__ import annotations

from datetime import datetime

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.investigate.result import Investigation
from mailroom.playbooks.investigate.sightings import CLICKS
from mailroom.redact import without_mailboxes

_AS_SAID = {"on its way": "still on the way", "unknown": "of unknown outcome"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def sentence(found: Investigation, *, named: bool = True) -> str:
    """What was found, and what could not be asked.

    Args:
        found: The investigation.
        named: With the sender's address; without, of him only the domain, and everything harmless to show.
    """
    said = [_what(found, named), _clicks(found), *_outgoing(found), *_earlier(found)]
    text = "; ".join(part for part in said if part) + "."
    text = text[0].upper() + text[1:] if not named or not found.inquiry.who else text
    missing = [row.name for row in found.sources if row.state == "could not be asked"]
    partly = [row.name for row in found.sources if row.state == "asked in part"]
    if missing:
        text += f" This may not be all: {_list(missing)} could not be asked."
    if partly:
        text += f" Of {_list(partly)} only a part was read."
    return text


def about(found: Investigation, *, named: bool = True) -> str:
    """What the investigation is about, in a few words; without names fit for any page."""
    inquiry, parts = found.inquiry, []
    if inquiry.sender:
        parts.append(inquiry.sender if named else f"a sender at {harmless(inquiry.sender.rpartition('@')[2])}")
    elif inquiry.domain:
        parts.append(inquiry.domain if named else harmless(inquiry.domain))
    if inquiry.subject:
        parts.append(f"“{inquiry.subject}”" if named else f"“{harmless(without_mailboxes(inquiry.subject), 80)}”")
    if inquiry.url:
        parts.append(inquiry.url if named else f"a link to {harmless(inquiry.host)}")
    return ", ".join(parts)


def moment(at: datetime, *, year: bool = True) -> str:
    """`12 Nov 2026 08:15`, in UTC."""
    return f"{at.day} {MONTHS[at.month - 1]}{f' {at.year}' if year else ''} {at:%H:%M}"


def number(count: int, one: str, many: str) -> str:
    """`one person`, `14 people`."""
    return f"{_SMALL[count] if count < len(_SMALL) else f'{count:,}'} {one if count == 1 else many}"


def _what(found: Investigation, named: bool) -> str:
    inquiry, incoming = found.inquiry, found.incoming
    extra = ""
    if inquiry.subject:
        words = inquiry.subject if named else harmless(without_mailboxes(inquiry.subject), 80)
        extra += f" with “{words}” in the subject"
    if inquiry.url:
        extra += f" with {'the link ' + inquiry.url if named else 'a link to ' + harmless(inquiry.host)}"
    who = ""
    if inquiry.sender:
        who = inquiry.sender if named else f"a sender at {harmless(inquiry.sender.rpartition('@')[2])}"
    elif inquiry.domain:
        who = inquiry.domain if named else harmless(inquiry.domain)
    mails = number(len(incoming), "message", "messages")
    if not incoming:
        if not found.answered:
            return f"nothing can be said of {about(found, named=named)}, because no source could be asked"
        span = f"between {moment(found.period.start)} and {moment(found.period.end)} UTC"
        return f"{who} wrote nothing{extra} {span}" if who else f"no message{extra} was found {span}"
    people = number(found.people, "person", "people")
    span = _span(found)
    if who:
        text = f"{who} wrote {mails}{extra} to {people} {span}"
    else:
        senders = number(len({message.sender for message in incoming}), "sender", "senders")
        text = f"{mails}{extra} went from {senders} to {people} {span}"
    return f"{text}: {_statuses(found)}"


def _span(found: Investigation) -> str:
    first, last = found.first_seen, found.last_seen
    if first is None or last is None:
        return "at a time that no source tells"
    if first == last:
        return f"at {moment(first)} UTC"
    return f"between {moment(first, year=first.year != last.year)} and {moment(last)} UTC"


def _statuses(found: Investigation) -> str:
    counts = found.by_status
    parts = [f"{count} {_AS_SAID.get(status, status)}" for status, count in counts.items()]
    first = next(iter(counts.values()))
    count, _, rest = parts[0].partition(" ")
    parts[0] = f"{count} {'was' if first == 1 else 'were'} {rest}"
    return _list(parts)


def _clicks(found: Investigation) -> str:
    log = next((row for row in found.sources if row.name == CLICKS), None)
    clicked = len(found.clicked_by)
    if clicked:
        return f"{number(clicked, 'person', 'people')} clicked"
    if log is not None and log.state == "could not be asked":
        return "who clicked is not known"
    return "nobody clicked a link in it" if found.incoming else ""


def _outgoing(found: Investigation) -> list[str]:
    count = len(found.outgoing)
    return [f"{number(count, 'message was', 'messages were')} written to it from here"] if count else []


def _earlier(found: Investigation) -> list[str]:
    before = found.before
    if not found.inquiry.who or not found.answered:
        return []
    known = [at for at in (before.first_in_store,) if at is not None and at < found.period.start]
    if before.last_seen is not None:
        return [f"it wrote before, the last time on {_day(before.last_seen)}"]
    if known:
        return [f"our store knows it since {_day(known[0])}"]
    since = found.first_seen
    if not before.asked:
        return ["whether it wrote before could not be asked"]
    return [f"nothing is known of it before {_day(since)}"] if since else ["nor was it known before"]


def _day(at: datetime) -> str:
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
