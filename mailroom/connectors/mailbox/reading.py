"""One fetched mail -> what becomes of it: alert, filtered, tried again or quarantined. Never raises over a mail."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailroom.connectors.mailbox import event as events
from mailroom.connectors.mailbox.conversations import Conversations
from mailroom.connectors.mailbox.settings import MailboxSettings
from mailroom.indicators import Limits as IndicatorLimits
from mailroom.mail.account import MailAccount
from mailroom.mail.html_text import html_to_text
from mailroom.mail.imap import UNKNOWN_TIME, FetchedMail, MailFilters
from mailroom.mail.indicators import mail_indicators
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse_safely
from mailroom.mail.replies import forwarded
from mailroom.mail.replies.matching import says_forward
from mailroom.redact import place_of
from mailroom.store.blobs import Blobs
from mailroom.store.intake import LISTED, Taken

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Failures after which a mail is quarantined."""
_FAILED = {"parse_timeout": "it took too long to read", "parse_crashed": "the process that read it died"}
_INDICATORS_MOST = 500
_RULE_TEXT_MOST = 1_000_000
_NO_FILTERS = MailFilters()


@dataclass(frozen=True)
class Place:
    """Where the mails of a batch lie."""

    tenant: str
    mailbox: str
    folder: str
    uidvalidity: int
    generation: str
    """The UIDVALIDITY, and more where the folder gave numbers again."""

    def key(self, uid: int) -> str:
        """The external key of an alert."""
        return f"{self.mailbox}/{self.folder}/{self.generation}/{uid}"


@dataclass
class Reader:
    """Turns fetched mails into rows. `blobs` None: nothing is kept (a preview)."""

    account: MailAccount
    settings: MailboxSettings
    place: Place
    blobs: Blobs | None
    now: datetime
    conversations: Conversations | None = None
    """None: every mail may become an alert, also our own."""
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.settings.server_time_zone or self.account.time_zone)
        self._filters = None if self.settings.filters == _NO_FILTERS else self.settings.filters
        self.shown: Mail | None = None
        """The mail read last; kept for a preview only."""
        self._limits = IndicatorLimits(text=_RULE_TEXT_MOST, indicators=_INDICATORS_MOST)

    def read(
        self, fetched: FetchedMail, *, item_id: int = 0, attempts: int = 0, sha256: Future[str] | None = None
    ) -> Taken:
        """What becomes of the mail.

        Args:
            fetched: The mail.
            item_id: Row of the item, when it was written down before.
            attempts: How often it failed before.
            sha256: Of its octets, where it is being computed already.
        """
        # The server's time decides; the Date header is the sender's word.
        when = fetched.internal_date if fetched.internal_date != UNKNOWN_TIME else self.now
        taken = Taken(str(fetched.uid), "alerted", when, item_id=item_id, attempts=attempts)
        if attempts >= ATTEMPTS:
            return self._quarantined(taken, fetched.raw, f"not readable in {attempts} attempts: {taken.reason}")
        self.shown = None
        try:
            return self._read(fetched, taken, when, sha256)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not lose a mail, nor hold up the others
            log.warning("UID %d of %s could not be taken: %s", fetched.uid, self.place.folder, place_of(error))
            return self._failed(taken, fetched.raw, f"{type(error).__name__} while it was read")

    def _read(self, fetched: FetchedMail, taken: Taken, when: datetime, sha256: Future[str] | None) -> Taken:
        mail = parse_safely(
            fetched.raw,
            timeout=self.settings.parse_timeout,
            internal_date=None if fetched.internal_date == UNKNOWN_TIME else fetched.internal_date,
            truncated=fetched.truncated,
            accelerator=self.settings.accelerator,
            sha256=sha256,
        )
        self.shown = mail if self.blobs is None else None
        for defect in mail.defects:
            if defect in _FAILED:
                return self._failed(taken, fetched.raw, _FAILED[defect])
        taken.content_key = events.content_key(mail.message_id, when, fetched.size)
        if self._filters is not None and not self._filters.matches(mail):
            taken.state, taken.reason = "filtered", "not what the filters ask for"
            return taken
        if self.conversations is not None and (ours := self.conversations.reason(mail)):
            taken.state, taken.reason = "filtered", ours
            return taken
        event = self._event(mail, fetched, when)
        kept: list[tuple[str, int]] = []
        if self.blobs is not None and (self.settings.attach_original_eml or fetched.truncated):
            event["eml_sha256"] = self.blobs.put(fetched.raw)
            kept.append((event["eml_sha256"], len(fetched.raw)))
        taken.kept = tuple(kept)
        taken.alert = self._row(event, mail, self.place.key(fetched.uid), when)
        if mail.nested and self.settings.attached_mails == "alerts":
            taken.more_alerts = self._alerts_inside(mail, event, self.place.key(fetched.uid), when)
        return taken

    # the event ----------------------------------------------------------------------------------------------

    def _event(self, mail: Mail, fetched: FetchedMail, when: datetime) -> dict[str, Any]:
        place, settings = self.place, self.settings
        event = events.event_of(mail)
        event["mailbox"] = place.mailbox
        event["folder"] = place.folder
        event["uidvalidity"] = place.uidvalidity
        event["email_uid"] = str(fetched.uid)
        event["received_local"], event["received_date"], event["received_timestamp"] = events.received(when, self.zone)
        if fetched.size != mail.size:
            event["size"] = fetched.size
        if mail.nested and settings.attached_mails == "events":
            event["attached_mails"] = [events.attached_event(one) for one in mail.nested]
        if settings.forward_regexes is not None or mail.nested or says_forward(mail.subject):
            found = forwarded(mail, regexes=settings.forward_regexes)
            if found:
                event["forwarded"] = [events.forwarded_event(one) for one in found]
        self._found(event, mail)
        return event

    def _found(self, event: dict[str, Any], mail: Mail) -> None:
        if self.settings.rules:
            text = _rule_text(mail)
            event["extracted"] = {rule.name: rule.findall(text) for rule in self.settings.rules}
        if self.settings.indicators:
            event["indicators"] = [
                {"kind": one.kind, "value": one.shown, "where": one.notes[0] if one.notes else ""}
                for one in mail_indicators(mail, limits=self._limits)
            ]

    def _row(self, event: dict[str, Any], mail: Mail, key: str, when: datetime) -> dict[str, Any]:
        settings = self.settings
        # Kept from the mail: these fields of the event are named by the operator, never by a sender.
        product = str(event.setdefault(settings.product_field, events.PRODUCT))[:200]
        event_name = str(event.setdefault(settings.event_field, events.EVENT_NAME))[:200]
        return events.alert_row(
            event,
            mail,
            external_key=key,
            tenant=self.place.tenant,
            received_at=when,
            environment=self._environment(event),
            product=product,
            event_name=event_name,
            mailbox_address=self.account.address,
        )

    def _environment(self, event: dict[str, Any]) -> str:
        settings = self.settings
        if not settings.environment_field:
            return settings.environment
        value = event.get(settings.environment_field)
        text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
        if settings.environment_regex is not None:
            text = next(iter(settings.environment_regex.findall(text, limit=1)), "")
        return text.strip()[:200] or settings.environment

    def _alerts_inside(self, mail: Mail, outer: dict[str, Any], key: str, when: datetime) -> tuple[dict[str, Any], ...]:
        rows = []
        for number, inner in enumerate(mail.nested, 1):
            event = events.attached_event(inner)
            same = ("mailbox", "folder", "uidvalidity", "email_uid", "received_local", "received_date")
            event |= {name: outer[name] for name in (*same, "received_timestamp")}
            event |= {"attached_to": key, "attached_number": number}
            self._found(event, inner)
            rows.append(self._row(event, inner, f"{key}/{number}", when))
        return tuple(rows)

    # what cannot be read ------------------------------------------------------------------------------------

    def _failed(self, taken: Taken, raw: bytes, why: str) -> Taken:
        taken.attempts += 1
        taken.alert, taken.more_alerts, taken.kept = None, (), ()
        if taken.attempts >= ATTEMPTS:
            return self._quarantined(taken, raw, f"not readable in {taken.attempts} attempts: {why}")
        taken.state, taken.reason = LISTED, why
        return taken

    def _quarantined(self, taken: Taken, raw: bytes, reason: str) -> Taken:
        taken.state, taken.reason = "quarantined", reason
        if self.blobs is not None:
            taken.quarantine_sha256 = self.blobs.put(raw)
            taken.kept = ((taken.quarantine_sha256, len(raw)),)
        return taken


def _rule_text(mail: Mail) -> str:
    """What the rules of a dynamic list look at: the main headers, the text, the shown HTML, its source for targets."""
    names = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID")
    head = [f"{name}: {value}" for name in names for value in mail.header_all(name)]
    bodies = [mail.text, html_to_text(mail.html) if mail.html else "", mail.html]
    return "\n".join([*head, "", *bodies])[:_RULE_TEXT_MOST]
