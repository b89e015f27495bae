"""Which messages become alerts: the filters of the settings, checked on our side whatever the server did.

First what the list tells, before any detail call; then what the message info tells. Each filter answers with the
reason for leaving a message out, or with an empty text. What is not documented is never left out for that: a status,
route or risk that this version does not know passes, and is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.connectors.tracked.settings import RISKS, TrackedSettings
from mailroom.mimecast.models import Address, MessageInfo, TrackedEmail
from mailroom.mimecast.reading import dict_of, text_of

UNKNOWN = "other"
"""What the models call a value that is not documented."""
_MOST_RECIPIENTS = 1_000


def unwanted_in_list(settings: TrackedSettings, record: TrackedEmail) -> str:
    """Why a record is left out, as far as the list tells; "" keeps it."""
    return (
        wrong_status(settings, record)
        or _wrong_route(settings, record.route)
        or _wrong_domain(settings, record)
        or (_denied(settings, (record.info,)) if settings.allow_list_denies else "")
    )


def unwanted_in_detail(settings: TrackedSettings, record: TrackedEmail, info: MessageInfo) -> str:
    """Why a message is left out, seen from its details; "" keeps it."""
    return (
        _wrong_queue(settings, info)
        or _denied(settings, (info.queue_detail_status, record.info, _queue_info(info), *_bounce_types(info)))
        or _below_risk(settings, info)
    )


def wrong_status(settings: TrackedSettings, record: TrackedEmail) -> str:
    """Why a record's status is not wanted."""
    if not settings.statuses or record.status in ("", UNKNOWN, *settings.statuses):
        return ""
    return f"status {record.status} is not asked for"


def unknown_values(record: TrackedEmail, info: MessageInfo | None) -> list[tuple[str, str]]:
    """(field, value as sent) of everything this version does not know."""
    found = []
    if record.status == UNKNOWN:
        found.append(("status", text_of(record.raw.get("status"))))
    if record.route == UNKNOWN:
        found.append(("route", text_of(record.raw.get("route"))))
    if info is not None and info.risk is None and (risk := risk_as_sent(info)):
        found.append(("risk", risk))
    return [(name, value[:80]) for name, value in found]


def risk_as_sent(info: MessageInfo) -> str:
    """The verdict's risk as Mimecast wrote it; "" when there is none."""
    detail = dict_of(dict_of(info.raw.get("spamInfo")).get("spamProcessingDetail"))
    return text_of(dict_of(detail.get("verdict")).get("risk")).strip()


def _wrong_route(settings: TrackedSettings, route: str) -> str:
    if not settings.routes or route in ("", UNKNOWN, *settings.routes):
        return ""
    return f"route {route} is not asked for"


def _wrong_domain(settings: TrackedSettings, record: TrackedEmail) -> str:
    """The server compares domains exactly. A side that shows no address proves nothing, so it passes."""
    wanted = set(settings.domains)
    senders = _domains((record.from_envelope, record.from_header))
    recipients = _domains(record.to)
    if not senders or not recipients or wanted & (senders | recipients):
        return ""
    return "neither sender nor recipient is of the domains asked for"


def _domains(addresses: Iterable[Address]) -> set[str]:
    return {one.address.rpartition("@")[2].rstrip(".>").lower() for one in addresses if one.address}


def _denied(settings: TrackedSettings, values: Iterable[str]) -> str:
    """The dynamic list: any of the values in it denies, or allows."""
    if not settings.allow_list:
        return ""
    listed = {_folded(value) for value in settings.allow_list}
    shown = [value for value in values if value]
    hits = [value for value in shown if _folded(value) in listed]
    if settings.allow_list_denies:
        return f"{hits[0][:200]!r} is on the deny list" if hits else ""
    return "" if hits else f"{(shown or ['nothing'])[0][:200]!r} is not on the allow list"


def _queue_info(info: MessageInfo) -> str:
    return text_of(dict_of(info.raw.get("queueInfo")).get("info")).strip(" -\r\n")


def _bounce_types(info: MessageInfo) -> list[str]:
    """Every `bounceType` of the answer: nobody outside Mimecast has said where it stands, or beside what."""
    recipient = dict_of(info.raw.get("recipientInfo"))
    places = [info.raw, recipient, dict_of(recipient.get("txInfo")), dict_of(info.raw.get("queueInfo"))]
    for result in list(dict_of(info.raw.get("deliveredMessage")).values())[:_MOST_RECIPIENTS]:
        places += [dict_of(result), dict_of(dict_of(result).get("txInfo"))]
    return [text_of(place.get("bounceType")) for place in places]


def _wrong_queue(settings: TrackedSettings, info: MessageInfo) -> str:
    if not settings.queue_reasons:
        return ""
    if _folded(info.queue_reason) in {_folded(reason) for reason in settings.queue_reasons}:
        return ""
    return f"queue reason {info.queue_reason[:200]!r} is not asked for"


def _below_risk(settings: TrackedSettings, info: MessageInfo) -> str:
    if not settings.lowest_risk:
        return ""
    if info.risk is None:
        # A risk we cannot rank is not "no risk information": it passes and is counted.
        return "" if settings.ingest_without_risk or risk_as_sent(info) else "no risk information"
    if RISKS.index(info.risk) < RISKS.index(settings.lowest_risk):
        return f"risk {info.risk} is below {settings.lowest_risk}"
    return ""


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
