"""Playbook "remediate"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from prefect import get_run_logger
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows._changes import fail_if_any, outcome_of
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.errors import EffectsFailedError
from mailroom.playbooks.remediate import ItemResult, RemediationPlan, raise_if_too_many
from mailroom.playbooks.remediate.form import LookFor
from tasks import playbook
from tasks.playbook._blocking import PlannedBlock, split, split_links

_MOST_SENDERS = 5


@dataclass(frozen=True)
class _Sender:
    """One sender: the block to make, or the row that says why there is none."""

    what: str
    planned: PlannedBlock | None
    row: dict[str, Any] = field(default_factory=dict)


@flow(name="remediate", flow_run_name="remediate in {mimecast}", task_runner=ThreadPoolTaskRunner(max_workers=4))
def remediate(
    look_for: LookFor = "alert",
    values: str = "",
    days_back: Annotated[int, Field(ge=1, le=365)] = 29,
    most_messages: Annotated[int, Field(ge=1, le=100_000)] = 50,
    allow_many: bool = False,
    also_block_sender: Literal["no", "address", "whole domain"] = "no",
    also_block_link_or_file: bool = False,
    tell_recipients: bool = False,
    follow_minutes: Annotated[float, Field(gt=0, le=240)] = 15,
    case: str = "",
    requested_by: str = "",
    again: str = "",
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    mailbox: str = "default",
) -> dict[str, Any]:
    """Find a harmful mail everywhere, pull it back out of mailboxes, and see it through. Start with a dry run.

    One remediation incident is begun per value and followed until it is done. Killed or retried, the run goes on with
    the incidents that it has begun and begins only what is missing. Restoring mail is possible in the console only.

    Args:
        look_for: What the values are: numbers of alerts, Message-IDs, SHA-256 of files, or URLs.
        values: One or more, separated by commas. A comma within a URL belongs to it unless a blank or the next http://
            follows.
        days_back: How far back to look and to pull back.
        most_messages: If more delivered copies than this are found, nothing is pulled back.
        allow_many: Pull back however many there are.
        also_block_sender: Also block who sent the mail, as "block sender" does, with its refusals.
        also_block_link_or_file: Also block the URL or the file for everybody.
        tell_recipients: Send everybody whose copy was pulled back a short notice; nothing of the mail is quoted.
        follow_minutes: How long this run follows the incidents; Retry goes on following.
        case: Number of your case.
        requested_by: Your name, for the history and the incident's reason.
        again: Any word, such as today's date, to pull back once more what has arrived since the last time.
        dry_run: Only show what was found and would be pulled back. Nothing is changed or written.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (lists, kill switch).
        mailbox: Name of the "Mailbox Credentials" block that sends the notices.

    Returns:
        Numbers: items by state, copies identified, pulled back and failed, people told.
    """
    log = get_run_logger()
    blocks: dict[str, Any] = {"mimecast": mimecast, "store": store, "policy": policy}
    wanted = split_links(values) if look_for == "url" else split(values)
    form: dict[str, Any] = {
        "look_for": look_for, "values": wanted, "days_back": days_back, "most_messages": most_messages,
        "allow_many": allow_many, "case": case, "requested_by": requested_by, "again": again,
    }  # fmt: skip
    with tenant_slot(mimecast):
        plan = playbook.find_harmful_mail(form, **blocks)
        if dry_run:
            log.info("a dry run: nothing was changed")
            blind = sum(bool(item.not_searched) for item in plan.items)
            return {
                "dry_run": True, "items": len(plan.items), "delivered_copies": plan.copies, "not_searched": blind,
            }  # fmt: skip
        raise_if_too_many(plan)
        senders: list[_Sender] = []
        if also_block_sender != "no":  # looked at before the mail is gone that shows whether they are forged
            senders = _plan_blocks(plan, also_block_sender, case, requested_by, blocks)
        results = _pull_back(plan, follow_minutes, blocks)
        also = _block_content(plan, blocks) if also_block_link_or_file else []
        also += _block_senders(senders, blocks)
    playbook.publish_results("remediation", [one.row() for one in results], "What became of each item.")
    if also:
        playbook.publish_results("remediation-blocks", also, "What was blocked as well.")
    told: dict[str, int] = {}
    if tell_recipients:
        report = playbook.tell_recipients(plan, results, case=case, mailbox=mailbox, **blocks)
        told = {"told": report.sent + report.before, "not_told": report.failed}
    _fail_if_any(results, int(told.get("not_told", 0)))
    fail_if_any([row for row in also if row["state"] != "left alone"], "blocks", retry="Retry makes only these.")
    states = [one.state for one in results]
    return {
        "items": {state: states.count(state) for state in sorted(set(states))},
        "identified": sum(one.identified for one in results), "pulled_back": sum(one.successful for one in results),
        "failed": sum(one.failed for one in results), "also_blocked": len(also), **told,
    }  # fmt: skip


def _pull_back(plan: RemediationPlan, follow_minutes: float, blocks: dict[str, Any]) -> list[ItemResult]:
    """One task run per item."""
    futures = [
        playbook.pull_back_mail.submit(plan, number, follow_minutes=follow_minutes, **blocks)
        for number in range(len(plan.items))
    ]
    results = []
    for item, future in zip(plan.items, futures, strict=True):
        outcome = outcome_of(future)
        if not isinstance(outcome, ItemResult):
            outcome = ItemResult(item.value, "failed", str(outcome["message"]))
        results.append(outcome)
    return results


def _block_content(plan: RemediationPlan, blocks: dict[str, Any]) -> list[dict[str, Any]]:
    numbers = [number for number, item in enumerate(plan.items) if item.search_by in ("hash", "url")]
    futures = [playbook.block_harmful_content.submit(plan, number, **blocks) for number in numbers]
    return [{"what": plan.items[n].search_by, **outcome_of(future)} for n, future in zip(numbers, futures, strict=True)]


def _plan_blocks(
    plan: RemediationPlan, covers: str, case: str, requested_by: str, blocks: dict[str, Any]
) -> list[_Sender]:
    """As "block sender" plans it, with its refusals; what cannot be planned stops nothing else."""
    known: dict[str, tuple[int | None, list[str]]] = {}
    for item in plan.items:
        for sender in item.findings.senders:
            known.setdefault(sender, (item.alert_id, []))[1].extend(item.findings.mails_of(sender))
    found: list[_Sender] = []
    for sender, (alert, mails) in list(known.items())[:_MOST_SENDERS]:
        what = f"sender at {sender.rpartition('@')[2]}"
        if not mails:
            why = "message tracking knows no mail of it, so nobody can tell whether it is forged: see block sender"
            found.append(_Sender(what, None, _left_alone(what, why)))
            continue
        form: dict[str, Any] = {
            "sender": sender, "alert": str(alert or ""), "covers": covers, "case": case, "requested_by": requested_by,
            "mails": tuple(mails),
        }  # fmt: skip
        planned = outcome_of(playbook.plan_sender_block.submit(form, raise_refused=False, **blocks))
        if not isinstance(planned, PlannedBlock):
            found.append(_Sender(what, None, {"what": what, **planned}))
        elif planned.ruled.outcome != "act" or not planned.plan.steps:
            why = planned.ruled.why if planned.ruled.outcome != "act" else "it is blocked already"
            found.append(_Sender(what, None, _left_alone(what, why)))
        else:
            found.append(_Sender(what, planned))
    if len(known) > _MOST_SENDERS:
        more = f"{len(known) - _MOST_SENDERS} more senders: block them one by one"
        found.append(_Sender("senders", None, _left_alone("senders", more)))
    return found


def _block_senders(senders: list[_Sender], blocks: dict[str, Any]) -> list[dict[str, Any]]:
    """What is refused is said, and is no failure of this run."""
    rows: list[dict[str, Any]] = []
    for one in senders:
        if one.planned is None:
            rows.append(one.row)
            continue
        numbers = range(len(one.planned.plan.steps))
        futures = [playbook.apply_sender_block.submit(one.planned, number, **blocks) for number in numbers]
        rows += [{"what": one.what, **outcome_of(future)} for future in futures]
    return rows


def _left_alone(what: str, why: str) -> dict[str, Any]:
    return {"what": what, "state": "left alone", "action": "", "message": why}


def _fail_if_any(results: list[ItemResult], not_told: int) -> None:
    """Raises EffectsFailedError: something is not done yet; the message says what Retry does."""
    bad = [one for one in results if not one.is_well]
    if bad:
        first = bad[0]
        which = first.incident or "no incident"
        raise EffectsFailedError(
            f"{len(bad)} of {len(results)} items are not done; first: {which}, {first.state}: "
            f"{first.detail.rstrip('. ')}. Retry begins only what was not begun and goes on following the rest."
        )
    if not_told:
        raise EffectsFailedError(
            f"everything was pulled back, but {not_told} people were not told. Retry tells only these."
        )
