"""The HTTP that token services are asked with: one session, no environment, bounded, errors of this project.

It fits both libraries: msal calls `get` and `post`, google-auth calls the object itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from mailroom.errors import (
    AccessError,
    CredentialsError,
    InvalidInputError,
    RateLimitError,
    ResponseError,
    TransientError,
)
from mailroom.http_until import BoundedAdapter, whole_answer_within
from mailroom.mail.transport.proxy import ProxySettings

_LARGEST = 1 << 20
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """An answer, with the names both libraries look for."""

    status: int
    data: bytes
    headers: Mapping[str, str]

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.status

    @property
    def text(self) -> str:
        """The body as text."""
        return self.data.decode("utf-8", "replace")

    def raise_for_status(self) -> None:
        """Nothing: bad answers were turned into errors before."""


class TokenHttp:
    """Asks token services. `timeout` is seconds for a whole answer; `proxy` is one of its own, not the mail's."""

    def __init__(
        self, *, proxy: ProxySettings | None = None, ca_file: str | Path | None = None, timeout: float = 30.0
    ) -> None:
        if proxy is not None and not proxy.kind.startswith("http"):
            raise InvalidInputError("token services are asked over HTTP: give an http or https proxy for them, or none")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", BoundedAdapter())
        self._session.mount("http://", BoundedAdapter())
        if proxy is not None:
            self._session.proxies = {"http": proxy.url(), "https": proxy.url()}
        self._verify: bool | str = str(ca_file) if ca_file else True
        self._timeout = timeout

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> TokenAnswer:
        """Send one request.

        Raises:
            TransientError: The service cannot be reached or fails.
            RateLimitError: It was asked too often.
            CredentialsError: The proxy wants a login.
            AccessError: Its certificate is not accepted.
            ResponseError: It redirects, or answers more than 1 MiB.
            InvalidInputError: The address is not https.
        """
        where = _checked(url)
        seconds = min(timeout or self._timeout, self._timeout)
        try:
            with (
                whole_answer_within(seconds),
                self._session.request(
                    method,
                    url,
                    data=body,
                    headers=dict(headers or {}),
                    timeout=seconds,
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                data = response.raw.read(_LARGEST + 1, decode_content=True)
                status, answer_headers = response.status_code, dict(response.headers)
        except requests.exceptions.ProxyError as error:
            if "407" in str(error):  # the libraries keep the status nowhere else
                raise CredentialsError("the proxy for token requests wants another user name or password") from error
            raise TransientError(f"{where} cannot be reached through the proxy; check the proxy") from error
        except requests.exceptions.SSLError as error:
            raise AccessError(
                f"the certificate of {where} is not accepted; name the CA of an inspecting proxy"
            ) from error
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:  # the answer is read by urllib3
            raise TransientError(f"{where} cannot be reached ({type(error).__name__}); try again later") from error
        if len(data) > _LARGEST:
            raise ResponseError(f"{where} answers more than {_LARGEST} bytes; check the address of the token service")
        if status == 429:
            raise RateLimitError(f"{where} was asked too often; wait", _seconds(answer_headers.get("Retry-After")))
        if status >= 500:
            raise TransientError(f"{where} fails (HTTP {status}); try again later")
        if 300 <= status < 400:
            raise ResponseError(f"{where} redirects (HTTP {status}); check the address of the token service")
        return TokenAnswer(status, data, answer_headers)

    def get(self, url: str, params: Any = None, headers: Mapping[str, str] | None = None, **_: Any) -> TokenAnswer:
        """As msal asks."""
        return self(_with(url, params), "GET", None, headers)

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> TokenAnswer:
        """As msal asks."""
        prepared = requests.Request("POST", _with(url, params), data=data, headers=dict(headers or {})).prepare()
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        return self(prepared.url or url, "POST", body, prepared.headers)

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()


def _checked(url: str) -> str:
    """The service's name for messages; tokens and secrets go over TLS only, tests on this machine excepted."""
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or parts.hostname in _LOOPBACK):
        raise InvalidInputError(f"the token service {parts.hostname or url!r} must be an https address")
    return parts.hostname


def _with(url: str, params: Any) -> str:
    return requests.Request("GET", url, params=params).prepare().url or url


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 60.0
