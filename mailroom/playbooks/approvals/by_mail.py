"""Asking approvers by mail. An answer counts with the token, from a listed address, proven by a trusted server."""

from __future__ import annotations

from dataclasses import replace

from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.answers import approvers_for, last_words
from mailroom.playbooks.approvals.showing import description, is_final
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.question import Question, Waiting
from mailroom.playbooks.watch_replies import Resume, cancel
from mailroom.store import Store
from mailroom.store.approval_rows import UNDECIDED, StoredApproval

KIND = "approval"
"""Kind of these questions, and the beginning of their keys."""
_MOST_ROUNDS = 3


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
    known = store.approvals.attach(approval_id, wait_id=wait.id)
    close_question(store, known)  # whoever decided while the mail was on its way did not know of it
    return known


def take_answer(store: Store, policy: Policy, approval_id: int) -> StoredApproval:
    """Let the last word of each approver decide, as long as nothing has come of the approval.

    A no wins over every yes, whoever gave it and however. Who said yes by mail and wrote something unclear afterwards
    has taken it back: the approval is void, and what is still wanted is asked for anew. So it is when whoever said yes
    by mail was taken off the list meanwhile.

    Effect: writes the store. Twice is harmless.
    """
    known = deciding.look(store, policy, approval_id)
    if known.state not in UNDECIDED:
        return known
    words = last_words(store, policy, known)
    try:
        for one in words:
            if one.says == "decline":
                return deciding.decline(store, approval_id, digest=known.digest, by=one.by, channel="mail")
    except RefusedError:  # it was used or has ended meanwhile
        return store.approvals.get(approval_id)
    if known.is_open:
        return _take_yes(store, policy, known, [one.by for one in words if one.says == "approve"])
    if known.channel == "mail" and any(one.by == known.approver and not one.says for one in words):
        return store.approvals.void(approval_id, "whoever approved it wrote something unclear afterwards")
    if known.channel == "mail" and known.approver not in approvers_for(policy, known):
        return store.approvals.void(approval_id, "whoever approved it by mail is not one of its approvers any more")
    return known


def _take_yes(store: Store, policy: Policy, known: StoredApproval, approvers: list[str]) -> StoredApproval:
    """The first of them whose yes counts."""
    for by in approvers:
        try:
            return deciding.approve(store, policy, known.id, digest=known.digest, by=by, channel="mail")
        except RefusedError:
            known = store.approvals.get(known.id)
            if not known.is_open:
                break
    return known


def close_question(store: Store, approval: StoredApproval, resume: Resume | None = None) -> None:
    """Somebody decided elsewhere: nobody waits for answers by mail any more, a suspended run goes on. Twice is once."""
    if approval.wait_id is not None and not approval.is_open:
        by = f"{approval.state}{f' by {approval.approver}' if approval.approver else ''}"
        cancel(store, approval.wait_id, f"approval {approval.id} is {by}", resume)


def close_left_open(store: Store, resume: Resume | None = None) -> int:
    """Close the questions whose approvals nobody waits for any more, however it came to that; returns how many.

    A process may end between asking and noting the question beside its approval, or between a decision and this.
    Effect: writes the store. Twice is once.
    """
    asked = {wait_id: int(key.split("/")[1]) for wait_id, key in store.waits.open_keys(KIND).items()}
    still_open = store.approvals.open_among(asked.values())
    left = {wait_id: approval_id for wait_id, approval_id in asked.items() if approval_id not in still_open}
    for wait_id, approval_id in left.items():
        close_question(store, replace(store.approvals.get(approval_id), wait_id=wait_id), resume)
    return len(left)


def _question(store: Store, approval: StoredApproval, to: tuple[str, ...], number: int) -> Question:
    left = approval.expires_at - store.approvals.now()
    final = is_final(store, approval)
    again = ["Your last answer was not clear, so you are asked again.", ""] if number > 1 else []
    alone = "Write nothing below it: approve with a condition does not count." if final else ""
    text = "\n".join([
        *again, *description(store, approval), "",
        f"Answer this mail with one word in its first line: approve, or decline. {alone}".rstrip(),
        "Leave the subject as it is. Until it is done, your last answer counts.",
        "Do not answer if you did not expect such mails from us.",
    ])  # fmt: skip
    return Question(
        to=to, subject=f"Approval {approval.id}: {approval.summary}"[:150], text=text, reference_in="subject",
        waiting=Waiting(mode="any", time_limit=left, sender_policy="exact", need_proof=True),
    )  # fmt: skip
