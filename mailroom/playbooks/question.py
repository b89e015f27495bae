"""A question by mail: what one wants to ask, and what came of it. Plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from mailroom.errors import InvalidInputError, MailroomError
from mailroom.indicators.patterns import compile_user
from mailroom.mail.compose import OutgoingAttachment, parse_mailboxes
from mailroom.mail.imap.folders import encode_name
from mailroom.mail.replies import SenderPolicy
from mailroom.store import Store
from mailroom.store.wait_rows import StoredAnswer, Wait

TokenPlace = Literal["body", "subject", "reply_to", "none"]
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Waiting:
    """How an answer is waited for.

    Attributes:
        mode: `any` one answer is enough; `all` of them; `n`: as many as `needed` says.
        needed: For mode `n`.
        time_limit: After this the outcome is `no_answer`.
        sender_policy: Whose mail counts: `exact`, `alias` (plus tags, configured aliases), `domain`, `any`.
        aliases: Recipient -> further addresses of the same person.
        exclude_subject: Regular expressions; a reply whose subject holds one is passed over.
        exclude_body: The same for its text.
        folders: Looked at besides the account's own.
        by_subject: Also take a mail that fits by subject and sender alone.
        need_proof: Only senders proven by a trusted server (DMARC pass) count.
    """

    mode: Literal["any", "all", "n"] = "any"
    needed: int = 1
    time_limit: timedelta = timedelta(days=3)
    sender_policy: SenderPolicy = "alias"
    aliases: dict[str, list[str]] = field(default_factory=dict)
    exclude_subject: tuple[str, ...] = ()
    exclude_body: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    by_subject: bool = False
    need_proof: bool = False

    def count(self, people: int) -> int:
        """How many of `people` must answer.

        Raises:
            InvalidInputError: more than there are, or none.
        """
        wanted = {"any": 1, "all": people}.get(self.mode, self.needed)
        if not 1 <= wanted <= people:
            raise InvalidInputError(f"{wanted} answers of {people} people cannot be had; correct `needed`")
        return wanted

    def check(self) -> None:
        """Raises InvalidInputError when the mode, a pattern, a folder, the policy or the time limit is not possible."""
        if self.mode not in {"any", "all", "n"}:
            raise InvalidInputError(f"answers from {self.mode!r}: use any, all or n")
        for folder in self.folders:
            encode_name(folder)
        for pattern in (*self.exclude_subject, *self.exclude_body):
            compile_user(pattern)
        if self.sender_policy not in {"exact", "alias", "domain", "any"}:
            raise InvalidInputError(f"sender policy {self.sender_policy!r}: use exact, alias, domain or any")
        if not timedelta(0) < self.time_limit <= LONGEST:
            raise InvalidInputError(f"the time limit must be more than nothing and at most {LONGEST.days} days")

    def exclusions(self) -> dict[str, list[str]]:
        """As stored."""
        return {"subject": list(self.exclude_subject), "body": list(self.exclude_body)}


def reminder_times(hours: Iterable[float]) -> tuple[timedelta, ...]:
    """Hours after the sending as times.

    Raises:
        InvalidInputError: one is not a number of hours within the longest time limit.
    """
    given = tuple(hours)
    if not all(0 < one <= LONGEST / timedelta(hours=1) for one in given):
        raise InvalidInputError(f"a reminder goes out some hours after the question, within {LONGEST.days} days")
    return tuple(timedelta(hours=one) for one in given)


@dataclass(frozen=True)
class Question:
    """One question to one or more people.

    Attributes:
        to: Whom to ask; each of them may answer.
        subject: Of the mail.
        text: What is asked, as text.
        html: The same as HTML.
        cc: Copies; their answers do not count.
        bcc: The same, unseen.
        attachments: Files.
        waiting: How the answer is waited for.
        reminders: When to ask again those who have not answered, from the sending on.
        reference_in: Where the token that ties an answer to the question is put.
    """

    to: tuple[str, ...]
    subject: str
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    attachments: tuple[OutgoingAttachment, ...] = ()
    waiting: Waiting = Waiting()
    reminders: tuple[timedelta, ...] = ()
    reference_in: TokenPlace = "body"

    def people(self) -> tuple[str, ...]:
        """Whom it goes to, lower case, each once.

        Raises:
            InvalidInputError: nobody, or not an address.
        """
        found = tuple(dict.fromkeys(one.address.lower() for one in parse_mailboxes(self.to)))
        if not found:
            raise InvalidInputError("the question has no recipient; name at least one")
        return found

    def check(self) -> None:
        """Raises InvalidInputError when nothing is asked: a cleared field of a form, as a rule."""
        if not self.subject.strip():
            raise InvalidInputError("the subject of the question is empty; write what it is about")
        if not (self.text.strip() or self.html.strip()):
            raise InvalidInputError("the content is empty; write what you want to know")

    @property
    def digest(self) -> str:
        """Identity of what is asked."""
        parts = [*self.people(), "", *self.cc, "", *self.bcc, self.subject, self.text, self.html]
        parts += [hashlib.sha256(one.content).hexdigest() for one in self.attachments]
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class QuestionResult:
    """What came of a question. `answers` are the documented JSON results of the answers that count."""

    question_id: int
    state: str
    """`open`, `answered`, `no_answer`, `undeliverable`, `cancelled`, `not_sent`."""
    subject: str
    message_id: str
    mode: str
    needed: int
    replied: int
    deadline: datetime
    detail: str
    recipients: tuple[dict[str, Any], ...]
    """Per person: recipient, status (`replied`, `undeliverable`, `auto_reply`, `timeout`, `pending`), from, replied_at,
    answer_id."""
    answers: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    late: int = 0
    """Answers that came too late and are linked only."""

    @property
    def is_success(self) -> bool:
        """As many as needed have answered."""
        return self.state == "answered"

    @property
    def is_open(self) -> bool:
        """Still waiting."""
        return self.state == "open"

    @property
    def answer(self) -> str:
        """What the first person wrote; empty when nobody has."""
        return str(self.answers[0]["answer"]) if self.answers else ""

    def facts(self) -> dict[str, Any]:
        """Everything but what people wrote: fit for logs and for Prefect."""
        return {
            "question_id": self.question_id, "state": self.state, "is_success": self.is_success,
            "message_id": self.message_id, "mode": self.mode, "needed": self.needed, "replied": self.replied,
            "deadline": self.deadline.isoformat(), "detail": self.detail, "late": self.late,
            "recipients": [dict(row) for row in self.recipients],
        }  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Everything: the facts, `responses`, and the documented result per answer."""
        responses = [{"recipient": one["recipient"], "content": one["answer"]} for one in self.answers]
        return self.facts() | {"subject": self.subject, "responses": responses, "answers": list(self.answers)}


def result_of(store: Store, wait: Wait) -> QuestionResult:
    """What is known of a question now. Effect: reads the store."""
    stored = store.waits.answers(wait.id)
    outcome = store.waits.progress(wait)
    by_id = {one.id: one for one in stored}
    counted = [by_id[row["answer_id"]] for row in outcome.recipients if row["status"] == "replied"]
    counted.sort(key=lambda one: (one.received_at, one.id))
    return QuestionResult(
        question_id=wait.id, state=wait.state, subject=wait.subject,
        message_id=wait.message_ids[0] if wait.message_ids else "", mode=wait.mode, needed=wait.needed,
        replied=outcome.replied, deadline=wait.deadline, detail=wait.detail, recipients=outcome.recipients,
        answers=tuple(_as_json(store, one) for one in counted), late=sum(one.late and one.accepted for one in stored),
    )  # fmt: skip


def _as_json(store: Store, one: StoredAnswer) -> dict[str, Any]:
    ours = {"recipient": one.recipient, "answer_id": one.id, "attachments": one.attachments}
    return one.result | {"raw": _source(store, one.raw_sha256)} | ours


def _source(store: Store, sha256: str) -> str:
    """The mail as it came, as text; empty where its bytes were not kept or cannot be read: the answer stands."""
    try:
        return store.blobs.get(sha256).decode("utf-8", "replace").replace("\x00", "")
    except MailroomError:
        return ""
