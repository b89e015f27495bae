"""Asking recipients by the thousand: what 5,000 answers cost among 10,000 open questions, and what asking costs."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.asking import _account, dovecot
from benchmarks.memory import forget_peak, peak_mb
from benchmarks.table import Figure
from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.imap import ImapSession
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.ask_recipient import KIND, RecipientDesk, ask_recipients, handle_answers
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store import NewAlert, Settled, StagedItem, Store
from mailroom.store.schema import waits
from mailroom.store.wait_rows import NewWait, wait_row
from mailroom.triage.packaged import demo_lists
from sandbox.mail import MailServer

QUESTIONS, ANSWERS, ASKED = 10_000, 5_000, 300
_MODES = dict.fromkeys(("release", "reject", "ask_recipient"), "advise") | {"ask_recipient": "auto"}
_MUCH: dict[str, Any] = {"per_run": 10**6, "per_hour": 10**6, "per_sender_domain": 10**6}


def answers(folder: Path) -> list[Figure]:
    """All figures; on Dovecot for the answers, on the sandbox's mail server for the questions."""
    policy = Policy.build(lists=(demo_lists(),), modes=_MODES, **_MUCH)
    with dovecot(folder) as (server, user), Store.open(f"sqlite:///{folder / 'recipients.db'}") as store:
        _held(store, QUESTIONS)
        triage_alerts(store, policy)
        _open_questions(store, QUESTIONS)
        account, connections = _account(server, user), list[int]()
        for number in range(ANSWERS):
            server.deliver(user, _answer(number))
        connect = ImapSession.connect.__func__  # type: ignore[attr-defined]

        def counted(kind: Any, *arguments: Any, **options: Any) -> Any:
            connections.append(1)
            return connect(kind, *arguments, **options)

        def handle(kept: Store, mailbox: str) -> int:
            return handle_answers(kept, policy, mailbox=mailbox).handled

        forget_peak()
        began = time.perf_counter()
        with mock.patch.object(ImapSession, "connect", classmethod(counted)):
            report = watch_once(store, account, handlers=(handle,))
        seconds = time.perf_counter() - began
        peak = peak_mb()
        proposals = len(store.ledger.list(state="proposed", limit=QUESTIONS))
    note = f"{seconds:.0f} s for {report.handled:,} of {QUESTIONS:,} questions; {proposals:,} proposals"
    return [
        Figure("answers of recipients: found, judged, decided again", report.handled / seconds, "/s", 25, peak_mb=peak,
               note=note),
        Figure("IMAP connections and waiting workers", len(connections), "", 1, at_least=False,
               note=f"{QUESTIONS:,} open questions, no flow run"),
        _asking(folder, policy),
    ]  # fmt: skip


def _asking(folder: Path, policy: Policy) -> Figure:
    with MailServer(people={}).serve() as mail, Store.open(f"sqlite:///{folder / 'asking-recipients.db'}") as store:
        soc = "soc@northwind.example"
        account = account_from("soc", AccountFields(
            address=soc, password=mail.passwords[soc], imap_host=mail.host, imap_port=mail.imaps_port,
            smtp_host=mail.host, smtp_port=mail.smtps_port, ca_bundle=str(mail.ca_file),
        ))  # fmt: skip
        _held(store, ASKED)
        triage_alerts(store, policy)
        began = time.perf_counter()
        report = ask_recipients(RecipientDesk(PostDesk(store, account), lambda: policy))
        seconds = time.perf_counter() - began
    note = f"{report.asked} asked, each with its own login and a copy in Sent"
    return Figure("questions to recipients put", report.asked / seconds, "/s", 3, note=note)


def _held(store: Store, count: int) -> None:
    """Held mails of proven strangers, one to each person."""
    source, now = store.sources.ensure("t", "held", "held", "g"), datetime.now(UTC)
    events = [_event(number, now) for number in range(count)]
    store.items.stage(source.id, None, [StagedItem(one["hold_id"], "", now, one) for one in events])
    while pending := store.items.pending(source.id, limit=1_000):
        store.items.settle(source.id, None, [
            Settled(item.id, "alerted", alert=NewAlert(
                item.external_key, "t", item.raw["subject"], item.raw["envelope_from"],
                item.raw["envelope_from"].partition("@")[2], item.raw["recipient"], now, 60, 60, level="T2",
                event=item.raw, hold_id=item.external_key, group_key=item.external_key,
            ))
            for item in pending
        ])  # fmt: skip


def _event(number: int, now: datetime) -> dict[str, Any]:
    sender, domain = f"nils@vendor{number}.example", f"vendor{number}.example"
    reader = f"person{number}@northwind.example"
    return {
        "schema": 1, "level": "T2", "hold_id": f"hold-{number}", "tracking_id": f"track-{number}",
        "message_id": f"<m{number}@{domain}>", "header_from": {"address": sender, "display_name": "Nils"},
        "from_headers": [f"Nils <{sender}>"], "envelope_from": sender, "reply_to": None, "return_path": sender,
        "recipient": reader, "recipients": [reader], "subject": f"Offer {number}", "received_at": now.isoformat(),
        "sent_at": None, "route": "inbound", "size": 4000, "has_attachments": False, "components": [],
        "hold_reason": "Message Hold Applied - Impersonation Protection",
        "hold_reason_code": "message_hold_applied_impersonation_protection_policy", "hold_group": "Administrator",
        "policy": "Default", "queue_reason": "Default", "queue_detail_status": "", "spam_score": 1,
        "detection_level": "relaxed", "risk": "medium", "categories": [], "grey_email": False,
        "spam_detail": {"spf": "allow", "dkim": "allow", "dmarc": "allow"},
        "authentication_results": [
            f"relay.mimecast.com; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={sender}; "
            f"dmarc=pass header.from={domain}"
        ],
        "headers": [["From", f"Nils <{sender}>"], ["To", reader],
                    ["X-Mimecast-Impersonation-Protect", "Policy=Default;Newly Observed Domain=true"]],
        "expires_at": (now + timedelta(days=10)).isoformat(),
    }  # fmt: skip


def _open_questions(store: Store, count: int) -> None:
    """Open questions, entered at once; sending them is measured elsewhere."""
    now = datetime.now(UTC)
    ids = {alert.hold_id: alert.id for alert in store.alerts.list(limit=count)}
    rows = [
        wait_row(NewWait(
            key=f"recipient:{number:06}:x", kind=KIND, mailbox="soc", recipients=(f"person{number}@northwind.example",),
            needed=1, deadline=now + timedelta(days=1), message_ids=(f"<q{number}@northwind.example>",), sent_at=now,
            subject="Do you expect a message? Please answer with a number", alert_id=ids[f"hold-{number}"],
            question={"language": "en"}, token_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        ), now)
        for number in range(count)
    ]  # fmt: skip
    store.run(lambda tx: store.db.insert_rows(tx, waits, rows, waits.c.id))


def _answer(number: int) -> bytes:
    text = ("1", "2", "3", "Yes, I expect it.")[number % 4]
    return (
        f"From: person{number}@northwind.example\r\nTo: soc@northwind.example\r\nSubject: Re: Do you expect a message?"
        f"\r\nMessage-ID: <a{number}@northwind.example>\r\nIn-Reply-To: <q{number}@northwind.example>\r\n"
        f"\r\n{text}\r\n\r\nOn Mon, 16 Nov 2026, SOC <soc@northwind.example> wrote:\r\n> Do you?\r\n>  1  Yes\r\n"
    ).encode()
