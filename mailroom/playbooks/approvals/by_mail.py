"""Asking approvers by mail. An answer counts with the token, from a listed address, proven by a trusted server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.mail.replies.senders import normal_address
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.people import People
from mailroom.playbooks.approvals.showing import description
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.question import Question, Waiting
from mailroom.playbooks.watch_replies import Resume, cancel
from mailroom.store import Store
from mailroom.store.approval_rows import StoredApproval
from mailroom.store.wait_rows import StoredAnswer, Wait

KIND = "approval"
"""Kind of these questions, and the beginning of their keys."""
_TOKEN = frozenset({"E4", "E5", "E5b"})
"""Evidence that the mail carries the question's token; a reference to its Message-ID is not enough."""
_MOST_ROUNDS = 3
_APPROVE = frozenset({"approve", "approved"})
_DECLINE = frozenset({"decline", "declined"})
_ALONE = re.compile(r"[*_\"'“]{0,2}([^\W\d_]{5,10})[*_\"'”.!,;:]{0,3}")
"""A line of one word. A line that is quoted from our own mail is none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer says, and why it counts or not."""

    says: Literal["approve", "decline", ""]
    by: str
    why: str


def approvers_for(policy: Policy, approval: StoredApproval) -> tuple[str, ...]:
    """Whom this approval may be asked of by mail: nobody who may be the proposer of something wide."""
    people = People.of(policy.approvers)
    if not approval.wide or approval.plan.get("by_rule"):
        return people.addresses
    return tuple(one for one in people.addresses if not people.second_person(approval.proposer, one))


def ask_approvers(post: PostDesk, policy: Policy, approval_id: int, *, flow_run_id: str = "") -> StoredApproval:
    """Put the question by mail, once per round; again, at most twice, when an answer could not be understood.

    Effect: sends mail and writes the store. Twice is harmless.

    Args:
        post: Mailbox and store.
        policy: Names the approvers.
        approval_id: Which approval.
        flow_run_id: The run to resume when somebody has answered.

    Raises:
        InvalidInputError: The mailbox names no server whose word on senders is trusted, or cannot ask at all.
        TransientError: Not sent now; the same call sends it.
    """
    store = post.store
    known = deciding.look(store, policy, approval_id)
    to = approvers_for(policy, known)
    if not known.is_open or not to:
        return known
    number = 1
    if known.wait_id is not None:
        before = store.waits.get(known.wait_id)
        number = int(before.key.rpartition("/")[2])
        if not before.is_open:
            if before.state != "answered" or number >= _MOST_ROUNDS:
                return known
            number += 1
    question = _question(store, known, to, number)
    wait = ask(
        post, question, key=f"{KIND}/{approval_id}/{number}", flow_run_id=flow_run_id, requested_by=known.proposer,
        words_may_change=True, kind=KIND, more={"approval": approval_id},
    )  # fmt: skip
    faultpoint("approval.asked")
    return store.approvals.attach(approval_id, wait_id=wait.id)


def take_answer(store: Store, policy: Policy, approval_id: int) -> StoredApproval:
    """Let the first answer that counts decide.

    Effect: writes the store. Twice is harmless: what is decided stays.
    """
    known = deciding.look(store, policy, approval_id)
    if not known.is_open or known.wait_id is None:
        return known
    wait = store.waits.get(known.wait_id)
    for answer in store.waits.answers(wait.id):
        found = read(answer, wait, policy, known)
        try:
            if found.says == "approve":
                return deciding.approve(
                    store, policy, approval_id, digest=known.digest, by=found.by, channel="mail"
                )  # fmt: skip
            if found.says == "decline":
                return deciding.decline(store, approval_id, digest=known.digest, by=found.by, channel="mail")
        except RefusedError:
            known = store.approvals.get(approval_id)
            if not known.is_open:
                return known
    return known


def read(answer: StoredAnswer, wait: Wait, policy: Policy, approval: StoredApproval) -> Reading:
    """What an answer says. Every condition is looked at here again, whatever the watcher made of the mail."""
    by = normal_address(answer.sender)
    codes = {str(one.get("code")) for one in answer.evidence.get("match") or []}
    why = ""
    if not answer.accepted or answer.late or answer.classification != "human":
        why = answer.why or "it came too late"
    elif not codes & _TOKEN:
        why = "the token of the question is missing"
    elif answer.evidence.get("dmarc") != "pass":
        why = "its sender is not proven"
    elif by not in wait.recipients or by not in approvers_for(policy, approval):
        why = "it does not come from an approver"
    elif answer.received_at > approval.expires_at:
        why = "it came too late"
    if why:
        return Reading("", by, why)
    return Reading(
        _said(answer.text), by, "" if _said(answer.text) else "its first line is neither approve nor decline"
    )


def close_question(store: Store, approval: StoredApproval, resume: Resume | None = None) -> None:
    """Somebody decided elsewhere: nobody waits for answers by mail any more, a suspended run goes on. Twice is once."""
    if approval.wait_id is not None and not approval.is_open:
        by = f"{approval.state}{f' by {approval.approver}' if approval.approver else ''}"
        cancel(store, approval.wait_id, f"approval {approval.id} is {by}", resume)


def _said(text: str) -> Literal["approve", "decline", ""]:
    """The first line has to be the one word; a line further down that says the contrary makes it unclear."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = [found[1].casefold() if (found := _ALONE.fullmatch(line)) else "" for line in lines]
    if not words or (_APPROVE & set(words) and _DECLINE & set(words)):
        return ""
    if words[0] in _APPROVE:
        return "approve"
    return "decline" if words[0] in _DECLINE else ""


def _question(store: Store, approval: StoredApproval, to: tuple[str, ...], number: int) -> Question:
    left = approval.expires_at - store.approvals.now()
    again = ["Your last answer was not clear, so you are asked again.", ""] if number > 1 else []
    text = "\n".join([
        *again, *description(store, approval), "",
        "Answer this mail with one word in its first line: approve, or decline. Leave the subject as it is.",
        "Do not answer if you did not expect such mails from us.",
    ])  # fmt: skip
    return Question(
        to=to, subject=f"Approval {approval.id}: {approval.summary}"[:150], text=text, reference_in="subject",
        waiting=Waiting(mode="any", time_limit=left, sender_policy="exact", need_proof=True),
    )  # fmt: skip
