"""What the mail actions share: where they send from, and what tells one call from the next."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any, Literal

from prefect.runtime import flow_run, task_run
from pydantic import BaseModel, ConfigDict

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import parse_mailboxes
from mailroom.mail.imap import parse_list
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.question import QuestionResult, Waiting
from tasks import _open

Mode = Literal["any", "all", "n"]
Policy = Literal["exact", "alias", "domain", "any"]


class ReplyResult(BaseModel):
    """What came of a question.

    Mail is not for Prefect's database: `facts` can be returned from a flow; `responses` and `answers` hold what people
    wrote and are for the code that decides.
    """

    model_config = ConfigDict(frozen=True)

    is_success: bool
    """As many people answered as were needed."""
    state: Literal["open", "answered", "no_answer", "undeliverable", "cancelled", "not_sent"]
    question_id: int
    message_id: str
    replied: int
    recipients: list[dict[str, Any]]
    """Per person: recipient, status (replied, undeliverable, auto_reply, timeout, pending), from, replied_at."""
    responses: list[dict[str, Any]]
    """recipient and content of each answer, in the order they came."""
    answers: list[dict[str, Any]]
    """The documented JSON result of each answer, `in_replay_to` included."""
    detail: str

    @property
    def is_open(self) -> bool:
        """Nobody knows yet."""
        return self.state == "open"

    def facts(self) -> dict[str, Any]:
        """Ids and states: everything but what people wrote."""
        return self.model_dump(exclude={"responses", "answers"})


def as_reply_result(result: QuestionResult) -> ReplyResult:
    """The library's result in the words of the action."""
    known = result.as_json()
    return ReplyResult(**{name: known[name] for name in ReplyResult.model_fields})


def desk(mailbox: str, store: str) -> PostDesk:
    """Mailbox and store of this process."""
    return PostDesk(_open.store(store), _open.account(mailbox))


def addresses(text: str, what: str) -> tuple[str, ...]:
    """The addresses of a comma-separated list, as the documented actions take them.

    Raises:
        InvalidInputError: one is not an address.
    """
    try:
        found = parse_mailboxes(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"{what}: {error}") from error
    return tuple(f'"{_quoted(one.name)}" <{one.address}>' if one.name else one.address for one in found)


def recipients_of(text: str) -> tuple[str, ...]:
    """The addresses of the field that must not be empty.

    Raises:
        InvalidInputError: one is not an address, or there is none.
    """
    found = addresses(text, "Recipients")
    if not found:
        raise InvalidInputError("Recipients is empty: name at least one address")
    return found


def filled(text: str, what: str) -> str:
    """The text of a field that must not be empty; a form sends a cleared field as an empty text.

    Raises:
        InvalidInputError: it is.
    """
    if not text.strip():
        raise InvalidInputError(f"{what} is empty: fill it in")
    return text


def patterns(text: str) -> tuple[str, ...]:
    """One regular expression per line."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def step_key(step: str, *parts: str) -> str:
    """The same for the same step of the same run, however often it runs; another one everywhere else.

    Without a step, `parts` tell one call from the next: equal calls in one run are one call.
    """
    run = flow_run.root_flow_run_id or flow_run.id or f"task/{task_run.id or uuid.uuid4()}"
    if step:
        return f"{run}/{step}"
    return f"{run}/{hashlib.sha256(chr(0).join(parts).encode('utf-8', 'replace')).hexdigest()[:32]}"


def runs_inside_another() -> bool:
    """Whether this is a subflow: its steps are those of the run that calls it, which may call it again."""
    return flow_run.root_flow_run_id not in {None, flow_run.id}


def waiting(
    wait_for: Mode, needed: int, hours: float, policy: Policy, exclude_subject: str, exclude_body: str, folders: str
) -> Waiting:
    """The waiting part of the actions' parameters."""
    return Waiting(
        mode=wait_for, needed=needed, time_limit=timedelta(hours=hours), sender_policy=policy,
        exclude_subject=patterns(exclude_subject), exclude_body=patterns(exclude_body),
        folders=parse_list(folders),
    )  # fmt: skip


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
