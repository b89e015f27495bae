"""Deciding about stored alerts: verdicts first, then rails, then intents; the same every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailroom.clock import SystemClock
from mailroom.errors import BusyError, LeaseLostError
from mailroom.playbooks import triage_run
from mailroom.playbooks.breaker import breaker_state, overturn
from mailroom.playbooks.breaker_cases import open_breaker_cases
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.store import Store
from mailroom.store.actions import ActionResult
from mailroom.store.alerts import NewAlert
from mailroom.store.items import StagedItem
from mailroom.store.settling import Settled
from mailroom.triage.packaged import demo_lists

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def event(number: int, **fields: Any) -> dict[str, Any]:
    sender = fields.pop("sender", "sales@contoso-logistics.example")
    return {
        "schema": 1,
        "level": "T2",
        "hold_id": f"hold-{number}",
        "tracking_id": f"track-{number}",
        "message_id": f"<m{number}@x.example>",
        "header_from": {"address": sender, "display_name": "Sales"},
        "from_headers": [f"Sales <{sender}>"],
        "envelope_from": sender,
        "reply_to": None,
        "return_path": sender,
        "recipient": "ann@northwind.example",
        "recipients": ["ann@northwind.example"],
        "subject": f"Delivery {number}",
        "received_at": NOW.isoformat(),
        "sent_at": None,
        "route": "inbound",
        "size": 4000,
        "has_attachments": False,
        "components": [],
        "hold_reason": "Message Hold Applied - Spam Signature policy",
        "hold_reason_code": "message_hold_applied_spam_signature_policy",
        "hold_group": "Administrator",
        "policy": "Default",
        "queue_reason": "Default",
        "queue_detail_status": "",
        "spam_score": 1,
        "detection_level": "relaxed",
        "risk": "negligible",
        "categories": [],
        "spam_detail": {"spf": "allow", "dkim": "allow", "dmarc": "allow"},
        "grey_email": False,
        "authentication_results": [
            f"relay.mimecast.com; dkim=pass header.d={sender.partition('@')[2]}; "
            f"spf=pass smtp.mailfrom={sender}; dmarc=pass header.from={sender.partition('@')[2]}"
        ],
        "headers": [["From", f"Sales <{sender}>"], ["Subject", f"Delivery {number}"]],
        "expires_at": None,
        **fields,
    }


def put(store: Store, events: list[dict[str, Any]]) -> None:
    source = store.sources.ensure("t", "held", "held", "g")
    store.items.stage(source.id, None, [StagedItem(e["hold_id"], "", NOW, e) for e in events])
    settled = []
    for item in store.items.pending(source.id, limit=1000):
        sender = item.raw["header_from"]["address"]
        alert = NewAlert(
            item.external_key,
            "t",
            item.raw["subject"],
            sender,
            sender.partition("@")[2],
            "ann@northwind.example",
            NOW,
            -1,
            -1,
            level="T2",
            event=item.raw,
            hold_id=item.external_key,
            group_key=item.external_key,
        )
        settled.append(Settled(item.id, "alerted", alert=alert))
    store.items.settle(source.id, None, settled)


def policy(**fields: Any) -> Policy:
    given: dict[str, Any] = {
        "lists": (demo_lists(),),
        "modes": {"release": "auto", "reject": "auto"},
        "require_evaluated_rules": False,
        "per_run": 1000,
        "per_hour": 1000,
        "per_sender_domain": 1000,
        "max_release_share": 1.0,
    }
    return Policy.build(**(given | fields))


def wanted(number: int) -> list[dict[str, Any]]:
    return [event(index) for index in range(number)]


def test_proven_partner_mail_is_to_be_released(store: Store) -> None:
    put(store, wanted(1))

    report = triage_alerts(store, policy(), now=NOW)

    assert report.verdicts == {"benign": 1}
    assert [(one.kind, one.hold_id) for one in report.to_do] == [("release", "hold-0")]


def test_a_second_run_decides_nothing_and_names_what_is_still_to_do(store: Store) -> None:
    put(store, wanted(3))
    first = triage_alerts(store, policy(), now=NOW)

    second = triage_alerts(store, policy(), now=NOW + timedelta(minutes=1))

    assert (second.triaged, second.to_do) == (0, first.to_do)


def test_an_action_that_the_tenant_keeps_refusing_is_left_alone_until_somebody_asks_for_it(store: Store) -> None:
    put(store, wanted(1))
    [todo] = triage_alerts(store, policy(), now=NOW).to_do
    for _ in range(5):
        store.ledger.claim([todo.action_id], owner="worker")
        store.ledger.settle([ActionResult(todo.action_id, "failed", "the message is locked")])

    later = triage_alerts(store, policy(), now=NOW)
    asked = triage_alerts(store, policy(), now=NOW, again=True)

    assert later.to_do == []
    assert "refused 1 actions 5 times" in later.warnings[-1]
    assert [one.action_id for one in asked.to_do] == [todo.action_id]
    assert asked.warnings == []


def test_equal_alerts_and_rules_give_equal_evidence(store: Store) -> None:
    put(store, wanted(2))
    triage_alerts(store, policy(), now=NOW)

    one, two = (store.verdicts.current(alert.id) for alert in store.alerts.list())

    assert one is not None
    assert two is not None
    assert (one.evidence_digest, one.rule_digest) == (two.evidence_digest, two.rule_digest)


def test_no_more_than_the_share_of_a_run_is_released(store: Store) -> None:
    put(store, wanted(10))

    report = triage_alerts(store, policy(max_release_share=0.3), now=NOW)

    assert len(report.to_do) == 3
    assert report.planned == {"release: act": 3, "release: propose": 7}
    assert any("30%" in warning for warning in report.warnings)


@pytest.mark.parametrize("limit", ["per_run", "per_hour", "per_sender_domain"])
def test_reaching_a_limit_stops_acting_and_not_triaging(store: Store, limit: str) -> None:
    put(store, wanted(6))

    report = triage_alerts(store, policy(**{limit: 2}), now=NOW)

    assert report.verdicts == {"benign": 6}
    assert len(report.to_do) == 2
    assert report.warnings


@pytest.mark.parametrize(("mode", "rows"), [("observe", 0), ("advise", 2)])
def test_below_auto_nothing_is_to_do(store: Store, mode: str, rows: int) -> None:
    put(store, wanted(2))

    report = triage_alerts(store, policy(modes={"release": mode}), now=NOW)

    assert report.to_do == []
    assert len(store.ledger.list(state="proposed")) == rows


def test_rules_without_an_evaluation_record_only_propose(store: Store) -> None:
    put(store, wanted(1))

    report = triage_alerts(store, policy(require_evaluated_rules=True), now=NOW)

    assert report.to_do == []
    assert report.planned == {"release: propose": 1}


def test_the_kill_switch_denies_and_says_so_on_the_wall(store: Store) -> None:
    put(store, wanted(1))

    report = triage_alerts(store, policy(kill_switch=True), now=NOW)

    [alert] = store.alerts.list()
    assert report.planned == {"release: deny": 1}
    assert "kill switch" in store.events.for_alert(alert.id)[-1].why


def test_two_processes_do_not_decide_at_once(store: Store) -> None:
    store.leases.acquire("triage", "another machine")

    with pytest.raises(BusyError):
        triage_alerts(store, policy(), now=NOW)


def test_a_dry_run_writes_nothing(store: Store) -> None:
    put(store, wanted(2))

    report = triage_alerts(store, policy(), now=NOW, dry_run=True)

    assert report.preview
    assert report.planned == {"release: act": 2}
    assert store.verdicts.counts() == {}
    assert store.ledger.counts() == {}


def test_released_mail_that_turns_out_malicious_takes_its_rules_off_auto(store: Store) -> None:
    put(store, wanted(1))
    [first] = triage_alerts(store, policy(), now=NOW).to_do
    store.ledger.claim([first.action_id], owner="me")
    store.ledger.settle([ActionResult(first.action_id, "applied", handling="released")])
    overturn(store, first.hold_id, malicious=True, who="ann", why="it was phishing")
    put(store, [event(7)])

    report = triage_alerts(store, policy(), now=NOW)

    assert breaker_state(store, 200).released_then_malicious
    assert report.to_do == []
    assert any("R6" in warning for warning in report.warnings)
    cases = store.cases.search()
    assert cases
    for case in cases:
        assert case.key.startswith("breaker:")
    triage_alerts(store, policy(), now=NOW)
    assert open_breaker_cases(store, policy().rails)
    assert len(store.cases.search()) == len(cases), "one case for each version of a rule, however often it is asked"


def test_overturning_is_written_as_a_whole_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, wanted(1))
    [first] = triage_alerts(store, policy(), now=NOW).to_do
    store.ledger.claim([first.action_id], owner="me")
    store.ledger.settle([ActionResult(first.action_id, "applied", handling="released")])
    assert store.labels.current(first.alert_id) is None, "what happened by itself proves nothing"

    with monkeypatch.context() as broken:
        broken.setattr(store.labels, "record", lambda *_args, **_options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            overturn(store, first.hold_id, malicious=False, who="ann", why="nobody wanted it")
    assert store.alerts.get(first.alert_id).handling == "released"

    overturn(store, first.hold_id, malicious=False, who="ann", why="nobody wanted it")
    overturn(store, first.hold_id, malicious=False, who="ann", why="nobody wanted it")
    assert store.alerts.get(first.alert_id).handling == "overturned"
    assert [(one.label, one.source) for one in store.labels.history(first.alert_id)] == [("suspicious", "overturn")]


class MovedByHand(SystemClock):
    """The machine's clock, with a shift."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift

    def monotonic(self) -> float:
        return super().monotonic() + self.shift.total_seconds()


def test_a_run_that_takes_longer_than_its_lease_lets_no_second_one_in(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage_run, "_BATCH", 1)
    clock = MovedByHand()
    refused = []

    def slowly(*_: object) -> None:
        clock.shift += timedelta(minutes=4)
        try:
            store.leases.acquire("triage", "another worker")
        except BusyError:
            refused.append(clock.shift)

    with Store.open(sqlite_url, clock=clock) as store:
        put(store, wanted(3))
        report = triage_alerts(store, policy(), now=NOW, progress=slowly)

    assert (len(refused), len(report.to_do)) == (3, 3)


def test_a_run_that_was_replaced_while_it_slept_enters_nothing(sqlite_url: str) -> None:
    clock = MovedByHand()

    def asleep(*_: object) -> None:
        clock.shift += timedelta(minutes=10)
        store.leases.acquire("triage", "another worker")

    with Store.open(sqlite_url, clock=clock) as store:
        put(store, wanted(2))
        with pytest.raises(LeaseLostError):
            triage_alerts(store, policy(), now=NOW, progress=asleep)

        assert store.ledger.counts() == {}


def test_a_run_that_is_replaced_right_before_it_enters_anything_enters_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, clock = triage_run.judge_alerts, MovedByHand()

    def slowly(*given: Any) -> Any:
        found = judge(*given)
        clock.shift += timedelta(minutes=10)
        store.leases.acquire("triage", "another worker")
        return found

    monkeypatch.setattr(triage_run, "judge_alerts", slowly)  # the second pass
    with Store.open(sqlite_url, clock=clock) as store:
        put(store, wanted(2))
        with pytest.raises(LeaseLostError):
            triage_alerts(store, policy(), now=NOW)

        assert store.ledger.counts() == {}
