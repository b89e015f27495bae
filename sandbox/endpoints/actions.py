"""Functions that change the tenant: release, reject, report."""

from __future__ import annotations

from sandbox.endpoints.context import Context
from sandbox.endpoints.finder import find_tracked
from sandbox.envelope import Item, Outcome, error, failure
from sandbox.ids import ObjectId
from sandbox.validate import boolean, strings, text

REASON_TYPES = {
    "MESSAGE CONTAINS UNDESIRABLE CONTENT",
    "MESSAGE CONTAINS CONFIDENTIAL INFORMATION",
    "REVIEWER DISAPPROVES OF CONTENT",
    "INAPPROPRIATE COMMUNICATION",
    "MESSAGE GOES AGAINST EMAIL POLICIES",
}
REASONS_V1 = {
    "inappropriate_communication",
    "confidential_information",
    "against_email_policies",
    "disapproves_of_content",
}
RELEASE = {"id": text(required=True)}
REJECT = {
    "ids": strings(required=True),
    "message": text(),
    "reasonType": text(values=REASON_TYPES),
    "notify": boolean(),
}
FINDER_REJECT = {
    "id": text(required=True),
    "notify": boolean(),
    "notes": text(),
    "reason": text(values=REASONS_V1),
}
REPORT = {
    "id": text(required=True),
    "type": text(required=True, values={"spam", "malware", "phishing"}),
    "comment": text(),
}
NOT_HELD = error("err_hold_message_not_found", "the message is not in the hold queue", "id")
WRONG_KIND = error("xdk_failure", "0007 Invalid token", "id")


def _copies(context: Context, found: ObjectId) -> list[tuple[int, int]] | None:
    """The copies an id stands for; None when it is of the wrong kind."""
    if found.kind == "hold":
        return [(found.number, found.recipient)]
    if found.kind == "tracking" and context.tenant.hold_release_accepts_tracking_id:
        world = context.world
        count = world.messages[found.number].recipients if world.visible(found.number) else 0
        return [(found.number, place) for place in range(count) if world.is_held(found.number, place)]
    return None


def hold_release(context: Context) -> Outcome:
    """`/api/gateway/hold-release`: one item per copy."""
    context.need_items()
    outcome = Outcome()
    items = context.valid(outcome, RELEASE, strict=True)
    found = [(item, context.read_id(item["id"])) for item in items]
    for item, wanted in found:
        copies = _copies(context, wanted)
        if copies is None:
            outcome.fail.append(failure(item, WRONG_KIND))
            continue
        done = [
            context.world.settle(number, place, "released", kind="release", operator=context.operator)
            for number, place in copies
        ]
        if done and all(done):
            outcome.data.append({"id": item["id"], "release": True})
        elif context.tenant.gone_is_false:
            outcome.data.append({"id": item["id"], "release": False})
        else:
            outcome.fail.append(failure(item, NOT_HELD))
    return outcome


def hold_reject(context: Context) -> Outcome:
    """`/api/gateway/hold-reject`: a list of ids in each item."""
    context.need_items()
    outcome = Outcome()
    items = context.valid(outcome, REJECT, strict=True)
    found = [(item, hold_id, context.read_id(hold_id)) for item in items for hold_id in item["ids"]]
    for item, hold_id, wanted in found:
        if wanted.kind != "hold":
            outcome.fail.append(failure({"id": hold_id}, WRONG_KIND))
            continue
        params = {name: value for name, value in item.items() if name != "ids"}
        done = context.world.settle(
            wanted.number,
            wanted.recipient,
            "rejected",
            kind="reject",
            operator=context.operator,
            params=params,
        )
        if done or context.tenant.gone_is_false:
            outcome.data.append({"id": hold_id, "reject": done})
        else:
            outcome.fail.append(failure({"id": hold_id}, NOT_HELD))
    return outcome


def release_to_sandbox(context: Context) -> Outcome:
    """`/api/message-finder/release-held-email-to-sandbox`: all copies of a tracked message."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, RELEASE, strict=True):
        _settle_tracked(context, item, outcome, "released", "release_to_sandbox")
    return outcome


def reject_held_email(context: Context) -> Outcome:
    """`/api/message-finder/reject-held-email`: all copies of a tracked message."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, FINDER_REJECT, strict=True):
        _settle_tracked(context, item, outcome, "rejected", "reject")
    return outcome


def _settle_tracked(context: Context, item: Item, outcome: Outcome, state: str, kind: str) -> None:
    message = find_tracked(context, item, outcome)
    if message is None:
        return
    if message.status != "held":
        outcome.fail.append(failure(item, NOT_HELD))
        return
    tracking_id = item["id"]
    for place in range(message.recipients):
        context.world.settle(message.number, place, state, kind=kind, operator=context.operator, params=dict(item))
    outcome.data.append({"id": tracking_id})


def report_message(context: Context) -> Outcome:
    """`/api/message-finder/report-message`: held, archived, bounced and rejected messages only."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, REPORT, strict=True):
        message = find_tracked(context, item, outcome)
        if message is None:
            continue
        if message.status not in ("held", "archived", "bounced", "rejected"):
            wrong = error("err_message_status", "a message of this status cannot be reported", "id")
            outcome.fail.append(failure(item, wrong))
            continue
        context.world.report(message.number, context.operator, dict(item))
        outcome.data.append({"id": item["id"]})
    return outcome
