"""SEARCH: charsets, servers that know less than they should, mails they cannot read, answers of any length."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mailroom.errors import InvalidInputError, NotOfferedError, ResponseError, TransientError
from mailroom.mail.imap.answers import Reply
from mailroom.mail.imap.breaking import may_be_a_mail
from mailroom.mail.imap.codes import error_for
from mailroom.mail.imap.commands import encoded
from mailroom.mail.imap.criterion import Criterion, Imap
from mailroom.mail.imap.pieces import in_pieces
from mailroom.mail.imap.search_keys import GmailRaw, MessageId
from mailroom.mail.imap.tokens import tokens
from mailroom.mail.imap.uids import HIGHEST_UID, expanded
from mailroom.mail.imap.wire import Wire

log = logging.getLogger(__name__)

_WINDOW = 20_000
"""UIDs per question in a big folder."""
_BIG = 100_000
"""Mails in a folder that is searched window by window."""
_MOST = 8_000_000
"""UIDs in one answer; more is a server gone mad."""
_BAD_MOST = 100
"""Mails a server may fail at and still be believed to work."""
_RECONNECTS = 30
"""Connections that a server may end over one search."""
_QUESTIONS = 400
"""Asked at most to find the mails at which a search fails."""
_LONGEST = 60_000
"""Octets: Dovecot refuses lines of more than 64 KiB."""


class _Unjudged(Criterion):
    """Stands for what the server cannot be asked."""

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Everything."""
        return None

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Nothing."""
        return None


class Searcher:
    """Asks, and remembers what this server does not understand."""

    def __init__(self, wire: Wire, reconnect: Callable[[], bool]) -> None:
        self.wire, self._reconnect = wire, reconnect
        self.narrowed_only = False
        """The last answer may hold mails that do not fit: look at each."""
        self.unjudged: frozenset[int] = frozenset()
        """Of the last answer: mails the server could not open, so that nobody knows whether they fit."""
        self._ascii_only = False
        self._no_text = False

    def uids(
        self, criteria: Criterion | None, uid_from: int | None, uid_to: int | None, limit: int | None, uidnext: int
    ) -> list[int]:
        """UIDs, ascending, each once.

        Args:
            criteria: What to look for; None is everything.
            uid_from: Lowest UID wanted.
            uid_to: Highest UID wanted.
            limit: Stop when the lowest so many are found.
            uidnext: As the server said when the folder was opened; 0 when unknown.
        """
        first, last = uid_from or 1, uid_to or HIGHEST_UID
        if first > last:
            return []
        if limit is not None and limit < 1:
            raise InvalidInputError(f"limit {limit}: expected at least 1")
        self.narrowed_only, self.unjudged = criteria is not None and not criteria.is_exact, frozenset()
        found: list[int] = []
        window = _WINDOW
        start = first
        while self.wire.exists > _BIG and uidnext and start + window < min(last, uidnext):
            part = self._one(criteria, f"{start}:{start + window - 1}", start, start + window - 1)
            found += part
            if limit is not None and len(found) >= limit:
                return found[:limit]
            start += window
            window = _WINDOW if len(part) > window // 10 else window * 4
        whole = None if start == 1 and last == HIGHEST_UID else f"{start}:{'*' if last == HIGHEST_UID else last}"
        found += self._one(criteria, whole, start, last)
        return found if limit is None else found[:limit]

    def _one(self, criteria: Criterion | None, uids: str | None, first: int, last: int) -> list[int]:
        scope: Imap = ["UID", uids] if uids else []
        reply = self._asked(criteria, scope)
        if criteria is not None and reply.status.kind != "OK":
            return self._around_bad_mails(criteria.replaced(self._fitted), scope, first, last, reply)
        # `n:*` names the highest UID even when that is below n; and some servers answer more than was asked.
        return [uid for uid in found_uids(reply) if first <= uid <= last]

    def _asked(self, criteria: Criterion | None, scope: Imap) -> Reply:
        if criteria is None:
            return self.wire.command("SEARCH", *(scope or ["ALL"]), uid=True)
        criteria = criteria.replaced(self._fitted)
        if not criteria.is_ascii and not self._ascii_only:
            reply = self._try(scope, criteria, "UTF-8")
            if reply.status.kind == "OK":
                return reply
            if reply.status.code == "BADCHARSET" or not reply.status.code:
                self._ascii_only = True
        self.narrowed_only = self.narrowed_only or not criteria.is_ascii
        reply = self._try(scope, criteria, None)
        if reply.status.kind == "OK" or reply.status.code == "SERVERBUG":
            return reply
        if (reply.status.kind == "BAD" or reply.status.code == "CANNOT") and not self._no_text:
            again = self._try(scope, criteria.replaced(_textless), None)
            if again.status.kind == "OK":
                self._no_text = self.narrowed_only = True
                return again
        raise error_for(reply.status, "SEARCH", self.wire.where)

    def _around_bad_mails(self, criteria: Criterion, scope: Imap, first: int, last: int, failed: Reply) -> list[int]:
        """One mail that the server cannot open spoils a search for all: ask in pieces, and take that one as found.

        A server may end the connection some time after it came across such a mail (Dovecot repairs its index and says
        that the session is inconsistent), so every question may need a new one, and so does whatever comes next.

        Raises:
            TransientError: The server fails at every mail.
        """
        lost = 0

        def asked(scope: Imap, criteria: Criterion) -> Reply | None:
            nonlocal lost
            for _ in range(2):
                try:
                    reply = self._try(scope, criteria, None)
                except TransientError as error:
                    lost += 1
                    if lost > _RECONNECTS or not may_be_a_mail(error) or not self._reconnect():
                        raise
                    continue
                if reply.status.kind == "OK" or reply.status.code == "SERVERBUG":
                    return reply if reply.status.kind == "OK" else None
                raise error_for(reply.status, "SEARCH", self.wire.where)
            return None

        def ask(low: int, high: int) -> list[int] | None:
            reply = asked(["UID", f"{low}:{high}"], criteria)
            return None if reply is None else [uid for uid in found_uids(reply) if low <= uid <= high]

        self.narrowed_only = True  # whatever comes of it: such a server is not taken at its word
        # Flags stand in the server's index; for everything else it may have to open mails.
        reply = asked(scope, criteria.replaced(_flags))
        if reply is None:
            raise error_for(failed.status, "SEARCH", self.wire.where)
        there = [uid for uid in found_uids(reply) if first <= uid <= last]
        samples = {there[0], there[len(there) // 2], there[-1]} if there else set()
        if any(map(_has_text, criteria.leaves())) and all(ask(uid, uid) is None for uid in samples):
            # It fails at the question, not at a mail. Nothing is remembered: the next question may be another.
            reply = asked(scope, criteria.replaced(_textless))
            if reply is None:
                raise error_for(failed.status, "SEARCH", self.wire.where)
            log.warning("%s fails at a search for text and was asked without it", self.wire.where)
            return [uid for uid in found_uids(reply) if first <= uid <= last]
        fitting, unknown = in_pieces(ask, there, most=_QUESTIONS)
        if len(unknown) > _BAD_MOST and not fitting:
            raise error_for(failed.status, "SEARCH", self.wire.where)
        if unknown:
            self.wire.close()
            self._reconnect()
        self.narrowed_only, self.unjudged = True, self.unjudged | unknown
        return sorted(fitting | unknown)

    def _try(self, scope: Imap, criteria: Criterion, charset: str | None) -> Reply:
        keys = criteria.to_imap(charset)
        if scope and keys == ["ALL"]:
            keys = []
        args: Imap = (
            ["CHARSET", "UTF-8"] if charset and any(isinstance(k, bytes) and not k.isascii() for k in keys) else []
        )
        args += [*scope, *keys]
        length = sum(map(len, encoded("SEARCH", args)))
        if length > _LONGEST:
            raise InvalidInputError(f"the search takes {length} octets; at most {_LONGEST} fit: ask in several parts")
        return self.wire.attempt("SEARCH", *args, uid=True)

    def _fitted(self, leaf: Criterion) -> Criterion:
        """A leaf as this server wants it."""
        gmail = "X-GM-EXT-1" in self.wire.capabilities
        if isinstance(leaf, GmailRaw) and not gmail:
            raise NotOfferedError(f"{self.wire.where} is not Gmail: search with the other criteria instead of GmailRaw")
        if gmail and isinstance(leaf, MessageId):
            return GmailRaw(f"rfc822msgid:{leaf.id}")
        if self._no_text and _has_text(leaf):
            self.narrowed_only = True
            return _Unjudged()
        return leaf


def _has_text(leaf: Criterion) -> bool:
    return bool(leaf.text) or isinstance(leaf, MessageId)


def _textless(leaf: Criterion) -> Criterion:
    return _Unjudged() if _has_text(leaf) else leaf


def _flags(leaf: Criterion) -> Criterion:
    return _Unjudged() if _has_text(leaf) or leaf.is_widened else leaf


def found_uids(reply: Reply) -> list[int]:
    """All UIDs of SEARCH and ESEARCH answers, ascending, each once."""
    found: set[int] = set()
    for answer in reply.of("SEARCH"):
        try:
            found.update(map(int, answer.text.partition(b"(")[0].split()))
        except ValueError as error:
            raise ResponseError("a SEARCH answer with something else than numbers") from error
    for answer in reply.of("ESEARCH"):
        words = tokens(answer.pieces)
        for index, word in enumerate(words[:-1]):
            value = words[index + 1]
            if isinstance(word, bytes) and word.upper() == b"ALL" and isinstance(value, bytes):
                numbers = expanded(value, _MOST)
                if numbers is None:
                    raise ResponseError("an ESEARCH answer whose set of UIDs cannot be read or is absurdly long")
                found.update(numbers)
    return sorted(found)
