"""Big or suspicious mail is read in a process of its own, which can be killed."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import logging
import os
import pickle
import subprocess
import sys
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.parse.blocks import blank_line
from mailroom.mail.parse.limits import DEFAULT_LIMITS, HeavyMailError, Limits, Work
from mailroom.mail.parse.parser import parse, parse_with

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[3]
_ALLOWED = {
    ("mailroom.mail.model", "Mail"): Mail,
    ("mailroom.mail.model", "MailAddress"): MailAddress,
    ("mailroom.mail.model", "Attachment"): Attachment,
}
_ALLOWED_FROM = {
    ("datetime", "datetime"),
    ("datetime", "timezone"),
    ("datetime", "timedelta"),
    ("copyreg", "_reconstructor"),
}


def parse_safely(
    raw: bytes,
    *,
    timeout: float = 30.0,
    memory: int = 1 << 30,
    limits: Limits = DEFAULT_LIMITS,
    internal_date: datetime | None = None,
    accelerator: bool | None = None,
    truncated: bool = False,
    sha256: Future[str] | None = None,
) -> Mail:
    """Like `parse`, and whatever the mail does to the parser, this process survives it.

    Ordinary mail is read right here. Mail with more than 2 MB of text, with Outlook containers, or with suspiciously
    many parts or levels is read in a child process.

    Args:
        raw: The mail as fetched.
        timeout: Seconds the child may take; after that it is killed.
        memory: Octets of address space the child may take.
        limits: As for `parse`.
        internal_date: As for `parse`.
        accelerator: As for `parse`.
        truncated: As for `parse`.
        sha256: Of `raw`, where it is being computed already.

    Returns:
        The mail. When the child was killed or died, only what the header block says, with the defect
        `parse_timeout` or `parse_crashed`: the caller keeps the octets and counts the attempt.
    """
    work = Work(limits, compiled=accelerator is not False, careful=True)
    try:
        return parse_with(raw, work, internal_date=internal_date, truncated=truncated, sha256=sha256)
    except HeavyMailError as reason:
        _log.info("a mail of %d octets goes to a child process: %s", len(raw), reason)
    order = {
        "limits": dataclasses.asdict(limits),
        "internal_date": internal_date.isoformat() if internal_date else None,
        "accelerator": accelerator,
        "truncated": truncated,
        "memory": memory,
        "seconds": timeout,
    }
    answer, defect = _run(json.dumps(order).encode("ascii") + b"\n" + raw, timeout)
    if not defect:
        try:
            mail = _Loader(io.BytesIO(answer)).load()
            if isinstance(mail, Mail):
                return mail
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
            pass
        defect = "parse_crashed"
    _log.warning("the child reading a mail of %d octets ended with %s", len(raw), defect)
    return _headers_only(raw, defect, limits, internal_date)


def _run(question: bytes, timeout: float) -> tuple[bytes, str]:
    """The child's answer, or a defect code."""
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    environment["PYTHONPATH"] = str(_ROOT)
    command = [sys.executable, "-m", "mailroom.mail.parse.child_main"]
    with subprocess.Popen(  # noqa: S603  # our own interpreter and module, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,
    ) as child:
        try:
            answer, _ = child.communicate(question, timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return b"", "parse_timeout"
        except BaseException:
            child.kill()
            raise
    return (answer, "") if child.returncode == 0 else (b"", "parse_crashed")


def _headers_only(raw: bytes, defect: str, limits: Limits, internal_date: datetime | None) -> Mail:
    end = min(blank_line(raw, 0, len(raw))[0], limits.header_block)
    mail = parse(
        b"X-Mail: cut\r\n\r\n" if raw.startswith(b"\xd0\xcf\x11\xe0") else raw[:end], internal_date=internal_date
    )
    return dataclasses.replace(
        mail,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        text="",
        html="",
        attachments=(),
        nested=(),
        nested_raw=(),
        truncated=True,
        defects=tuple(sorted({defect, *mail.defects})),
    )


class _Loader(pickle.Unpickler):
    """Accepts what a `Mail` is made of and nothing else: the child has read hostile octets."""

    def find_class(self, module: str, name: str) -> object:
        if found := _ALLOWED.get((module, name)):
            return found
        if (module, name) in _ALLOWED_FROM:
            return super().find_class(module, name)
        msg = f"{module}.{name} has no place in a mail"
        raise pickle.UnpicklingError(msg)
