"""The usual way, for comparison: imap_tools, SQLAlchemy's ORM, one hundred mails per commit."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from mailroom.mail.account import MailAccount

_ROOT = Path(__file__).resolve().parent.parent


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "mails"
    __table_args__ = (UniqueConstraint("uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text, index=True)
    sender: Mapped[str] = mapped_column(Text, index=True)
    subject: Mapped[str] = mapped_column(Text)
    event: Mapped[Any] = mapped_column(JSON)


def imap_tools(folder: Path) -> Any:
    """The peer, installed beside this environment for the time of the measurement; None when it cannot be had."""
    try:
        return importlib.import_module("imap_tools")
    except ImportError:
        pass
    place = folder / "peers"
    uv = shutil.which("uv", path=f"{_ROOT / '.uv' / 'bin'}:{os.environ.get('PATH', '')}")
    command = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install"]
    done = subprocess.run(
        [*command, "--quiet", "--target", str(place), "imap-tools"], capture_output=True, check=False, timeout=120
    )
    if done.returncode:
        print("the peer imap_tools could not be installed; it is left out")
        return None
    sys.path.append(str(place))
    return importlib.import_module("imap_tools")


def seconds(peer: Any, of: MailAccount, file: Path) -> float:
    """Fetch, parse, hash the attachments, look for each mail in the store, add what is new."""
    engine = create_engine(f"sqlite:///{file}")
    _Base.metadata.create_all(engine)
    imap = of.need_imap()
    started = time.perf_counter()
    with (
        peer.MailBoxUnencrypted(imap.host, imap.port).login(imap.username, imap.password) as box,
        Session(engine) as session,
    ):
        for number, mail in enumerate(box.fetch(mark_seen=False, bulk=100), 1):
            if session.execute(select(_Row.id).where(_Row.uid == mail.uid)).first() is None:
                session.add(_Row(uid=mail.uid, message_id=str(mail.headers.get("message-id", ("",))[0]),
                                 sender=mail.from_, subject=mail.subject, event=_event(mail)))  # fmt: skip
            if number % 100 == 0:
                session.commit()
        session.commit()
    taken = time.perf_counter() - started
    engine.dispose()
    return taken


def _event(mail: Any) -> dict[str, Any]:
    return {
        "subject": mail.subject, "from": mail.from_, "to": list(mail.to), "cc": list(mail.cc), "date": mail.date_str,
        "text": mail.text, "html": mail.html, "headers": [[name, list(value)] for name, value in mail.headers.items()],
        "attachments": [
            {"name": one.filename, "size": len(one.payload), "sha256": hashlib.sha256(one.payload).hexdigest()}
            for one in mail.attachments
        ],
    }  # fmt: skip
