"""What the ledger knows of a mail: its place, who took it, who refused it for good, who refused it for now.

Who said what is kept with the action, as `result`: {"accepted": [...], "refused": {address: words}, "put_off": {...}},
and `given_id` where the server replaced the Message-ID. It is written before the mail is handed over where anybody was
refused, and again when the action is settled. So a process that ends in between loses none of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from mailroom.errors import (
    AccessError,
    InvalidInputError,
    MailroomError,
    NotOfferedError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.compose.message import envelope_recipients
from mailroom.mail.smtp import RecipientResult, SendReport
from mailroom.store.actions import Action, ActionResult, NewAction

SEND_MAIL = "send_mail"
"""Kind of these actions in the ledger."""

REFUSED_FOR_NOW = "refused_for_now"
"""Code of an action whose mail the server took for nobody, for now."""

_NUMBER = re.compile(r"#([0-9]{1,9})$")
_DONE = ("applied", "already_done")


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What the ledger knows of one mail."""

    state: str
    """`applied`, `unknown`, `not_applied` (nothing was sent; try again), `failed`, `refused` or `sending`."""
    action_id: int
    message_id: str
    detail: str
    accepted: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Address and the server's words; no attempt will reach them."""
    open: tuple[str, ...] = ()
    """Refused for now; sending once more under the same key tries only these."""
    sent_now: bool = False
    """This call sent it; otherwise it had been sent before."""
    error: MailroomError | None = field(default=None, compare=False)
    """What stood in the way in this call, where nothing was sent."""

    @property
    def to_mend(self) -> MailroomError | None:
        """What somebody has to mend before it can be sent: settings, login, rights. None: trying again may do."""
        return self.error if isinstance(self.error, AccessError | NotOfferedError | InvalidInputError) else None

    @property
    def is_sent(self) -> bool:
        """At least one recipient's server has it."""
        return self.state == "applied"


def content_digest(mail: OutgoingMail) -> str:
    """SHA-256 over what a person would call the same mail: people, subject, text, files; not id, date and tokens."""
    parts = [mail.sender, *sorted(one.address for one in envelope_recipients(mail)), mail.subject, mail.text, mail.html]
    parts += [f"{one.name}:{hashlib.sha256(one.content).hexdigest()}" for one in mail.attachments]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def slot_of(key: str) -> str:
    """Where in the ledger the mail with this key is."""
    return f"mail:{key}"


def people_of(action: Action) -> tuple[str, ...]:
    """Whom a further action is for; empty for the first one, which is for everybody the mail names."""
    return tuple(str(one) for one in action.parameters.get("recipients") or ())


def facts_of(per_recipient: Iterable[RecipientResult]) -> dict[str, Any]:
    """What the server said to each, as it is kept with the action."""
    facts: dict[str, Any] = {"accepted": [], "refused": {}, "put_off": {}}
    for one in per_recipient:
        if one.status == "accepted":
            facts["accepted"].append(one.address)
        else:
            words = f"{one.code} {one.text}".strip()
            facts["refused" if one.status == "refused_permanent" else "put_off"][one.address] = words
    return facts


def refused_of(action: Action) -> dict[str, str]:
    """Whom no attempt will reach, and why. Whom a further action could not reach at all is among them."""
    refused = {str(who): str(words) for who, words in (action.result.get("refused") or {}).items()}
    if not refused and action.state in {"failed", "refused"}:
        return dict.fromkeys(people_of(action), action.detail)
    return refused


def put_off_of(action: Action) -> dict[str, str]:
    """Who refused it for now, and the server's words."""
    return {str(who): str(words) for who, words in (action.result.get("put_off") or {}).items()}


def given_id_of(action: Action) -> str:
    """The Message-ID that the recipients see, where the server put its own in place of ours; else empty."""
    return str(action.result.get("given_id") or "")


def may_be_tried(action: Action) -> bool:
    """Whether it is the sending to people who were refused for now, and nobody is known to have it through it."""
    return action.state in {"intended", "not_applied"} and bool(people_of(action) or put_off_of(action))


def rest_of(action: Action, people: Iterable[str]) -> NewAction:
    """The action for those who were refused for now by this one: `#2`, then `#3`, ..."""
    slot, number = action.slot, 2
    found = _NUMBER.search(slot) if people_of(action) else None
    if found:
        slot, number = slot[: found.start()], int(found[1]) + 1
    return NewAction(
        tenant=action.tenant, alert_id=action.alert_id, kind=SEND_MAIL, target=action.target, slot=f"{slot}#{number}",
        parameters=action.parameters | {"recipients": list(people)}, requested_by=action.requested_by,
    )  # fmt: skip


def need_sent(sent: SendOutcome, *, again: str = "Retry") -> None:
    """Nothing, when the mail went out.

    Args:
        sent: What is known of it.
        again: What a person does to have it looked up or tried once more.

    Raises:
        OutcomeUnknownError: nobody knows; it is never sent again blindly.
        AccessError, NotOfferedError, InvalidInputError: the mailbox does not work as it is set up; nobody got it.
        TransientError: nobody got it.
        RejectedError: the server refused it.
    """
    if sent.state in {"unknown", "sending"}:
        raise OutcomeUnknownError(f"{sent.detail}. Nothing was repeated; {again} looks again.")
    if sent.state == "not_applied" and (error := sent.to_mend) is not None:
        raise type(error)(f"{error}. Nobody got the mail; then {again} sends it.") from error
    if sent.state == "not_applied":
        raise TransientError(f"{sent.detail}. Nobody got the mail; {again} sends it.")
    if not sent.is_sent:
        raise RejectedError(sent.detail)


def outcome_of(action: Action, *, sent_now: bool = False, error: MailroomError | None = None) -> SendOutcome:
    """What an action says of its mail."""
    known = action.state in {*_DONE, "not_applied", "failed"}
    return SendOutcome(
        action.state, action.id, action.target, action.detail,
        accepted=tuple(action.result.get("accepted") or ()) if action.state in _DONE else (),
        refused=tuple(refused_of(action).items()), open=tuple(put_off_of(action)) if known else (), sent_now=sent_now,
        error=error,
    )  # fmt: skip


def joined(first: SendOutcome, again: SendOutcome, people: tuple[str, ...]) -> SendOutcome:
    """What is known when those who were refused for now have an action of their own."""
    still = people if again.state in {"intended", "not_applied", "sending"} else again.open
    detail = first.detail if again.is_sent else f"{first.detail}; {again.detail}"
    return replace(
        first, detail=detail, accepted=first.accepted + again.accepted, refused=first.refused + again.refused,
        open=still, sent_now=again.sent_now, error=again.error,
    )  # fmt: skip


def result_of_report(action: Action, report: SendReport) -> ActionResult:
    """How the ledger settles an attempt that the server answered."""
    facts = facts_of(report.per_recipient)
    if report.overall == "failed":
        if report.open:
            text = f"not taken for now: {report.server_reply}"
            return ActionResult(action.id, "not_applied", text, REFUSED_FOR_NOW, result=facts)
        text = f"refused: {report.server_reply}"
        return ActionResult(action.id, "failed", text, "refused", retryable=False, result=facts)
    detail = f"taken for {len(report.accepted)} of {len(report.per_recipient)}"
    if report.queue_id:
        detail += f", queue id {report.queue_id}"
    if report.given_id:
        facts["given_id"] = report.given_id
    return ActionResult(action.id, "applied", detail, "" if report.overall == "sent" else "partial", result=facts)
