"""Bytes out, bytes in: one pool of connections, TLS and proxy settings, size and time limits.

`requests`' adapter is used directly, without its session: no cookies, no redirects, no `.netrc`, no environment
variables, nothing shared between threads but the connection pool.
"""

from __future__ import annotations

import http.client
import logging
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import requests
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as urllib3_errors

from mailroom import redact
from mailroom.clock import Clock
from mailroom.errors import AccessError, CredentialsError, InvalidInputError, MailroomError, ResponseError
from mailroom.http_until import BoundedAdapter, whole_answer_within

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_BEFORE_SENDING = (
    urllib3_errors.NewConnectionError,  # includes name resolution
    urllib3_errors.ConnectTimeoutError,
    urllib3_errors.ProxyError,
)
_OBJECT = re.compile(r"\A(?:.*?>: |\w+\(host='[^']*', port=[0-9]+\): )", re.DOTALL)
"""What a connection says of itself in front of what happened to it."""
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")
"""http.client keeps the proxy's status nowhere else."""


class NotSentError(Exception):
    """The request certainly never reached the server; the text says which stage failed."""


class BrokenError(Exception):
    """The connection failed after the request may have been received."""


class TooLargeError(Exception):
    """The body is larger than the cap."""


@dataclass(slots=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes


Begin = Callable[[int, "CaseInsensitiveDict[str]"], Callable[[bytes], object]]
"""Given status and headers of an answer; returns what takes the pieces of its body."""


class _Adapter(BoundedAdapter):
    """An adapter for one fixed host, without cookies: about a third less work per call."""

    def __init__(self, pool_size: int) -> None:
        super().__init__(pool_connections=4, pool_maxsize=pool_size)
        self._pools: dict[str, Any] = {}

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool of the request's origin; settings never change during an adapter's life."""
        origin = (request.url or "").split("/", 3)[:3]
        key = "/".join(origin)
        pool = self._pools.get(key)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            self._pools[key] = pool
        return pool

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """As usual, minus the cookie jar and the guessing of encodings."""
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        response.url = req.url or ""
        response.request = req
        return response

    def close(self) -> None:
        """Drop every connection."""
        self._pools.clear()
        super().close()


class Transport:
    """Sends requests to one API host (and fetches pre-signed files from others)."""

    def __init__(
        self,
        *,
        proxy: str | None,
        verify: bool | str | Path,
        connect_timeout: float,
        read_timeout: float,
        pool_size: int,
        max_body: int,
        clock: Clock,
    ) -> None:
        self._verify = _checked_verify(verify)
        self._proxies = _checked_proxy(proxy)
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._max_body, self._clock = max_body, clock
        self._adapter = _Adapter(pool_size)

    @property
    def proxy(self) -> str:
        """The proxy as `host:port`, without credentials; empty when there is none."""
        parts = urlsplit(self._proxies.get("https", ""))
        return f"{parts.hostname}:{parts.port or 8080}" if parts.hostname else ""

    @property
    def verify(self) -> bool | str:
        """How certificates are checked."""
        return self._verify

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, seconds: float) -> Reply:
        """One request, one answer, no repeats.

        Args:
            method: `POST` or `GET`.
            url: Whole URL.
            headers: Everything to send besides `Content-Length`.
            body: May be None.
            seconds: Time left; the read timeout is cut to it and a dripping body is given up after it.

        Raises:
            NotSentError: Name, connection or proxy failed: the server has not seen the request.
            AccessError: Nothing was sent, and waiting does not mend it: the proxy or its login refuses (that is a
                `CredentialsError`), or the certificate is not accepted.
            BrokenError: Anything later, a cut body and a timeout included.
            ResponseError: What answered does not speak HTTP.
            TooLargeError: The body passed `max_body` (after decompression).
        """
        parts: list[bytes] = []
        response = self._open(method, url, headers, body, seconds)
        self._drain(response, parts.append, self._max_body, seconds)
        return Reply(response.status_code, response.headers, parts[0] if len(parts) == 1 else b"".join(parts))

    def receive(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, begin: Begin, *, max_body: int,
        seconds: float,
    ) -> tuple[int, CaseInsensitiveDict[str]]:  # fmt: skip
        """As `send`, but the body is handed on while it arrives.

        Args:
            method: `POST` or `GET`.
            url: Whole URL.
            headers: Everything to send besides `Content-Length`.
            body: May be None.
            begin: Called with status and headers; returns what takes each piece of the body.
            max_body: Largest body read, after decompression.
            seconds: Time left.

        Returns:
            Status and headers.

        Raises:
            NotSentError, BrokenError, TooLargeError, MailroomError: As `send`; and what `begin` or its taker raises.
        """
        response = self._open(method, url, headers, body, seconds)
        try:
            self._drain(response, begin(response.status_code, response.headers), max_body, seconds)
        except BaseException:
            response.raw.close()  # the rest of the body would be taken for the next answer
            raise
        return response.status_code, response.headers

    def fetch(self, url: str, sink: BinaryIO, *, max_bytes: int, seconds: float, digest: Any) -> tuple[int, int]:
        """GET `url` without any credentials into `sink`; returns (HTTP status, size). Errors as for `send`."""
        response = self._open("GET", url, {"Accept": "*/*", "Accept-Encoding": "identity"}, None, seconds)
        if response.status_code != 200:
            response.raw.close()
            return response.status_code, 0
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)
            digest.update(chunk)
            sink.write(chunk)

        self._drain(response, take, max_bytes, seconds)
        return 200, size

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def _open(self, method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float) -> Response:
        request = PreparedRequest()
        request.method, request.url, request.body = method, url, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["User-Agent"] = "mailroom"
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        bound = max(seconds, 0.001)
        timeout = (min(self._connect_timeout, bound), min(self._read_timeout, bound))
        try:
            with whole_answer_within(bound):
                return self._adapter.send(
                    request, stream=True, timeout=timeout, verify=self._verify, proxies=self._proxies
                )
        except requests.exceptions.RequestException as error:
            raise self._classified(error) from error
        except (urllib3_errors.HTTPError, OSError) as error:
            raise BrokenError(_said(error)) from error

    def _classified(self, error: requests.exceptions.RequestException) -> NotSentError | BrokenError | MailroomError:
        cause: object = error.args[0] if error.args else None
        reason = getattr(cause, "reason", None) or cause
        text = _said(reason if isinstance(reason, BaseException) else error)
        if isinstance(reason, urllib3_errors.ProxyError) and (refused := _TUNNEL.search(text)):
            return _refused_by_proxy(int(refused[1]), self.proxy) or NotSentError(text)
        if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, _BEFORE_SENDING):
            return NotSentError(text)
        if isinstance(error, requests.exceptions.SSLError) and _certificate_refused(reason):
            return AccessError(
                f"the TLS certificate was not accepted, so nothing was sent ({text}); name the CA bundle of the server "
                "or of an inspecting proxy in the settings, do not switch verification off"
            )
        if _no_http(reason):
            who = f"what answers there, or the proxy {self.proxy}," if self.proxy else "what answers there"
            return ResponseError(f"{who} does not speak HTTP ({text}); check host and port")
        return BrokenError(text)

    def _drain(self, response: Response, take: Any, cap: int, seconds: float) -> None:
        raw = response.raw
        ends = self._clock.monotonic() + seconds
        size = 0
        try:
            while chunk := raw.read1(_CHUNK, decode_content=True):
                size += len(chunk)
                if size > cap:
                    raw.close()
                    raise TooLargeError(f"the body is larger than {cap} bytes")
                take(chunk)
                if self._clock.monotonic() > ends:
                    raw.close()
                    raise BrokenError(f"the body was still dripping in after {seconds:.0f} s")
        except (urllib3_errors.HTTPError, OSError) as error:
            raw.close()
            raise BrokenError(_said(error)) from error
        raw.release_conn()


def _refused_by_proxy(status: int, proxy: str) -> AccessError | None:
    """A no of the proxy that the next try would only repeat; its login may be locked over that."""
    if status == 407:
        return CredentialsError(f"the proxy {proxy} wants another user name and password (407); correct its login")
    if status in {400, 401, 403, 405}:
        return AccessError(
            f"the proxy {proxy} does not allow a connection to this host and port ({status}); have whoever runs it "
            "allow it, and check that it is a forward proxy"
        )
    return None


def _no_http(reason: object) -> bool:
    """A first line that is none of HTTP; no line at all is a broken connection."""
    first = next((one for one in getattr(reason, "args", ()) if isinstance(one, http.client.BadStatusLine)), None)
    return first is not None and not isinstance(first, ConnectionError)


def _certificate_refused(reason: object) -> bool:
    while isinstance(reason, BaseException):
        if isinstance(reason, ssl.SSLCertVerificationError):
            return True
        reason = next((arg for arg in reason.args if isinstance(arg, BaseException)), None)
    return False


def _said(error: BaseException) -> str:
    """An exception's text fit for a message: no objects of the library, no secrets, one line."""
    text = _OBJECT.sub("", str(error)) or type(error).__name__
    return redact.one_line(redact.scrub(f"{type(error).__name__}: {text}"), 300)


def _checked_verify(verify: bool | str | Path) -> bool | str:
    if verify is False:
        log.warning(
            "TLS verification is OFF: anyone between here and Mimecast can read the credentials and change answers. "
            "Turn it on, or name the CA bundle of your proxy instead"
        )
    if isinstance(verify, bool):
        return verify
    if not Path(verify).exists():
        raise InvalidInputError(f"the CA bundle {verify} does not exist on this machine: correct its path")
    return str(verify)


def _checked_proxy(proxy: str | None) -> dict[str, str]:
    if not proxy:
        return {}
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise InvalidInputError("the proxy is not readable: write http://host:port (credentials as user:password@)")
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        redact.register(password, parts.password, f"{user}:{password}")
    return {"http": url, "https": url}
