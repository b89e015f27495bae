"""API 2.0: the mail log, by cursor or by files."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

from sandbox.endpoints.audit import mail_events
from sandbox.endpoints.rest import RestCall, answer
from sandbox.envelope import refuse, stamp
from sandbox.wire import Reply

_EVENTS = ("pageSize", "nextPage", "dateRangeStartsAt", "dateRangeEndsAt", "types", "type")


def events(call: RestCall) -> Reply:
    """`GET /siem/v1/events/cg`: oldest first; `isCaughtUp` says whether there is more."""
    fields = call.query(_EVENTS)
    shown, after = call.page(fields, "nextPage", range(*_places(call, fields)))
    rows = mail_events(call.world, shown[0], shown[-1] + 1) if shown else []
    return answer({"value": rows, "@nextPage": after or fields.get("nextPage", ""), "isCaughtUp": not after})


def batch(call: RestCall) -> Reply:
    """`GET /siem/v1/batch/events/cg`: addresses of files, each gzip of one JSON object per line."""
    from sandbox.endpoints.content import LIFETIME, download_address

    fields = call.query(_EVENTS)
    if not fields.get("type"):
        raise refuse(400, "err_validation_null", "type must not be null", flat=True)
    first, last = _places(call, fields)
    address = download_address(call.tenant, f"siem-{first}-{last}")
    size = len(batch_file(call, first, last)) if first < last else 0
    value = [{"url": address, "expiry": stamp(call.tenant.clock.epoch() + LIFETIME), "size": size}] if size else []
    return answer({"value": value, "@nextPage": "", "isCaughtUp": True})


def batch_file(call: Any, first: int, last: int) -> bytes:
    """The bytes of one such file; `call` is anything with a `world`."""
    lines = "".join(json.dumps(row) + "\n" for row in mail_events(call.world, first, last))
    return gzip.compress(lines.encode(), mtime=0)


def _places(call: RestCall, fields: dict[str, str]) -> tuple[int, int]:
    """First and last place of a range of dates in the log, which runs from old to new."""
    world = call.world
    now = call.tenant.clock.epoch()
    start = _moment(fields.get("dateRangeStartsAt"), now - 86_400)
    end = _moment(fields.get("dateRangeEndsAt"), now, last=True)
    total = len(world.tracked)
    newest, oldest = world.tracked.window(start, end)
    return total - oldest, total - newest


def _moment(written: str | None, default: float, *, last: bool = False) -> float:
    if not written:
        return default
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00"))
    except ValueError as err:
        raise refuse(400, "err_validation_date", "not a date", flat=True) from err
    whole_day = 86_399 if last and len(written) == 10 else 0
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() + whole_day
