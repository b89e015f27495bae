"""How quickly rules are applied to stored mail, and mail is put into campaigns: 5,000 mails, 33 rules, on SQLite."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from benchmarks.table import Figure
from mailroom.connectors.mailbox.event import event_of
from mailroom.mail.parse import parse
from mailroom.playbooks.campaigns import campaign_story, group_all, group_new
from mailroom.playbooks.mail_rules import apply_mail_rules, load_checked
from mailroom.store import NewAlert, Settled, StagedItem, Store

MAILS, RULES, PAGE = 5_000, 30, 500
_START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_RULE = """
schema: 1
id: rule-{number}
version: 1
enabled: true
title: Mail that speaks of matter {number}
owner: desk
match: {{ matter: {{ body|words_any: [matter {number}, affair {number}] }} }}
condition: matter
actions: [{{ create_incident: {{ template: mail-incident, by: campaign }} }}]
tests:
  - {{ name: speaks of it, with: {{ body: the matter {number} }}, expect: true }}
  - {{ name: does not, with: {{ body: lunch }}, expect: false }}
"""


def applying(folder: Path) -> list[Figure]:
    """A round over mail of which one in a hundred matches; a round with nothing to do; campaigns."""
    rules = folder / "mail-rules"
    rules.mkdir()
    (rules / "all.yml").write_text("---".join(_RULE.format(number=100 + number) for number in range(RULES)))
    with Store.open(f"sqlite:///{folder / 'mail-rules.db'}") as store:
        _fill(store)
        started = time.perf_counter()
        loaded = load_checked(["starter", rules])
        loading = time.perf_counter() - started
        started = time.perf_counter()
        assert group_all(store) == MAILS
        grouping = time.perf_counter() - started
        started = time.perf_counter()
        report = apply_mail_rules(store, *loaded)
        seconds = time.perf_counter() - started
        assert (report.looked_at, report.matched, report.done) == (MAILS, MAILS // 100, MAILS // 100)
        started = time.perf_counter()
        apply_mail_rules(store, *loaded)
        group_new(store)
        idle = time.perf_counter() - started
        started = time.perf_counter()
        rows = store.campaigns.list()
        campaign_story(store, rows[0].key)
        showing = time.perf_counter() - started
    return [
        Figure(f"{RULES + 3} rules on {MAILS:,} mails, one in a hundred matches", MAILS / seconds, "mails/s", 100),
        Figure("... loaded, with their tests", loading * 1_000, "ms", 1_000, at_least=False),
        Figure("... a round with nothing to do", idle * 1_000, "ms", 200, at_least=False),
        Figure(f"{MAILS:,} mails put into campaigns", MAILS / grouping, "mails/s", 200),
        Figure("... listed, and one shown", showing * 1_000, "ms", 1_000, at_least=False),
    ]


def _fill(store: Store) -> None:
    source = store.sources.ensure("soc@northwind.example", "mailbox", "soc/INBOX", "1")
    for start in range(0, MAILS, PAGE):
        numbers = range(start, start + PAGE)
        store.items.stage(source.id, None, [StagedItem(f"{one}", f"{one}", _START, {}) for one in numbers])
        pending = store.items.pending(source.id, limit=PAGE)
        store.items.settle(source.id, None, [
            Settled(item.id, "alerted", alert=_alert(int(item.external_key))) for item in pending
        ])  # fmt: skip


def _alert(number: int) -> NewAlert:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"p{number % 900}@domain{number % 90}.example", "soc@northwind.example"
    mail["Subject"], mail["Message-ID"] = f"Word {'abcdefghij'[number % 10] * 4} of {number}", f"<{number}@x.example>"
    about = f"matter {100 + number // 100 % RULES}" if number % 100 == 0 else "nothing much"
    mail.set_content(f"This is about {about}. See https://host{number % 40}.example/page/{number}\n" + "Words. " * 300)
    read = parse(mail.as_bytes())
    return NewAlert(
        external_key=str(number), tenant="soc@northwind.example", title=read.subject, sender=read.author.address,
        sender_domain=read.author.address.rpartition("@")[2], recipient="soc@northwind.example",
        received_at=_START + timedelta(seconds=number), seed_priority=-1, priority=-1, level="T2",
        event=event_of(read) | {"mailbox": "soc", "folder": "INBOX"}, message_id=read.message_id,
    )  # fmt: skip
