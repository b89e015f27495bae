"""What became of a mail, recipient by recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mailroom.redact import one_line, scrub

Status = Literal["accepted", "refused_permanent", "refused_transient"]

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_QUEUE_ID = (
    re.compile(r"queued (?:mail for delivery )?as\s*:?\s*<?([A-Za-z0-9][A-Za-z0-9._@+/-]{2,200})", re.IGNORECASE),
    re.compile(r"\bid[=: ]\s*<?([A-Za-z0-9][A-Za-z0-9._@+-]{2,200})", re.IGNORECASE),
    re.compile(r"<([^<>\s]{3,200})>"),
    re.compile(r"^(?:2\.\d+\.\d+ )?(?:OK|Accepted)\s*:?\s+(?:\d{9,11}\s+)?([A-Za-z0-9][A-Za-z0-9._@+-]{9,200})", re.I),
)
_TOO_MANY = {"4.5.3", "5.5.3"}
_DAILY_LIMITS = {"5.4.5", "5.1.90"}
"""Of Gmail and of Exchange Online: so many recipients a day; over tomorrow, whatever the first digit says."""
_EXCHANGE_DAILY_LIMIT = "SubmissionQuotaExceeded"
"""The name of Exchange's own error; it stands behind 5.2.0, which means much else. A full mailbox is another name."""
_SES_HOST = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
_SES_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f-]{36}-[0-9]{6}")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of a server."""

    code: int
    text: str
    """All lines, joined with spaces, fit for a log."""

    @property
    def enhanced(self) -> str:
        """Such as `5.1.1`; empty when the server gives none."""
        found = _ENHANCED.match(self.text)
        return found[0] if found else ""

    @property
    def status(self) -> Status:
        """What it means for the recipient it was given for."""
        if 200 <= self.code < 400:
            return "accepted"
        if 400 <= self.code < 500 or self.enhanced in _TOO_MANY | _DAILY_LIMITS or self.enhanced.startswith("4."):
            return "refused_transient"
        if _EXCHANGE_DAILY_LIMIT in self.text:
            return "refused_transient"
        return "refused_permanent"

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What the server said about one recipient."""

    address: str
    status: Status
    code: int
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class SendReport:
    """What the server said about one mail. `accepted` means taken over, not delivered: a bounce may follow."""

    message_id: str
    per_recipient: tuple[RecipientResult, ...]
    overall: Literal["sent", "partial", "failed"]
    """`sent`: all accepted; `failed`: none."""
    server_reply: str = ""
    """The last reply: to the mail itself, or to what stopped it."""
    queue_id: str = ""
    """The server's own name for the mail, when its reply tells."""
    given_id: str = ""
    """The Message-ID that the recipients see, where the server is known to put its own in place of ours."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """Who gets the mail."""
        return self._with("accepted")

    @property
    def open(self) -> tuple[str, ...]:
        """Whom a later attempt, with the same Message-ID, may reach."""
        return self._with("refused_transient")

    @property
    def refused(self) -> tuple[str, ...]:
        """Whom no attempt will reach."""
        return self._with("refused_permanent")

    def _with(self, status: Status) -> tuple[str, ...]:
        return tuple(one.address for one in self.per_recipient if one.status == status)


def make_report(message_id: str, answers: dict[str, Answer], last: Answer, host: str = "") -> SendReport:
    """Put together what was answered for each address, in the order asked; `host` is the server's name."""
    results = tuple(
        RecipientResult(address, answer.status, answer.code, answer.enhanced, answer.text)
        for address, answer in answers.items()
    )
    taken = sum(1 for one in results if one.status == "accepted")
    overall: Literal["sent", "partial", "failed"] = (
        "sent" if taken == len(results) else "partial" if taken else "failed"
    )
    queued = queue_id(last) if taken else ""
    return SendReport(message_id, results, overall, str(last), queued, _given_id(host, queued))


def queue_id(answer: Answer) -> str:
    """The id in the final reply of the common servers, or an empty text."""
    return next((found[1].rstrip(".") for pattern in _QUEUE_ID if (found := pattern.search(answer.text))), "")


def _given_id(host: str, queued: str) -> str:
    """Amazon SES names the mail in its reply, and replaces the Message-ID by that name."""
    found = _SES_HOST.fullmatch(host.strip().rstrip(".").lower())
    if found is None or not _SES_ID.fullmatch(queued):
        return ""
    return f"<{queued}@{'email' if found[1] == 'us-east-1' else found[1]}.amazonses.com>"


def said(raw: bytes) -> str:
    """A server's words, fit for logs and reports: one line, at most 500 characters, no secrets."""
    return one_line(scrub(raw.decode("utf-8", "replace")), _LONGEST)
