"""One account at one API host: signs, sends, waits, repeats what may be repeated, reads the envelope."""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

from mailroom import redact
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.closing import Closing
from mailroom.errors import InvalidInputError, NotFoundError, RateLimitError, ResponseError, TransientError
from mailroom.mimecast.auth import Authenticator
from mailroom.mimecast.capabilities import Function, Generation
from mailroom.mimecast.credentials import ApplicationKeys, Credentials
from mailroom.mimecast.diagnosis import error_of, not_offered
from mailroom.mimecast.download import FileExchange
from mailroom.mimecast.envelope import Envelope
from mailroom.mimecast.exchange import Exchange, JsonExchange
from mailroom.mimecast.hmac_auth import KeyAuthenticator
from mailroom.mimecast.limits import GATES, GLANCE, Gate, read_headers
from mailroom.mimecast.oauth import TokenAuthenticator
from mailroom.mimecast.presigned import FileDigest, checked_link, fetch_link
from mailroom.mimecast.reading import dict_of, list_of
from mailroom.mimecast.repeats import NoTokenError, Repeats
from mailroom.mimecast.rest import RestAnswer, RestExchange, filled
from mailroom.mimecast.transport import Reply, Transport
from mailroom.mimecast.waiting import Deadline, OnWait

__all__ = ["MimecastClient", "OnWait"]

log = logging.getLogger(__name__)

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_ROOT = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]+")
_SKEW_EVERY = 60.0
_ABOUT_ITEMS = {200, 400, 404, 409}  # other statuses refuse the whole call, whatever `fail` names


class MimecastClient(Closing):
    """One account at one API host. Thread-safe; share one client between the threads of a run.

    Args:
        api_root: `https://host` of the tenant's region; plain http only on this machine.
        credentials: `ApplicationKeys` (API 1.0) or `ClientCredentials` (API 2.0).
        proxy: `http://[user:password@]host:port`; the environment's proxy settings are never used.
        verify: True, False (warns), or the path of a CA bundle.
        connect_timeout: Seconds.
        read_timeout: Seconds without a byte.
        deadline: Seconds for one call, all waits and repeats included.
        clock: Where time comes from.
        on_wait: Told (seconds, function path, reason) before each wait; called from the waiting thread.
        pool_size: Connections kept open; at least the number of threads.
        max_body: Largest answer read, in bytes after decompression.
    """

    def __init__(
        self,
        api_root: str,
        credentials: Credentials,
        *,
        proxy: str | None = None,
        verify: bool | str | Path = True,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        deadline: float = 300.0,
        clock: Clock = SYSTEM_CLOCK,
        on_wait: OnWait | None = None,
        pool_size: int = 16,
        max_body: int = 64 << 20,
    ) -> None:
        self.api_root = _checked_root(api_root)
        self.clock, self.default_deadline = clock, deadline
        self._on_wait = on_wait
        self.transport = Transport(
            proxy=proxy,
            verify=verify,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            pool_size=pool_size,
            max_body=max_body,
            clock=clock,
        )
        self._account = f"{self.api_root} {credentials.account_key}"
        self._auth: Authenticator
        if isinstance(credentials, ApplicationKeys):
            self._auth = KeyAuthenticator(credentials, self.api_root, self.transport, clock)
        else:
            self._auth = TokenAuthenticator(credentials, self.api_root, self.transport, clock)
        self._skew: timedelta | None = None
        self._skew_again = float("-inf")

    def __repr__(self) -> str:
        return f"MimecastClient({self.api_root!r}, generation {self.generation})"

    def close(self) -> None:
        """Close all connections. The client may still be used; it then opens new ones."""
        self.transport.close()

    def within(self, deadline: float) -> Self:
        """The same account, connections, quotas and token, with another deadline per call (seconds)."""
        other = copy.copy(self)
        other.default_deadline = deadline
        return other

    @property
    def generation(self) -> Generation:
        """`1.0` or `2.0`, decided by the kind of credentials."""
        return self._auth.generation

    @property
    def skew(self) -> timedelta | None:
        """Mimecast's clock minus ours (resolution: seconds); None before the first answer."""
        return self._skew

    def now(self) -> datetime:
        """The present by Mimecast's clock, aware UTC; by ours before the first answer."""
        skew = self._skew
        here = self.clock.now()
        return here if skew is None or abs(skew) < timedelta(seconds=2) else here + skew

    def call(
        self,
        function: Function,
        items: Sequence[Mapping[str, Any]] = (),
        *,
        page: Mapping[str, Any] | None = None,
        deadline: float | None = None,
        per_item: bool = False,
        targets: Sequence[str] = (),
    ) -> Envelope:
        """Run one function and read its answer.

        Reads are repeated inside the deadline; effects only when they certainly were not executed (HTTP 429, or a
        token that had to be replaced).

        Args:
            function: From `capabilities`.
            items: The request items; the function runs once per item.
            page: `meta.pagination` (`pageSize`, `pageToken`).
            deadline: Seconds for this call instead of the client's.
            per_item: Return an answer whose items all failed instead of raising.
            targets: What an effect acts on, for `EffectUnknownError.unknown`.

        Returns:
            The answer: data, and the failures of single items beside it.

        Raises:
            NotOfferedError: The function does not exist in this generation.
            AccessError: Credentials, permission, product or binding; the message names the missing one.
            RejectedError: Refused, with Mimecast's code.
            NotFoundError: The object is gone.
            RateLimitError: The wait would pass the deadline; the call was not executed.
            TransientError: A read failed until the deadline, or an effect could not be sent at all.
            ResponseError: A read's answer cannot be read.
            EffectUnknownError: An effect was sent and its answer was not seen.
        """
        if self.generation not in function.generations:
            raise not_offered(function, self.generation)
        request: dict[str, Any] = {"data": list(items)}
        if page:
            request["meta"] = {"pagination": dict(page)}
        exchange = JsonExchange(self.transport, self.api_root + function.path, json.dumps(request).encode())
        envelope = self._run(function, exchange, self._deadline(function, deadline), targets)
        keyed = any(failure.key is not None for failure in envelope.failures)
        if per_item and (envelope.data or (keyed and envelope.status in _ABOUT_ITEMS)):
            return envelope
        if envelope.status >= 300 or (envelope.failures and not envelope.data):
            raise error_of(function, self.generation, envelope, self._skew)
        if function.effect == "reads" and not envelope.has_data:
            raise ResponseError(f"{function.path}: the answer has no data field, which is not 'nothing found'")
        return envelope

    def download(
        self,
        function: Function,
        item: Mapping[str, Any],
        sink: BinaryIO,
        *,
        max_bytes: int = 50 << 20,
        deadline: float | None = None,
    ) -> FileDigest:
        """Run a function that answers with a file and write the file to `sink`.

        The file comes as bytes (API 1.0) or behind a pre-signed link (API 2.0), which is followed only over https to
        `*.mimecast.com` or to the API's own address, without our credentials. Repeated like any read while nothing
        was written, or when `sink` can be wound back. On an error `sink` may hold a part.

        Args:
            function: A read from `capabilities`.
            item: The request item.
            sink: Open for writing bytes.
            max_bytes: Largest file taken.
            deadline: Seconds for this call instead of the client's.

        Raises:
            RejectedError: Refused, or larger than `max_bytes` (code `too_large`).
            NotFoundError: There is no such file, or no longer.
            TransientError: The download broke off and could not be repeated.
            MailroomError: As `call`.
        """
        if self.generation not in function.generations:
            raise not_offered(function, self.generation)
        limit = self._deadline(function, deadline)
        exchange = FileExchange(
            self.transport,
            self.api_root + function.path,
            json.dumps({"data": [dict(item)]}).encode(),
            sink,
            path=function.path,
            max_bytes=max_bytes,
        )
        envelope = self._run(function, exchange, limit)
        if exchange.digest is not None:
            return exchange.digest
        if envelope.status >= 300 or envelope.failures:
            raise error_of(function, self.generation, envelope, self._skew)
        links = [link for entry in envelope.data for link in list_of(dict_of(entry).get("urls"))]
        if not links:
            raise NotFoundError(f"{function.path}: no link for the file; it does not exist, or no longer")
        link = checked_link(links[0], function.path, self.api_root)
        return fetch_link(self.transport, link, sink, path=function.path, max_bytes=max_bytes, seconds=limit.left)

    def rest(
        self,
        function: Function,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        targets: Sequence[str] = (),
        deadline: float | None = None,
    ) -> RestAnswer:
        """Run a REST resource of API 2.0, with the same limits, repeats and errors as `call`.

        Args:
            function: A REST resource from `capabilities`.
            path: A text for each `{part}` of its path.
            query: Query parameters; None is left out.
            body: The JSON object to send.
            targets: What an effect acts on, for `EffectUnknownError.unknown`.
            deadline: Seconds for this call instead of the client's.

        Raises:
            NotOfferedError: The client uses API 1.0; the message names the function to use instead.
            InvalidInputError: A part of the path is missing or no id.
            NotFoundError: The object is gone.
            MailroomError: As `call`.
        """
        if self.generation not in function.generations:
            raise not_offered(function, self.generation)
        exchange = RestExchange(
            self.transport,
            function.method,
            self.api_root + filled(function, path or {}, query or {}),
            None if body is None else json.dumps(dict(body)).encode(),
        )
        envelope = self._run(function, exchange, self._deadline(function, deadline), targets)
        if envelope.status >= 300 or envelope.failures:
            raise error_of(function, self.generation, envelope, self._skew)
        return RestAnswer(envelope.http_status, dict_of(envelope.data[0]), envelope.request_id)

    def _deadline(self, function: Function, seconds: float | None) -> Deadline:
        return Deadline(self.default_deadline if seconds is None else seconds, function.name, self.clock, self._on_wait)

    def _run(self, function: Function, exchange: Exchange, limit: Deadline, targets: Sequence[str] = ()) -> Envelope:
        """Attempt until there is an answer that says something for sure."""
        return Repeats(
            function,
            limit,
            tuple(targets),
            lambda refusals: self._attempt(function, exchange, limit, refusals),
            lambda refused: error_of(function, self.generation, refused, self._skew),
        ).run()

    def _attempt(self, function: Function, exchange: Exchange, limit: Deadline, refusals: int) -> Envelope | None:
        """One signed request behind the gate; a refused token is replaced once. None: HTTP 429, not executed.

        Args:
            function: What to run.
            exchange: The request.
            limit: Time left.
            refusals: How often this call has met HTTP 429 so far.

        Raises:
            NotSentError, BrokenError, TooLargeError: From the transport.
            NoTokenError: Nothing was sent, for want of a token.
            ResponseError: The answer cannot be read.
            RateLimitError: The wait would pass the deadline.
        """
        gate = GATES.gate(self._account, function.name, self.clock)
        renewed = False
        while True:
            self._pass(gate, function, limit)
            try:
                signed = self._auth.signed(function.path, limit.left)
            except (TransientError, ResponseError) as error:
                raise NoTokenError(error) from error
            reply = exchange.send(signed.headers, limit.left)
            self._learn_time(reply)
            quota = read_headers(reply.headers)
            if reply.status == 429:
                gate.refused(quota, refusals + 1)
                return None
            gate.answered(quota)
            body = reply.body
            if signed.proof in body:  # a signature lives for one request, so it is not in the redaction's registry
                body = body.replace(signed.proof, redact.MASK.encode())
            request_id = reply.headers.get("x-request-id") or signed.headers.get("x-mc-req-id", "")
            request_id = redact.one_line(redact.scrub(request_id), 100)
            envelope = exchange.read(reply.status, body, request_id)
            if envelope.status not in {401, 418} or renewed or not self._auth.renewed(signed, envelope, limit.left):
                return envelope
            renewed = True

    def _pass(self, gate: Gate, function: Function, limit: Deadline) -> None:
        while seconds := gate.enter():
            if not limit.wait(seconds, "rate limit", shown=seconds > GLANCE):
                raise RateLimitError(
                    f"{function.name}: the quota is used up for {seconds:.1f} s, longer than this call may take "
                    f"({max(limit.left, 0):.1f} s left). It was not executed; run it again later",
                    seconds,
                )

    def _learn_time(self, reply: Reply) -> None:
        now = self.clock.monotonic()
        if now < self._skew_again or (text := reply.headers.get("Date")) is None:
            return
        try:
            there = parsedate_to_datetime(text)
            if there.tzinfo is None:
                there = there.replace(tzinfo=UTC)
            # The header names a whole second that has begun: on average half of it has passed.
            off = (there - self.clock.now()).total_seconds() + 0.5
            self._skew = timedelta(seconds=round(off) if abs(off) > 1 else 0)
        except (ValueError, TypeError, OverflowError, IndexError):
            return
        self._skew_again = now + _SKEW_EVERY


def _checked_root(api_root: str) -> str:
    root = api_root.strip().rstrip("/")
    host = None
    if _ROOT.fullmatch(root):
        try:
            parts = urlsplit(root)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
    if not host:
        raise InvalidInputError("the API root must be https://host of the tenant's region, without path or user")
    if root.startswith("http://") and host not in _LOOPBACK:
        raise InvalidInputError("the API root must start with https:// (plain http only on this machine)")
    return root
