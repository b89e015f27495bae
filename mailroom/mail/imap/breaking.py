"""Mails at which a server ends the connection: the question goes on behind them, on a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mailroom.errors import RateLimitError, TransientError
from mailroom.mail.imap.uids import chunks

Found = TypeVar("Found")
RECONNECTS = 5
"""A server that ends more connections than this over header fields is in trouble itself."""


def may_be_a_mail(error: TransientError) -> bool:
    """Whether a mail may have cost the connection: the server was neither silent nor throttling."""
    return not isinstance(error, RateLimitError) and not isinstance(error.__cause__, TimeoutError)


def past_what_breaks(
    uids: Iterable[int],
    ask: Callable[[list[int]], Iterator[tuple[int, Found]]],
    reconnect: Callable[[], bool],
    failures: dict[int, str],
) -> dict[int, Found]:
    """What `ask` finds out about mails, also when one of them costs the connection.

    Servers answer in the order of the UIDs: the mail behind the last answer is set aside, the others are asked for, and
    then it alone.

    Args:
        uids: Of the mails.
        ask: Hands out UID and answer; what came before a connection was lost, too.
        reconnect: False: the connection is not lost, or this is no time to try again.
        failures: Gets the mails that cost the connection even when asked for alone: UID -> why.

    Raises:
        TransientError: The server is silent, in trouble itself, or cannot be reached again.
    """
    found: dict[int, Found] = {}
    rest = next(chunks(uids, 1 << 32), [])
    doubtful: list[int] = []
    lost = 0
    while rest or doubtful:
        alone = not rest
        asked = [doubtful.pop(0)] if alone else rest
        rest = []
        try:
            found.update(ask(asked))
        except TransientError as error:
            lost += 1
            if lost > RECONNECTS or not may_be_a_mail(error) or not reconnect():
                raise
            if alone:
                failures[asked[0]] = str(error)
                continue
            reached = max((uid for uid in asked if uid in found), default=0)
            doubtful += [uid for uid in asked if uid > reached][:1]
            rest = [uid for uid in asked if uid not in found and uid not in doubtful]
    return dict(sorted(found.items()))
