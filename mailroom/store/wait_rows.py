"""Questions put to people by mail, and what came back: the rows and their words."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailroom.errors import RefusedError

VERSION = 1
"""Of what a question's row means. Raise it when the meaning of a column or of the JSON in it changes."""

OPEN = "open"
"""Settled it is `answered`: as many as needed did; `no_answer`: the deadline passed; `undeliverable`: too many bounced;
`cancelled`: somebody gave up waiting; or `not_sent`: the question was refused before anybody got it."""

EARLIER_TOKENS = "earlier_tokens"
"""Where a question keeps the hashes of tokens in mails that some of its people have, besides the newest one."""


@dataclass(frozen=True, slots=True)
class NewWait:
    """A question about to be sent, or a wait for the answer to a mail sent earlier.

    Attributes:
        key: Unique; the same key is the same question, however often it is asked.
        mailbox: Name of the account that asks and reads the answers.
        recipients: Who was asked, lower case.
        needed: How many of them must answer.
        deadline: Aware; an answer that arrives later changes nothing.
        question: Plain data that the sending and judging need: `digest`, `text`, `aliases`, ...
        scan_from: Look for answers from this time on, for mails sent earlier; None for new questions.
        reminders: Seconds after sending, ascending.
    """

    key: str
    mailbox: str
    recipients: tuple[str, ...]
    needed: int
    deadline: datetime
    message_ids: tuple[str, ...]
    kind: str = "question"
    tenant: str = ""
    mode: str = "any"
    sender_policy: str = "alias"
    subject: str = ""
    token_hash: str = ""
    alert_id: int | None = None
    flow_run_id: str = ""
    exclusions: dict[str, list[str]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    question: dict[str, Any] = field(default_factory=dict)
    reminders: tuple[int, ...] = ()
    scan_from: datetime | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """One question as it stands. `created` is False when it was there already."""

    id: int
    key: str
    kind: str
    version: int
    tenant: str
    mailbox: str
    token_hash: str
    alert_id: int | None
    send_action_id: int | None
    flow_run_id: str
    mode: str
    needed: int
    sender_policy: str
    subject: str
    recipients: tuple[str, ...]
    refused: dict[str, str]
    """Recipient -> what the submission server said when it refused them."""
    exclusions: dict[str, list[str]]
    message_ids: tuple[str, ...]
    folders: tuple[str, ...]
    question: dict[str, Any] = field(repr=False)
    reminders: tuple[int, ...]
    reminded: int
    next_reminder_at: datetime | None
    scan_from: datetime | None
    state: str
    outcome: dict[str, Any]
    detail: str
    sent_at: datetime | None
    deadline: datetime
    created_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    resumed_at: datetime | None
    resume_note: str
    handled_at: datetime | None = None
    """When its outcome was made use of without a run; None while it is open, or where a run does that."""
    resume_tried_at: datetime | None = None
    """When its run was last found not to be resumable yet."""
    created: bool = False

    @property
    def is_open(self) -> bool:
        """Still waiting."""
        return self.state == OPEN

    @property
    def is_ours(self) -> bool:
        """Its mail is sent for it; else it waits for the answers to a mail sent earlier."""
        return self.kind != "mail"

    @property
    def token_hashes(self) -> tuple[str, ...]:
        """Of the newest token, then of the others that somebody may answer with."""
        return (self.token_hash, *(str(one) for one in self.question.get(EARLIER_TOKENS) or ()))

    def check_version(self) -> None:
        """Refuse a row that means something else to the code that wrote it.

        Raises:
            RefusedError: it was stored by another version.
        """
        if self.version != VERSION:
            raise RefusedError(
                f"question {self.id} was stored in form {self.version}, this version of Mailroom reads form {VERSION}. "
                "Nothing was done with it: go on with the version that stored it, or cancel it with "
                f"`mailroom replies cancel {self.id}` and ask again."
            )


@dataclass(frozen=True, slots=True)
class WaitLine:
    """One question in a list: without its words and rules, which are most of a row."""

    id: int
    kind: str
    mailbox: str
    flow_run_id: str
    needed: int
    subject: str
    recipients: tuple[str, ...]
    state: str
    detail: str
    sent_at: datetime | None
    deadline: datetime
    created_at: datetime
    resumed_at: datetime | None
    resume_note: str

    @property
    def is_open(self) -> bool:
        """Still waiting."""
        return self.state == OPEN

    @property
    def is_ours(self) -> bool:
        """Its mail is sent for it; else it waits for the answers to a mail sent earlier."""
        return self.kind != "mail"


LINE_COLUMNS = tuple(one.name for one in fields(WaitLine))


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """A mail that belongs to a question. `external_key` = folder/UIDVALIDITY/UID."""

    wait_id: int
    external_key: str
    sender: str
    recipient: str
    classification: str
    accepted: bool
    why: str
    score: float
    text: str
    received_at: datetime
    message_id: str = ""
    raw_sha256: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[dict[str, Any], ...] = ()
    kept: tuple[tuple[str, int], ...] = ()
    """(SHA-256, size) of what was put among the blobs for it: the mail itself, its attachments."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One row of `answers`. `late`: it came when the question was no longer open, or after its deadline."""

    id: int
    wait_id: int
    external_key: str
    sender: str
    recipient: str
    classification: str
    accepted: bool
    late: bool
    why: str
    score: float
    evidence: dict[str, Any]
    text: str = field(repr=False)
    result: dict[str, Any] = field(repr=False)
    message_id: str
    attachments: list[dict[str, Any]]
    raw_sha256: str
    received_at: datetime
    created_at: datetime


def wait_row(new: NewWait, now: datetime) -> dict[str, Any]:
    """The columns of a new question."""
    return {
        "key": new.key, "kind": new.kind, "version": VERSION, "tenant": new.tenant, "mailbox": new.mailbox,
        "token_hash": new.token_hash, "alert_id": new.alert_id, "flow_run_id": new.flow_run_id, "mode": new.mode,
        "needed": new.needed, "sender_policy": new.sender_policy, "subject": new.subject,
        "recipients": [{"address": one} for one in new.recipients], "exclusions": new.exclusions,
        "message_ids": list(new.message_ids), "folders": list(new.folders), "question": new.question,
        "reminders": list(new.reminders), "scan_from": new.scan_from, "state": OPEN, "sent_at": new.sent_at,
        "deadline": new.deadline, "created_at": now, "changed_at": now,
    }  # fmt: skip


def wait_of(row: Row[Any], *, created: bool = False) -> Wait:
    """A row as a `Wait`."""
    given = dict(row._mapping)
    people = given.pop("recipients") or []
    return Wait(
        **given
        | {
            "recipients": tuple(str(one["address"]) for one in people),
            "refused": {str(one["address"]): str(one["refused"]) for one in people if one.get("refused")},
            "exclusions": given["exclusions"] or {},
            "message_ids": tuple(given["message_ids"] or ()),
            "folders": tuple(given["folders"] or ()),
            "question": given["question"] or {},
            "reminders": tuple(given["reminders"] or ()),
            "outcome": given["outcome"] or {},
        },
        created=created,
    )


def line_of(row: Row[Any]) -> WaitLine:
    """A row with the columns of `LINE_COLUMNS`."""
    given = dict(row._mapping)
    return WaitLine(**given | {"recipients": tuple(str(one["address"]) for one in given["recipients"] or ())})


def answer_row(new: NewAnswer, *, late: bool, now: datetime) -> dict[str, Any]:
    """The columns of a new answer."""
    return {
        "wait_id": new.wait_id, "external_key": new.external_key, "sender": new.sender, "recipient": new.recipient,
        "classification": new.classification, "accepted": new.accepted, "late": late, "why": new.why,
        "score": new.score, "evidence": new.evidence, "text": new.text, "result": new.result,
        "message_id": new.message_id, "attachments": list(new.attachments), "raw_sha256": new.raw_sha256,
        "received_at": new.received_at, "created_at": now,
    }  # fmt: skip


def answer_of(row: Row[Any]) -> StoredAnswer:
    """A row as a `StoredAnswer`."""
    given = dict(row._mapping)
    filled = {"evidence": given["evidence"] or {}, "result": given["result"] or {}}
    return StoredAnswer(**given | filled | {"attachments": given["attachments"] or []})
