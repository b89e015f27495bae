"""What shall go wrong on the mail server, where, how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass

SMTP_VERBS = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT", "QUIT")
KINDS = ("refuse", "drop", "drop_after_dot", "slow", "bye")


@dataclass
class MailFault:
    """One thing that goes wrong.

    Attributes:
        kind: `refuse` answers `answer` (IMAP: `NO` and `answer`); `drop` hangs up without an answer; `drop_after_dot`
            takes the mail and hangs up without an answer (SMTP); `slow` waits `seconds` first; `bye` says goodbye and
            hangs up (IMAP).
        verb: SMTP: one of `SMTP_VERBS`, DOT being the end of a mail. IMAP: CONNECT or a command such as `FETCH`, `UID
            FETCH`, `IDLE`; `UID SEARCH HEADER` is a search in header fields or words. `*` is every one.
        side: `smtp` or `imap`.
        answer: What to say.
        address: RCPT only: this recipient and no other.
        times: How often it happens; None for ever.
        after: How many pass first.
        seconds: How long `slow` waits.
        hits: How often it happened.
    """

    kind: str
    verb: str = "*"
    side: str = "smtp"
    answer: str = "451 4.3.0 Try again later"
    address: str = ""
    times: int | None = 1
    after: int = 0
    seconds: float = 0.0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: use one of {', '.join(KINDS)}")
        if self.kind == "drop_after_dot":
            self.verb = "DOT"
        if self.kind == "bye":
            self.side = "imap"
        if self.side not in ("smtp", "imap"):
            raise ValueError(f"unknown side {self.side!r}: use smtp or imap")


class FaultBoard:
    """The faults of a mail server. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[MailFault] = []
        self._lock = threading.Lock()

    def add(self, fault: MailFault) -> MailFault:
        """Arm a fault; returned so that its `hits` can be read later."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._faults.clear()

    @property
    def armed(self) -> int:
        """How many have yet to happen."""
        with self._lock:
            return sum(fault.times is None or fault.hits < fault.times for fault in self._faults)

    def take(self, side: str, verb: str, address: str = "") -> MailFault | None:
        """The fault that is due at this point; it counts as hit."""
        with self._lock:
            for fault in self._faults:
                if fault.side != side or not (fault.verb == "*" or f"{verb} ".startswith(f"{fault.verb} ")):
                    continue
                if fault.address and fault.address.lower() != address.lower():
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is None or fault.hits < fault.times:
                    fault.hits += 1
                    return fault
        return None
