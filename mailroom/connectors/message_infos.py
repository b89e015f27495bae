"""Message infos of many messages, several calls at a time, where one that cannot be read holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mailroom.closing import Closing
from mailroom.errors import NotFoundError, RateLimitError, RejectedError, ResponseError, TransientError
from mailroom.mimecast import MimecastClient, tracking
from mailroom.mimecast.models import MessageInfo

_OUTAGE = 3  # so many messages in a row that cannot be fetched are the tenant's trouble, not theirs
_SHORTEST_CALL = 5.0
"""Seconds that a call may take however little time is left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one tracking id. Nothing of it set: there was no time to ask."""

    info: MessageInfo | None = None
    gone: bool = False
    """The tenant does not know the id (any more)."""
    failure: str = ""
    """Why the message info could not be read; worth another attempt."""

    @property
    def asked(self) -> bool:
        """Whether there is an answer at all."""
        return self.info is not None or self.gone or bool(self.failure)


@dataclass
class MessageInfos(Closing):
    """Fetches message infos, `workers` calls at a time. Reads."""

    client: MimecastClient
    workers: int = 8
    on_fetched: Callable[[int], None] = lambda _count: None
    _pool: ThreadPoolExecutor = field(init=False)
    _failed_in_a_row: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="message-info")

    def close(self) -> None:
        """Stop the threads; calls under way end first."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def fetch(self, tracking_ids: Iterable[str], *, until: float | None = None) -> dict[str, Answer]:
        """Answers by tracking id.

        Args:
            tracking_ids: Each is asked for once.
            until: When to stop asking, by the client's monotonic clock; what is left then has an empty answer.

        Raises:
            AccessError, TransientError: the tenant's trouble; nothing is known about any of them.
        """
        wanted = dict.fromkeys(tracking_ids)
        answers = self._pool.map(lambda tracking_id: self._answer(tracking_id, until), wanted)
        return dict(zip(wanted, answers, strict=True))

    def _answer(self, tracking_id: str, until: float | None) -> Answer:
        deadline = None
        if until is not None:
            left = until - self.client.clock.monotonic()
            if left <= 0:
                return Answer()
            deadline = min(max(left, _SHORTEST_CALL), self.client.default_deadline)
        try:
            answer = Answer(info=tracking.get_message_info(self.client, tracking_id, deadline=deadline))
        except NotFoundError:
            answer = Answer(gone=True)
        except (ResponseError, RejectedError) as error:
            answer = Answer(failure=str(error))
        except RateLimitError:
            if deadline is not None and deadline < self.client.default_deadline:
                return Answer()  # it would have to wait for longer than the cycle lasts
            raise
        except TransientError as error:
            answer = Answer(failure=str(error))
            with self._lock:
                self._failed_in_a_row += 1
                if self._failed_in_a_row >= _OUTAGE:
                    raise
        else:
            self._failed_in_a_row = 0
        self.on_fetched(1)
        return answer
