"""One round over all approvals: ask for what waits, take answers in, do what is approved and nobody else will do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from mailroom.connectors.careful_login import SendingPausedError
from mailroom.errors import MailroomError, TransientError
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.by_mail import ask_approvers, close_left_open, close_question, take_answer
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.approvals.requesting import Round, request_for_proposals
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.tenants import names_of
from mailroom.playbooks.watch_replies import Resume
from mailroom.store import Store
from mailroom.store.approval_rows import GRANTED, OPEN, StoredApproval

Tell = Callable[[StoredApproval], "bool | str"]
"""Tells the suspended run of a decided approval. True: it goes on. False: it is gone or has ended. A text: not now,
and why."""
Ended = Callable[[Collection[str]], Collection[str]]
"""Which of these flow runs are gone or have ended. Raises TransientError where nobody can tell now."""
_PATIENCE = timedelta(minutes=15)
"""So long after the decision its run has the first turn, as long as it is there."""


@dataclass(slots=True)
class RoundReport:
    """What a round did."""

    requested: Round = field(default_factory=Round)
    asked: int = 0
    """Open approvals of which approvers know by mail."""
    decided_by_mail: int = 0
    done: dict[int, dict[str, int]] = field(default_factory=dict)
    """Approval -> actions by state, of those that no run carries out, or whose run is gone."""
    told: int = 0
    left: list[int] = field(default_factory=list)
    """Open approvals whose run has ended, or is gone: nobody would be asked until their time is over."""
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Counts and numbers."""
        wanted = self.requested
        return {
            "opened": wanted.opened, "expired": wanted.expired, "void": wanted.void, "withdrawn": wanted.withdrawn,
            "asked": self.asked, "decided_by_mail": self.decided_by_mail,
            "done": self.done, "told": self.told, "left": self.left, "problems": self.problems,
        }  # fmt: skip


def request_approvals(
    desk: Desk, post: PostDesk | None = None, *, resume: Resume | None = None, tell: Tell | None = None,
    ended: Ended | None = None, carry_out: bool = True,
) -> RoundReport:  # fmt: skip
    """Look after everything that needs an approval.

    Effect: writes the store, sends mail to approvers, and changes the tenant where somebody has approved it by mail and
    no run does it. Twice is harmless: what a run does after all is done once.

    Args:
        desk: Tenant, store and policy.
        post: The mailbox that asks the approvers; None: nobody is asked by mail.
        resume: Resumes the run behind a question.
        tell: Tells the run that waits for an approval.
        ended: Looks whether the runs of open approvals wait still; one that does not is not counted on any more.
        carry_out: Do what is granted, or was begun and not finished, and belongs to no run, or to one that is gone or
            has not begun in a quarter of an hour.
    """
    store, policy = desk.store, desk.policy()
    names = names_of(desk.client, store)
    post = replace(post, patient=True) if post is not None else None
    report = RoundReport(request_for_proposals(store, policy, tenants=names))
    _leave_ended(store, names, report, ended)
    for known in store.approvals.every(OPEN, tenants=names):
        if known.wait_id is not None and not take_answer(store, policy, known.id).is_open:
            report.decided_by_mail += store.approvals.get(known.id).channel == "mail"
            continue
        if post is not None and not known.flow_run_id:  # a run asks by itself, and waits for the answer
            try:
                report.asked += ask_approvers(post, policy, known.id).wait_id is not None
            except SendingPausedError as error:
                report.problems.append(f"approvers are asked later: {error}")
                post = None
            except MailroomError as error:
                report.problems.append(f"approvers were not asked about approval {known.id}: {error}")
    tell_runs(desk, report, tell=tell, resume=resume)
    for known in _approved(store) if carry_out else []:
        if known.tenant in names and (not known.flow_run_id or _is_overdue(store, known)):
            _carry_out(desk, known, report)
    return report


def _leave_ended(store: Store, names: Collection[str], report: RoundReport, ended: Ended | None) -> None:
    waiting = [one for one in store.approvals.every(OPEN, tenants=names) if one.flow_run_id]
    if ended is None or not waiting:
        return
    try:
        over = set(ended([one.flow_run_id for one in waiting]))
    except TransientError as error:
        report.problems.append(f"runs of approvals are looked at later: {error}")
        return
    for one in waiting:
        if one.flow_run_id in over:
            store.approvals.leave_run(one.id, one.flow_run_id)
            report.left.append(one.id)


def _carry_out(desk: Desk, known: StoredApproval, report: RoundReport) -> None:
    if known.state == GRANTED and take_answer(desk.store, desk.policy(), known.id).state != GRANTED:
        return  # whoever approved it has taken it back
    try:
        report.done[known.id] = carry_out_approved(desk, known.id).counts()
    except MailroomError as error:
        report.problems.append(f"approval {known.id}: {error}")


def _approved(store: Store) -> list[StoredApproval]:
    """What is granted, or used and not finished."""
    return [*store.approvals.every(GRANTED), *store.approvals.unfinished()]


def _is_overdue(store: Store, known: StoredApproval) -> bool:
    """Its run had its turn and has not even begun: it may have died without a word."""
    return (
        known.state == GRANTED and known.decided_at is not None and store.approvals.now() - known.decided_at > _PATIENCE
    )


def tell_runs(desk: Desk, report: RoundReport, *, tell: Tell | None, resume: Resume | None) -> None:
    """The runs of approvals that were decided elsewhere go on; one that is gone does not keep its approval.

    Effect: writes the store. Twice is harmless.
    """
    store = desk.store
    close_left_open(store, resume)
    if tell is None:
        return
    try:
        _tell_all(store, report, tell, resume)
    except TransientError as error:  # Prefect does not answer: it would not for the others
        report.problems.append(f"runs of approvals are told later: {error}")


def _tell_all(store: Store, report: RoundReport, tell: Tell, resume: Resume | None) -> None:
    first = store.approvals.to_tell()
    for known in first:
        close_question(store, known, resume)
        said = tell(known)
        if isinstance(said, str):
            report.problems.append(f"the run of approval {known.id} was not told: {said}")
            continue
        store.approvals.told(known.id)
        report.told += said
        if not said:
            store.approvals.leave_run(known.id, known.flow_run_id)
    ids = {one.id for one in first}
    for known in _approved(store):  # told before, and not done: is its run still there?
        if known.flow_run_id and known.id not in ids and tell(known) is False:
            store.approvals.leave_run(known.id, known.flow_run_id)
