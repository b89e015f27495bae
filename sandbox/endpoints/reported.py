"""API 2.0: what people at the company reported, and what became of it."""

from __future__ import annotations

from typing import Any

from sandbox.data.people import EMPLOYEES
from sandbox.endpoints.rest import RestCall, answer, not_found
from sandbox.envelope import stamp
from sandbox.holdqueue import Timeline
from sandbox.ids import DamagedIdError
from sandbox.wire import Reply
from sandbox.world import World

MONTH = 30 * 86_400
_QUERY = ("pageSize", "pageToken", "nextPage", "from", "to", "start", "end")


def reported_emails(call: RestCall) -> Reply:
    """`GET /threat-reporting/v1/reported-emails`: of the last month, newest first."""
    return _paged(call, lambda number: _row(call.world, number))


def threat_reports(call: RestCall) -> Reply:
    """`GET /threat-reporting/v1/threat-reports`: the same mails, by what was found."""
    return _paged(call, lambda number: _analysis(call.world, number))


def threat_analysis(call: RestCall) -> Reply:
    """`GET /threat-reporting/v1/threat-analysis/{id}`: what was found in one of them."""
    try:
        found = call.world.mint.read(call.values["id"])
    except DamagedIdError:
        return not_found()
    if found.kind != "report" or found.number not in _reported(call):
        return not_found()
    return answer(_analysis(call.world, found.number))


def _paged(call: RestCall, show: Any) -> Reply:
    fields = call.query(_QUERY)
    cursor = "nextPage" if "nextPage" in fields else "pageToken"
    shown, after = call.page(fields, cursor, _reported(call))
    pagination: dict[str, Any] = {"pageSize": len(shown)}
    if after:
        pagination["nextPage"] = after
    return answer({"data": [show(number) for number in shown], "meta": {"pagination": pagination}})


def _reported(call: RestCall) -> list[int]:
    """Numbers of the reported messages, newest first."""
    world, now = call.world, call.tenant.clock.epoch()
    first, last = world.tracked.window(now - MONTH, now)
    numbers = (Timeline.entry(key)[0] for key in world.tracked.slice(first, last))
    return [n for n in numbers if world.messages[n].category in ("phish", "simulation") and n % 4 == 0]


def _row(world: World, number: int) -> dict[str, Any]:
    mail = world.mail(number)
    return {
        "id": world.mint.other("report", number),
        "reportedBy": EMPLOYEES[number % len(EMPLOYEES)][1],
        "reportedAt": stamp(world.messages[number].received + 900),
        "from": mail.from_addr,
        "to": mail.recipients[0][1],
        "subject": mail.subject,
        "messageId": mail.message_id,
        "verdict": _verdict(world, number),
    }


def _verdict(world: World, number: int) -> str:
    return "malicious" if world.messages[number].category == "phish" else "simulation"


def _analysis(world: World, number: int) -> dict[str, Any]:
    return {
        "id": world.mint.other("report", number),
        "verdict": _verdict(world, number),
        "urls": [url for url in [world.index[number].url] if url],
        "hashes": list(world.index.hashes(number)),
        "analysedAt": stamp(world.messages[number].received + 1800),
    }
