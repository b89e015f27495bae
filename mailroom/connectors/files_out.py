"""The way out of the store: files that were kept with an alert or an answer, written into a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailroom.connectors.stored_mail import mail_of_alert
from mailroom.errors import NotFoundError
from mailroom.mail.account import MailAccount
from mailroom.mail.actions.download import chosen
from mailroom.mail.actions.safe_files import SafeFolder, short_name
from mailroom.mail.parse import parse_safely
from mailroom.store import Store
from mailroom.store.alerts import Alert


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file. `path` is empty when it was not written; `detail` says why."""

    path: str
    name: str
    """As the mail says, made safe to show."""
    size: int
    sha256: str
    written: bool
    """False: a file with this name and content was there already."""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What lies in the folder after the call."""

    folder: str
    files: tuple[WrittenFile, ...]

    @property
    def is_success(self) -> bool:
        """Every file is there."""
        return all(one.path for one in self.files)

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "is_success": self.is_success,
            "folder": self.folder,
            "paths": list(dict.fromkeys(one.path for one in self.files if one.path)),
            "files": [one.as_json() for one in self.files],
        }


def write_alert_files(
    store: Store, alert: Alert, folder: str | Path, *, account: MailAccount | None = None,
    names: Iterable[str] = (), original: bool = False,
) -> WrittenFiles:  # fmt: skip
    """Write the attachments of an alert's mail into a folder.

    They come from the store where they were saved to the alert, else out of the mail itself, which is fetched again.
    Effect: writes files, never outside the folder and never over a file; reads store and mailbox. Twice is harmless.

    Args:
        store: Where the alert lies.
        alert: Which alert.
        folder: Made when it is missing.
        account: The mailbox the mail came from; needed unless everything is kept in the store.
        names: Only files of these names; empty: all.
        original: Also the mail itself, as `alert ID.eml`.

    Raises:
        NotFoundError: there is no such file, or the mail is not to be found any more.
        InvalidInputError: the folder cannot be used.
        RejectedError: the mail is too large.
        StoreError: a stored file is damaged.
    """
    wanted = _wanted(names)
    kept = [one for one in alert.event.get("saved_attachments", ()) if _fits(one["name"], wanted)]
    raw = b""
    if original or not kept:
        raw = mail_of_alert(store, account, alert)
    inside = [] if kept else chosen(parse_safely(raw), wanted)
    if not (kept or inside or original):
        raise NotFoundError(f"the mail of alert {alert.id} has no attachment{_named(wanted)}")
    with SafeFolder(folder) as place:
        files = [_from_store(store, place, one) for one in kept]
        for one in inside:
            if one.content is None:
                why = "more octets than an attachment may have here"
                files.append(WrittenFile("", one.name, one.size, one.sha256, False, why))
            else:
                files.append(_write(place, one.name, one.content, one.sha256))
        if original:
            files.append(_write(place, f"alert {alert.id}.eml", raw, str(alert.event.get("sha256", ""))))
        return WrittenFiles(str(place.path), tuple(files))


def write_answer_files(
    store: Store, question_id: int, folder: str | Path, *, names: Iterable[str] = (), original: bool = False
) -> WrittenFiles:
    """Write the files of the answers to a question into a folder.

    Files are kept of answers that count; of other mails only names and digests are known.
    Effect: writes files, never outside the folder and never over a file; reads the store. Twice is harmless.

    Args:
        store: Where the question lies.
        question_id: Its number, as `mailroom replies` shows it.
        folder: Made when it is missing.
        names: Only files of these names; empty: all.
        original: Also the mails themselves, as `question ID answer N.eml`.

    Raises:
        NotFoundError: there is no such question, or nothing of the kind.
        InvalidInputError: the folder cannot be used.
        StoreError: a stored file is damaged.
    """
    store.waits.get(question_id)
    wanted = _wanted(names)
    answers = [one for one in store.waits.answers(question_id) if "#" not in one.raw_sha256]
    found = [one for answer in answers for one in answer.attachments if _fits(str(one["name"]), wanted)]
    if original:
        found += [
            {"name": f"question {question_id} answer {answer.id}.eml", "size": 0, "sha256": answer.raw_sha256}
            for answer in answers if answer.raw_sha256
        ]  # fmt: skip
    if not found:
        raise NotFoundError(f"no answer to question {question_id} has a file{_named(wanted)}")
    with SafeFolder(folder) as place:
        return WrittenFiles(str(place.path), tuple(_from_store(store, place, one) for one in found))


def _from_store(store: Store, place: SafeFolder, one: Mapping[str, Any]) -> WrittenFile:
    name, sha256 = str(one["name"]), str(one["sha256"])
    try:
        content = store.blobs.get(sha256)
    except NotFoundError:
        why = "not kept: its mail does not count as an answer, or the file is too large"
        return WrittenFile("", name, int(one.get("size", 0)), sha256, False, why)
    return _write(place, name, content, sha256)


def _write(place: SafeFolder, name: str, content: bytes, sha256: str) -> WrittenFile:
    path, written = place.write(short_name(name), content)
    return WrittenFile(str(path), name, len(content), sha256, written)


def _wanted(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _fits(name: str, wanted: set[str]) -> bool:
    return not wanted or name.casefold() in wanted


def _named(wanted: set[str]) -> str:
    return f" named {', '.join(sorted(wanted))[:200]}" if wanted else ""
