"""What a cycle would fetch, and what would become of each mail: reads only, stores and marks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.mailbox.conversations import Conversations, means
from mailroom.connectors.mailbox.cycle import folder_names, in_order, open_session, share_of
from mailroom.connectors.mailbox.reading import Place, Reader
from mailroom.connectors.mailbox.scan import Scan, numbered
from mailroom.connectors.mailbox.settings import CONNECTOR, MailboxSettings
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FetchedMail, ImapSession
from mailroom.mail.model import Mail
from mailroom.store import Store
from mailroom.store.intake import LISTED, Taken, Waiting

_MOST = 1_000
"""Mails shown when the settings know no limit."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One mail that the next cycle would take."""

    folder: str
    uid: int
    received_at: datetime
    sender: str
    subject: str
    attachments: int
    outcome: str
    """`alerted`, `duplicate`, `filtered`, `tried again`, `quarantined` or `gone`, as of now."""
    reason: str


def preview_mailbox(
    account: MailAccount, store: Store, settings: MailboxSettings, *, tenant: str = "", clock: Clock = SYSTEM_CLOCK
) -> list[Preview]:
    """Look at what the next cycle would take. Effect: reads mailbox and store, changes neither.

    Args:
        account: Which mailbox.
        store: What is known already.
        settings: What to fetch.
        tenant: As for `ingest_mailbox`.
        clock: Where time comes from.

    Raises:
        NotFoundError: a folder does not exist.
        AccessError, TransientError, ResponseError: the mailbox could not be read.
    """
    found: list[Preview] = []
    with open_session(account, store, settings, clock) as session:
        left = settings.max_per_cycle
        names = in_order(session, store, folder_names(account, settings), tenant or account.address, account.name)
        for number, name in enumerate(names):
            most = share_of(settings, left, len(names) - number)
            folder = session.resolve(name)
            rows = _folder(session, account, store, settings, folder, most, tenant or account.address, clock)
            left -= len(rows)
            found += rows
    return found


def _folder(
    session: ImapSession, account: MailAccount, store: Store, settings: MailboxSettings, folder: str, most: int,
    tenant: str, clock: Clock,
) -> list[Preview]:  # fmt: skip
    status = session.open(folder, readonly=True)
    known = store.intake.generations(tenant, CONNECTOR, f"{account.name}/{folder}")
    generation = numbered(session, status, store, known)
    this = next((one for one in known if one.generation == generation), None)
    mine, since = (this.id, this.created_at) if this else (0, None)
    earlier = [one for one in known if one is not this]
    scan = Scan(session, status, settings, store, mine, earlier, clock.now(), since).look()
    most = most or _MOST
    waiting = store.intake.waiting(mine, limit=most, tried=False) if mine else []
    uids = [*(int(one.external_key) for one in waiting), *scan.below, *scan.new][:most]
    failed = {int(one.external_key): one for one in store.intake.waiting(mine, limit=most, tried=True)} if mine else {}
    uids = [*uids, *(uid for uid in failed if uid not in uids)][:most]
    own = None
    if settings.skip_own_conversations:
        own = Conversations(store, account, clock, means(session, folder))
    place = Place(tenant, account.name, folder, status.uidvalidity, generation)
    reader = Reader(account, settings, place, None, clock.now(), own)
    rows: dict[int, Preview] = {}
    for uid in uids:
        if uid in scan.twins:
            reason = f"stored before the folder was rebuilt, as alert {scan.twins[uid]}"
            rows[uid] = Preview(folder, uid, scan.arrived[uid][0], "", "", 0, "duplicate", reason)
    asked = [uid for uid in uids if uid not in rows]

    def look(mail: FetchedMail) -> Preview:
        attempts = failed.get(mail.uid, Waiting(0, "", 0)).attempts
        return _row(folder, mail.uid, reader.read(mail, attempts=attempts), reader.shown)

    rows |= session.look_at_raw(asked, look, max_message=settings.max_message)
    now = clock.now()
    for uid in (uid for uid in uids if uid not in rows):
        why = session.fetch_failures.get(uid, "")
        outcome, reason = ("tried again", f"could not be read: {why}") if why else ("gone", "not there any more")
        rows[uid] = Preview(folder, uid, now, "", "", 0, outcome, reason)
    return [rows[uid] for uid in uids]


def _row(folder: str, uid: int, taken: Taken, mail: Mail | None) -> Preview:
    outcome = "tried again" if taken.state == LISTED else taken.state
    sender, subject, attachments = (mail.author.address, mail.subject, len(mail.attachments)) if mail else ("", "", 0)
    return Preview(folder, uid, taken.received_at, sender, subject, attachments, outcome, taken.reason)
