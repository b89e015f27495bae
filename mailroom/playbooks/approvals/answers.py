"""What approvers answer by mail: whose answer counts, what it says, and which of several is their last word."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mailroom.mail.replies.senders import normal_address
from mailroom.playbooks.approvals.people import People
from mailroom.playbooks.approvals.requesting import needs_two
from mailroom.playbooks.approvals.showing import is_final
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.approval_rows import StoredApproval
from mailroom.store.wait_rows import StoredAnswer, Wait

_TOKEN = frozenset({"E4", "E5", "E5b"})
"""Evidence that the mail carries the question's token; a reference to its Message-ID is not enough."""
_APPROVE = frozenset({"approve", "approved"})
_DECLINE = frozenset({"decline", "declined"})
_ALONE = re.compile(r"[*_\"'“]{0,2}([^\W\d_]{5,10})[*_\"'”.!,;:]{0,3}")
"""A line of one word. A line that is quoted from our own mail is none."""
_NO_BECAUSE = re.compile(r"declined?\s?[-–—,:;.!].{0,200}")
"""`decline - sorry, wrong one`: a no may give its reason at once; nothing is done by it."""
_FAREWELL = re.compile(
    r"(?:thanks|thank you|many thanks|cheers|(?:(?:best|kind|warm) )?regards|best wishes|best|danke|vielen dank|"
    r"(?:viele |liebe |beste |freundliche )?gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|"
    r"merci|cordialement|gracias|saludos|un saludo|grazie|cordiali saluti|saluti|bedankt|groeten|"
    r"met vriendelijke groet|obrigad[oa]|cumprimentos|dziękuję|pozdrawiam)[.,!]{0,2}"
)
_UNCLEAR = "its first line is neither approve nor decline"
_MORE = "more stands below approve, and this cannot be taken back"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer says, and why it counts or not. One that counts and says nothing is unclear."""

    says: Literal["approve", "decline", ""]
    by: str
    why: str
    counts: bool = False


def approvers_for(policy: Policy, approval: StoredApproval) -> tuple[str, ...]:
    """Whom this approval may be asked of by mail: nobody who may be the proposer of something wide."""
    people = People.of(policy.approvers)
    if not needs_two(approval):
        return people.addresses
    if approval.plan.get("proposed_by") == "run":
        return tuple(one for one in people.addresses if not people.are_one(approval.proposer, one))
    return tuple(one for one in people.addresses if not people.second_person(approval.proposer, one))


def last_words(store: Store, policy: Policy, approval: StoredApproval) -> list[Reading]:
    """The last answer of each approver that counts, to any of the questions about this approval; oldest first.

    Also what came when the question was settled already: whoever corrects themselves does it then.
    """
    if approval.wait_id is None:
        return []
    final = is_final(store, approval)
    waits = _questions(store, approval.wait_id)
    pairs = [(answer, wait) for wait in waits for answer in store.waits.answers(wait.id)]
    said: dict[str, Reading] = {}
    seen: set[tuple[str, str]] = set()
    for answer, wait in sorted(pairs, key=lambda pair: (pair[0].received_at, pair[0].id)):
        found = read(answer, wait, policy, approval, final=final)
        if not found.counts or (answer.message_id and (found.by, answer.message_id) in seen):
            continue  # the same mail delivered again is no new word
        seen.add((found.by, answer.message_id))
        said.pop(found.by, None)
        said[found.by] = found
    return list(said.values())


def read(answer: StoredAnswer, wait: Wait, policy: Policy, approval: StoredApproval, *, final: bool) -> Reading:
    """What an answer says. Every condition is looked at here again, whatever the watcher made of the mail.

    Args:
        answer: As it is stored.
        wait: The question.
        policy: Names the approvers.
        approval: What was asked.
        final: What would be done cannot be taken back: then nothing may stand below the word.
    """
    by = normal_address(answer.sender)
    codes = {str(one.get("code")) for one in answer.evidence.get("match") or []}
    why = ""
    if not answer.accepted or answer.classification != "human":
        why = answer.why
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
    says, why = _said(answer.text, _names(policy, by) if final else None)
    return Reading(says, by, why, counts=True)


def _questions(store: Store, wait_id: int) -> list[Wait]:
    """Every question about it: an unclear answer is asked again, and the first mail can be answered still."""
    last = store.waits.get(wait_id)
    begins, _, number = last.key.rpartition("/")
    earlier = [store.waits.by_key(f"{begins}/{one}") for one in range(1, int(number))]
    return [*(one for one in earlier if one is not None), last]


def _said(text: str, names: Collection[str] | None) -> tuple[Literal["approve", "decline", ""], str]:
    """The first line has to be the one word; a line further down that says the contrary makes it unclear.

    With `names`, only a farewell and these words may stand below `approve`: anything else may be a condition.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = [found[1].casefold() if (found := _ALONE.fullmatch(line)) else "" for line in lines]
    if not words or (_APPROVE & set(words) and _DECLINE & set(words)):
        return "", _UNCLEAR
    first = lines[0].casefold()
    if words[0] in _DECLINE or (_NO_BECAUSE.fullmatch(first) and not _APPROVE & set(re.findall(r"\w+", first))):
        return "decline", ""
    if words[0] not in _APPROVE:
        return "", _UNCLEAR
    if names is not None and not all(_is_greeting(line.casefold(), names) for line in lines[1:]):
        return "", _MORE
    return "approve", ""


def _is_greeting(line: str, names: Collection[str]) -> bool:
    return _FAREWELL.fullmatch(line) is not None or all(word in names for word in re.findall(r"\w+", line))


def _names(policy: Policy, address: str) -> frozenset[str]:
    """The words by which this person may sign."""
    known = People.of(policy.approvers).find(address)
    written = " ".join([address.partition("@")[0], *(known.names if known else ())])
    return frozenset(re.findall(r"[^\W_]+", written.casefold()))
