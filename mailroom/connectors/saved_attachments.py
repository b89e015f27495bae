"""Save Attachments to Alert: the files of a mail become blobs, and the alert says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.mail.actions.download import chosen
from mailroom.mail.model import Attachment, Mail
from mailroom.store import Store
from mailroom.store.schema import alerts, blobs


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One attachment, kept in the store under its SHA-256."""

    name: str
    size: int
    sha256: str
    mime_type: str
    message_id: str
    new: bool
    """False: it was kept with this alert before."""

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """What is kept with an alert after the call."""

    alert_id: int
    files: tuple[KeptFile, ...]
    too_large: tuple[str, ...] = ()
    """Names of attachments over the limit; they are not kept."""

    @property
    def is_success(self) -> bool:
        """Every attachment that was asked for is kept."""
        return not self.too_large

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "is_success": self.is_success,
            "alert_id": self.alert_id,
            "attachments": [one.as_json() for one in self.files],
            "too_large": list(self.too_large),
        }


def save_attachments(
    store: Store, alert_id: int, mail: Mail, *, names: Iterable[str] = (), inline: bool = True, who: str = ""
) -> KeptFiles:
    """Keep the attachments of a mail with an alert.

    Effect: writes blobs and the alert. Twice is harmless: the same file of the same mail is kept once.

    Args:
        store: Where to.
        alert_id: Which alert.
        mail: Whose attachments; it need not be the alert's own mail.
        names: Only attachments of these names; empty: all.
        inline: Also images that the HTML shows.
        who: For the wall.

    Raises:
        NotFoundError: there is no such alert, or the mail has no such attachment.
        StoreUnavailableError: the blobs cannot be written.
    """
    wanted = list(names)
    found = chosen(mail, wanted, inline=inline)
    if not found:
        what = f"attachment named {', '.join(wanted)[:200]}" if wanted else "attachment"
        raise NotFoundError(f"the mail has no {what}")
    store.alerts.get(alert_id)
    kept = [(one, store.blobs.put(one.content)) for one in found if one.content is not None]
    faultpoint("saved_attachments.before_commit")
    new = store.run(lambda tx: _write(store, tx, alert_id, mail, kept, who))
    return KeptFiles(
        alert_id,
        tuple(KeptFile(one.name, one.size, sha256, one.mime_type, mail.message_id, (one.name, sha256) in new)
              for one, sha256 in kept),
        tuple(one.name for one in found if one.content is None),
    )  # fmt: skip


def _write(
    store: Store, tx: Connection, alert_id: int, mail: Mail, kept: list[tuple[Attachment, str]], who: str
) -> set[tuple[str, str]]:
    tx.execute(select(alerts.c.id).where(alerts.c.id == alert_id).with_for_update())  # two at once: one after the other
    alert = store.alerts.get(alert_id, tx)
    now = store.db.now(tx)
    rows = {sha256: {"sha256": sha256, "size": one.size, "created_at": now} for one, sha256 in kept}
    if rows:
        tx.execute(store.db.insert_or_ignore(blobs), list(rows.values()))
    listed = list(alert.event.get("saved_attachments", ()))
    known = {(one["name"], one["sha256"], one["message_id"]) for one in listed}
    new: set[tuple[str, str]] = set()
    for one, sha256 in kept:
        key = (one.name, sha256, mail.message_id)
        if key not in known:
            known.add(key)
            new.add((one.name, sha256))
            listed.append({
                "name": one.name, "size": one.size, "sha256": sha256, "mime_type": one.mime_type,
                "real_type": one.real_type, "message_id": mail.message_id, "saved_at": now.isoformat(),
            })  # fmt: skip
    if new:
        store.alerts.update_detail(alert_id, alert.event | {"saved_attachments": listed}, alert.level, tx)
        digests = sorted({sha256 for _, sha256 in new})
        store.events.add(
            tx, kind="attachments", who=who, what=f"{len(new)} attachments saved", alert_id=alert_id, after=digests
        )
    return new
