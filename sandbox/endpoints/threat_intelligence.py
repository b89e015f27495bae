"""A customer's own list of file hashes."""

from __future__ import annotations

import re

from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, error, failure
from sandbox.validate import records, text

CREATE = {
    "hashList": records(required=True, inside={"hash": text(required=True), "description": text()}),
    "operationType": text(required=True, values={"ALLOW", "BLOCK"}),
}
_HASH = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\Z", re.IGNORECASE)


def create_batch(context: Context) -> Outcome:
    """`/api/byo-threat-intelligence/create-batch`: all hashes of an item or none."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, CREATE, strict=True):
        bad = [entry for entry in item["hashList"] if not _HASH.match(str(entry.get("hash", "")))]
        unknown = {name for entry in item["hashList"] for name in entry} - {"hash", "description"}
        if bad or unknown:
            wrong = error("err_validation", "a list of {hash, description} is needed", "hashList")
            outcome.fail.append(failure(item, wrong))
            continue
        context.world.threats.upload(context.operator, dict(item))
        outcome.data.append({"hashList": item["hashList"], "operationType": item["operationType"]})
    return outcome
