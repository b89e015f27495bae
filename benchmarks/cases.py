"""How quickly cases are listed and searched: 2,000 of them with 20,000 alerts, on SQLite."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.table import Figure
from mailroom.playbooks.cases import case_rows, case_view, merge, open_case
from mailroom.store import Store
from mailroom.store.case_lists import CaseQuery
from mailroom.store.columns import WrittenJson
from mailroom.store.schema import alerts

CASES, ALERTS = 2_000, 20_000
LIMIT = 200.0
_ROUNDS = 5
_WORDS = ("invoice", "parcel", "password", "salary", "contract", "meeting", "voicemail", "refund")
_OWNERS = ("amara", "bo", "cy", "")
_PAGE = 50


def listing_and_searching(folder: Path) -> list[Figure]:
    """Every way to look for cases, the slowest of five rounds; each must stay under 200 ms."""
    with Store.open(f"sqlite:///{folder / 'cases.db'}") as store:
        started = time.perf_counter()
        _fill(store)
        seconds = time.perf_counter() - started
        queries: dict[str, CaseQuery] = {
            "the newest": CaseQuery(states=("new", "open", "waiting")),
            "by title": CaseQuery(text="parcel 17"),
            "by title, nothing found": CaseQuery(text="no such words"),
            "by sender": CaseQuery(sender="person7@domain3.example"),
            "by sender's domain": CaseQuery(sender="domain3.example"),
            "by owner": CaseQuery(owner="bo"),
            "by state": CaseQuery(states=("waiting",)),
            "by field": CaseQuery(field="lure", value="salary"),
            "by all of these": CaseQuery(
                text="a", sender="domain3.example", owner="bo", states=("new", "open"), field="lure", min_priority=40
            ),
        }
        figures = [
            Figure(
                f"{CASES:,} cases, {ALERTS:,} alerts: {name}",
                _slowest(_listed(store, query)),
                "ms",
                LIMIT,
                at_least=False,
            )
            for name, query in queries.items()
        ]
        last = store.cases.search(limit=1)[0].id
        figures.append(
            Figure(
                "... one case with everything", _slowest(lambda: case_view(store, last)), "ms", LIMIT, at_least=False
            )
        )
        return [*figures, Figure("... opened, with fields, alerts and merges", CASES / seconds, "cases/s", 10)]


def _listed(store: Store, query: CaseQuery) -> Callable[[], Any]:
    """What `mailroom case list` does: a page with numbers of alerts, and how many there are."""

    def look() -> Any:
        return case_rows(store, store.cases.search(query, limit=_PAGE)), store.cases.count(query)

    return look


def _slowest(look: Callable[[], Any]) -> float:
    worst = 0.0
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        look()
        worst = max(worst, time.perf_counter() - started)
    return worst * 1_000


def _fill(store: Store) -> None:
    ids = _alerts(store)
    each = ALERTS // CASES
    for number in range(CASES):
        word = _WORDS[number % len(_WORDS)]
        state = ("new", "open", "waiting")[number % 3]
        case = open_case(
            store, tenant="northwind", title=f"{word.title()} {number}", who="benchmark", key=f"case {number}",
            alert_ids=ids[number * each : (number + 1) * each], fields={"lure": word, "amount": number},
            assigned_to=_OWNERS[number % len(_OWNERS)], description=f"About a {word}",
        )  # fmt: skip
        if state != "new":
            store.cases.change(case.id, lambda _case, _now, state=state: {"state": state}, who="benchmark")  # type: ignore[misc]
        if number % 10 == 9:
            merge(store, case.id, case.id - 1, who="benchmark")


def _alerts(store: Store) -> list[int]:
    """Rows as the connectors leave them, with events of 4 KB."""
    source = store.sources.ensure("northwind", "held", "hold queue", "2.0")
    start = datetime(2026, 3, 1, tzinfo=UTC)
    chance = random.Random(1)
    event = WrittenJson({"schema": 1, "headers": [[f"X-Header-{n}", chance.randbytes(40).hex()] for n in range(40)]})
    rows = [
        {
            "source_id": source.id, "tenant": "northwind", "connector": "held", "external_key": f"hold-{number}",
            "title": f"{_WORDS[number % len(_WORDS)]} {number}",
            "sender": f"person{number % 40}@domain{number % 500}.example",
            "sender_domain": f"domain{number % 500}.example", "recipient": f"r{number % 900}@northwind.example",
            "received_at": start + timedelta(seconds=number), "seed_priority": 40, "priority": 40, "event": event,
            "handling": "open", "created_at": start, "updated_at": start,
        }
        for number in range(ALERTS)
    ]  # fmt: skip
    store.run(lambda tx: tx.execute(insert(alerts), rows))
    return [one.id for one in store.alerts.list(limit=ALERTS, after_id=0)]
