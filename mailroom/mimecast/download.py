"""Answers that are a file: bytes on success, an envelope on failure, or an envelope with a link to the file.

API 1.0 answers with the raw bytes, API 2.0 mostly with a pre-signed link; an error is JSON in both. What came is
decided by the content type and by the first bytes, and only then is anything written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from mailroom.errors import ResponseError, TransientError
from mailroom.mimecast.envelope import Envelope, parse_json, read_envelope
from mailroom.mimecast.presigned import FileDigest, too_large
from mailroom.mimecast.transport import Reply, Transport

_LARGEST_ERROR = 64 << 10
"""An envelope without a JSON content type is an error, and errors are short (bytes)."""
_LARGEST_ANSWER = 1 << 20
"""What an answer may be larger than the file: an envelope with links (bytes)."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class FileExchange:
    """A request whose answer goes to `sink`; made for one download, sent again when a repeat is safe.

    Attributes:
        digest: What was written, once the answer was a file.
    """

    def __init__(
        self, transport: Transport, url: str, body: bytes, sink: BinaryIO, *, path: str, max_bytes: int
    ) -> None:
        self._transport, self._url, self._body, self._path = transport, url, body, path
        self._sink, self._max_bytes = sink, max_bytes
        self._start = sink.tell() if sink.seekable() else None
        self._size, self._hash = 0, hashlib.sha256()
        self._held = bytearray()
        self._is_json = self._is_file = False
        self.digest: FileDigest | None = None

    def send(self, headers: dict[str, str], seconds: float) -> Reply:
        """POST it; a file is written to the sink while it arrives.

        Raises:
            TransientError: A repeat is needed and the sink cannot be wound back.
            RejectedError: The file is larger than allowed (code `too_large`).
            NotSentError, BrokenError, TooLargeError: As `Transport.send`.
        """
        self._rewind()
        status, answered = self._transport.receive(
            "POST", self._url, headers, self._body, self._begin,
            max_body=self._max_bytes + _LARGEST_ANSWER, seconds=seconds,
        )  # fmt: skip
        if status == 200 and self._held and not self._is_file and not self._holds_envelope():
            self._write_held()
        if self._is_file:
            self.digest = FileDigest(self._size, self._hash.hexdigest())
        return Reply(status, answered, bytes(self._held))

    def read(self, status: int, body: bytes, request_id: str) -> Envelope:
        """The file's digest as the one entry of `data`, or the envelope that came instead."""
        if self.digest is not None:
            return Envelope([self.digest], request_id=request_id, http_status=status)
        return read_envelope(status, body, request_id=request_id)

    def _begin(self, status: int, headers: Mapping[str, str]) -> Any:
        """Called with the head of the answer; says where its body goes."""
        self._is_json = "json" in headers.get("Content-Type", "").lower()
        return self._take if status == 200 and not self._is_json else self._held.extend

    def _take(self, chunk: bytes) -> None:
        if self._is_file:
            self._write(chunk)
            return
        self._held += chunk
        first = bytes(self._held[:64]).lstrip(_SPACE)[:1]
        if (first and first != b"{") or len(self._held) > _LARGEST_ERROR:
            self._write_held()

    def _holds_envelope(self) -> bool:
        """Whether what was held back is an envelope, and not a file that happens to be JSON."""
        try:
            value = parse_json(bytes(self._held))
        except ResponseError:
            return self._is_json  # announced as JSON and cut or damaged: the reader says so
        names = {"meta", "data", "fail"} if self._is_json else {"fail"}
        return isinstance(value, dict) and not names.isdisjoint(value)

    def _write_held(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        self._is_file = True
        self._write(held)

    def _write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise too_large(self._path, self._max_bytes)
        self._hash.update(chunk)
        self._sink.write(chunk)

    def _rewind(self) -> None:
        if self._size:
            if self._start is None:
                raise TransientError(f"{self._path}: the download broke off; ask for the file again")
            self._sink.seek(self._start)
            self._sink.truncate()
        self._size, self._hash, self._held = 0, hashlib.sha256(), bytearray()
        self._is_json = self._is_file = False
        self.digest = None
