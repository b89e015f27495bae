"""What the actions that send one mail share: the result, in the documented words."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mailroom.effects.mail_outcome import SendOutcome, need_sent


class SendResult(BaseModel):
    """What became of one mail."""

    model_config = ConfigDict(frozen=True)

    is_success: bool
    """Everybody's server has it."""
    message_id: str
    """With it "Wait for Email from User" finds the answers."""
    accepted: int
    """Recipients whose mail the server took over in this run; 0 when it had been sent before."""
    refused: list[str]
    """Recipients that no attempt will reach, each with the server's words."""
    open: list[str]
    """Recipients refused for now; Retry tries only these."""
    message: str


def sent_result(sent: SendOutcome, done: str) -> SendResult:
    """The result of a mail that went out.

    Raises:
        MailroomError: of the kinds that `need_sent` names.
    """
    need_sent(sent)
    return SendResult(
        is_success=not (sent.open or sent.refused), message_id=sent.message_id, accepted=len(sent.accepted),
        refused=[f"{address}: {words}" for address, words in sent.refused], open=list(sent.open),
        message=_said(sent, done),
    )  # fmt: skip


def _said(sent: SendOutcome, done: str) -> str:
    """The documented sentence where everybody got it; else how many did not."""
    missing = [
        f"{count} {words}"
        for count, words in ((len(sent.refused), "refused for good"), (len(sent.open), "refused for now"))
        if count
    ]
    return f"Email was sent, but not to everybody: {', '.join(missing)}." if missing else done
