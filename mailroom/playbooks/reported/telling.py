"""Mails to whoever reported: thanks at once, the result later, each once, and nothing of the reported mail in them."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, timedelta
from typing import Literal

from mailroom.connectors.careful_login import SendingPausedError, may_send
from mailroom.effects.send_mail import send_once
from mailroom.errors import InvalidInputError, RefusedError, RejectedError
from mailroom.faults import faultpoint
from mailroom.mail.compose import OutgoingMail
from mailroom.mimecast.field_checks import checked_message_id
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.reported.model import WHO, ReportDesk
from mailroom.playbooks.reported.words import words_for
from mailroom.playbooks.sending import needs_server, note_server
from mailroom.store.alerts import Alert
from mailroom.store.user_reports import UserReport

log = logging.getLogger(__name__)

MOST_THANKS = 10
"""To one person within an hour: whoever reports more is told the results only."""
Kind = Literal["thanks", "nothing found", "result"]
Told = Literal["sent", "later", "no"]
_LOOKED_FOR = timedelta(days=1)
_HEADERS = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))


def tell(here: ReportDesk, report: UserReport, alert: Alert, kind: Kind, verdict: str = "") -> Told:
    """Send a reporter one mail.

    Effect: sends mail. Twice sends nothing again; a person who reports the same mail twice on a day gets it once.

    Args:
        here: Store, policy and mailbox.
        report: The report.
        alert: The reporting mail, for the thread.
        kind: Which mail.
        verdict: For `result`: the key of the words.

    Returns:
        `sent`, now or before; `later`: not now, or nobody has seen the end of it, and worth another look; `no`.
    """
    if not here.answer or PolicyChangeGate(here.desk.policy).closed():
        return "no"
    store = here.desk.store
    if (
        kind == "thanks"
        and store.user_reports.lately(report.reporter, report.created_at - timedelta(hours=1)) > MOST_THANKS
    ):
        return "no"
    day = f"{report.created_at.astimezone(UTC):%Y-%m-%d}"
    what = "thanks" if kind == "nothing found" else kind
    told = [what, report.reporter, str(report.detail.get("key", "")), day, verdict]
    key = f"report-{what}:" + hashlib.sha256("\0".join(told).encode("utf-8", "replace")).hexdigest()[:40]
    thread = _thread(alert)
    mail = OutgoingMail(
        sender=here.account.sender, to=(report.reporter,), headers=_HEADERS,
        subject=_subject(report, kind), text=text_of(report, kind, verdict),
        # The same key is the same mail, whoever gets to send it.
        message_id=f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{here.account.domain}>",
        in_reply_to=thread, references=(thread,) if thread else (),
    )  # fmt: skip
    faultpoint("reported.before_telling")
    known = store.ledger.in_slot(here.tenant, f"mail:{key}")
    try:
        if needs_server([known] if known else []):
            may_send(here.account, store)
        sent = send_once(
            store, here.account, mail, key=key, digest=key.partition(":")[2], tenant=here.tenant, alert_id=alert.id,
            requested_by=WHO, clock=here.clock,
        )  # fmt: skip
    except SendingPausedError as error:
        log.info("report %d: the reporter is told later: %s", report.id, error)
        return "later"
    except (RefusedError, RejectedError, InvalidInputError) as error:
        log.warning("report %d: the reporter is not told: %s", report.id, error)
        return "no"
    note_server(store, here.account, sent)
    faultpoint("reported.told")
    if sent.is_sent:
        return "sent"
    if sent.state == "unknown":  # each look may still show what became of it; after a day nobody will know
        action = store.ledger.in_slot(here.tenant, f"mail:{key}")
        begun = action.claimed_at if action is not None else None
        return "later" if begun is None or store.ledger.now() - begun < _LOOKED_FOR else "no"
    return "later" if sent.state in ("not_applied", "sending", "intended") else "no"


def text_of(report: UserReport, kind: Kind, verdict: str = "") -> str:
    """The plain text of a mail to the reporter."""
    words = words_for(str(report.detail.get("language", "")))
    body = {
        "thanks": words.thanks,
        "nothing found": words.nothing_found,
        "result": words.results.get(verdict, words.results["closed"]),
    }[kind]
    day = f"{report.created_at.astimezone(UTC):%Y-%m-%d}"
    return f"{body.format(report=report.id, day=day)}\n\n{words.farewell}\n"


def _subject(report: UserReport, kind: Kind) -> str:
    words = words_for(str(report.detail.get("language", "")))
    return words.result_subject if kind == "result" else words.thanks_subject


def _thread(alert: Alert) -> str:
    """The reporting mail's Message-ID, if it is one."""
    try:
        return checked_message_id(alert.message_id, "Message-ID")
    except InvalidInputError:
        return ""
