"""Help for tests of the parser: mails from a few lines, containers, a clock for hostile input."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.mail.model import Mail
from mailroom.mail.parse import build, parse
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.usual import usual_mail


def _load() -> ModuleType:
    """`containers.py` beside this file, under a name of its own (test folders are no packages)."""
    name = "parse_containers"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("containers.py"))
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


_load()  # for `from parse_containers import ...`


@pytest.fixture
def headers() -> Callable[..., Mail]:
    """The mail with these header lines (texts are sent as UTF-8, octets as they are) and a short body."""

    def build(*lines: str | bytes, body: bytes = b"body\r\n") -> Mail:
        octets = [line.encode() if isinstance(line, str) else line for line in lines]
        return parse(b"\r\n".join(octets) + b"\r\n\r\n" + body)

    return build


@pytest.fixture
def multipart() -> Callable[..., Mail]:
    """The mail of `multipart/<kind>` made of these parts (headers, blank line, body)."""

    def build(*parts: bytes, kind: str = "mixed", parameters: str = "") -> Mail:
        head = f'Subject: test\r\nContent-Type: multipart/{kind}; boundary="b"{parameters}\r\n\r\n'.encode()
        return parse(head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n")

    return build


@pytest.fixture
def in_time() -> Callable[[bytes], Mail]:
    """Parse and insist on less than 2 s of CPU, no second try, and strings that any store accepts."""

    def run(raw: bytes) -> Mail:
        started = time.process_time()
        mail = parse(raw)
        assert time.process_time() - started < 2.0
        assert "parser_failed" not in mail.defects
        for text in every_text(mail):
            assert "\x00" not in text
            text.encode("utf-8")
        return mail

    return run


def every_text(mail: Mail) -> list[str]:
    """Every string in a mail and in those inside it."""
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, tuple):
            for item in value:
                collect(item)
        elif hasattr(value, "__slots__"):
            for name in value.__slots__:
                collect(getattr(value, name))

    collect(mail)
    return found


@pytest.fixture(autouse=True)
def _read_both_ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every mail of these tests that the compiled reader takes is read in Python too, and is the same mail."""
    different: list[bytes] = []

    def both(raw: bytes, work: Work, sha256: str) -> Mail | None:
        mail = usual_mail(raw, work, sha256)
        if mail is not None:
            python = build.read_mail(raw, Work(work.limits, compiled=False))
            if mail != python or repr(mail) != repr(python):
                different.append(raw)
        return mail

    monkeypatch.setattr(build, "usual_mail", both)
    yield
    assert not different
