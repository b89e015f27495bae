"""The triage report: numbers that can be checked by hand, pages that nothing in a mail can reach out of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from mailroom.errors import InvalidInputError
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage_report import gather, html_page, mail_report, markdown, pictures, plain_text
from mailroom.playbooks.triage_report.model import ReportNumbers
from mailroom.store import NewVerdict, Store
from mailroom.store.actions import ActionResult, NewAction
from mailroom.store.alerts import NewAlert
from mailroom.store.items import StagedItem
from mailroom.store.schema import alerts
from mailroom.store.settling import Settled
from mailroom.triage.evaluation import interval, spoke_rightly, was_wrong
from mailroom.triage.packaged import demo_lists

EVIL = '<img src=x onerror="alert(1)">](http://evil.example/?q=1) $x^2$'


def spoke(rule_id: str, points: int, **more: Any) -> dict[str, Any]:
    return {"rule_id": rule_id, "version": 1, "points": points, "title": "T", "status": "advise", "suggests": ""} | more


class World:
    """Alerts with everything that is counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.source = store.sources.ensure("northwind", "held", "hold queue", "1.0")
        self.now = datetime.now(UTC)
        self.number = 0

    def alert(self, *, age: timedelta = timedelta(hours=2), hold: timedelta | None = None, **fields: Any) -> int:
        self.number += 1
        key, at = f"hold-{self.number}", self.now - age
        self.store.items.stage(self.source.id, None, [StagedItem(key, key, at, {})])
        [item] = self.store.items.pending(self.source.id, limit=1)
        event = {"expires_at": (self.now + hold).isoformat() if hold else None}
        values = {
            "tenant": "northwind", "title": EVIL, "sender": "ann@fabrikam.example",
            "sender_domain": "fabrikam.example", "recipient": "clara@northwind.example", "seed_priority": 40,
            "priority": 60, "event": event, "hold_id": key, "group_key": "same",
        }  # fmt: skip
        alert = NewAlert(external_key=key, received_at=at, **(values | fields))
        self.store.items.settle(self.source.id, None, [Settled(item.id, "alerted", alert=alert)])
        return self.store.alerts.find(key).id

    def judged(
        self,
        verdict: str,
        *evidence: dict[str, Any],
        risk: int = 50,
        shadow: tuple[Any, ...] = (),
        proposed: str = "",
        **fields: Any,
    ) -> int:
        alert_id = self.alert(**fields)
        self.store.verdicts.record(
            [NewVerdict(alert_id, None, verdict, risk, 1.0, 60, "d", "T2", list(evidence), list(shadow), proposed)]
        )
        return alert_id

    def acted(self, alert_id: int, kind: str, mode: str) -> None:
        wish = NewAction("northwind", alert_id, kind, f"h{alert_id}", f"disposition:h{alert_id}", mode=mode)
        action = self.store.ledger.intend(wish)
        self.store.ledger.claim([action.id], owner="test")
        self.store.ledger.settle([ActionResult(action.id, "applied", handling="rejected")])


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def test_an_empty_store_has_a_report(store: Store) -> None:
    numbers = gather(store)
    assert numbers.alerts == 0
    assert pictures(numbers) == {}
    assert "0 alerts" in html_page(numbers)
    assert "0 alerts" in plain_text(numbers)


def shown(numbers: ReportNumbers) -> str:
    """Everything that a report can be, drawn and written; no number in it is none."""
    plain = json.dumps(numbers.as_dict(), default=str, allow_nan=False)
    whole = "\n".join([html_page(numbers), plain_text(numbers), markdown(numbers)])
    for text in (whole, plain):
        text.encode()
    assert not re.search(r"\b(?:nan|NaN|NaT|inf|None)\b", whole)
    return whole


def test_one_alert_that_nobody_judged_is_a_report(world: World) -> None:
    world.alert()
    numbers = gather(world.store)

    assert (numbers.alerts, numbers.by_verdict, numbers.times) == (1, {"not judged": 1}, {})
    assert "1 alerts, 0 judged" in shown(numbers)


def test_alerts_without_verdicts_of_which_some_are_held_are_a_report(world: World) -> None:
    for hold in (timedelta(hours=3), timedelta(hours=-1), None):
        world.alert(hold=hold)
    world.alert(event={"expires_at": "when we like"})
    world.alert(event={"expires_at": "9999-12-31T00:00:00+00:00"})
    numbers = gather(world.store)

    assert [len(numbers.urgent), sum(sum(row.values()) for row in numbers.expiry.values())] == [2, 5]
    assert "not judged 1" in shown(numbers)


@pytest.mark.parametrize(("verdict", "risk", "label"), [("malicious", 100, "malicious"), ("benign", 0, "wanted")])
def test_one_alert_with_all_that_can_be_known_is_a_report(world: World, verdict: str, risk: int, label: str) -> None:
    alert = world.judged(verdict, spoke("r", 30), risk=risk, hold=timedelta(hours=1))
    world.acted(alert, "reject", "auto")
    world.store.labels.record(alert, label, source="person", who="amy")
    numbers = gather(world.store)

    assert (numbers.times["verdict"].number, sum(all_ for _, all_, _ in numbers.calibration)) == (1, 1)
    assert set(pictures(numbers)) == {"volume", "times", "rules", "calibration"}
    assert "1 judged, 1 labelled" in shown(numbers)


def test_names_of_senders_in_any_script_are_shown_or_left_out(world: World) -> None:
    names = ["bücher.example", "例え.jp", "مثال.example", "\u202egro.live", "😀.example", "\ud800.example", "a" * 255]
    for domain in (*names, *names, ""):
        world.alert(sender_domain=domain, group_key=domain)
    numbers = gather(world.store)

    assert [row.number for row in numbers.senders] == [2] * len(names)
    assert "例え[.]jp" in shown(numbers)
    assert "\u202e" not in shown(numbers)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_day_has_24_hours_also_when_clocks_are_changed(world: World, zone: str) -> None:
    ends = [datetime(2026, *day, fold=fold, tzinfo=ZoneInfo(zone)) for day in _CHANGES[zone] for fold in (0, 1)]
    for until in ends:
        world.now = until.astimezone(UTC)
        for age in (timedelta(minutes=5), timedelta(hours=23, minutes=55), timedelta(hours=24, minutes=5)):
            world.alert(age=age)

    for until in ends:
        numbers = gather(world.store, days=1, until=until)
        since = until.astimezone(UTC) - timedelta(days=1)
        assert (numbers.since, numbers.until.tzinfo) == (since, UTC)
        inside = [at for at in arrivals(world) if since <= at < until.astimezone(UTC)]
        assert numbers.alerts == len(inside)


_CHANGES = {
    "Europe/Berlin": [(3, 29, 2, 30), (10, 25, 2, 30)],
    "America/New_York": [(3, 8, 2, 30), (11, 1, 1, 30)],
    "Australia/Lord_Howe": [(4, 5, 1, 45), (10, 4, 2, 15)],
}


def arrivals(world: World) -> list[datetime]:
    return [one.received_at for one in world.store.alerts.list(limit=1_000)]


def test_an_end_without_a_time_zone_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="needs a time zone"):
        gather(store, until=datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001


def test_volumes_and_verdicts_of_the_period(world: World) -> None:
    world.judged("spam")
    world.judged("malicious", age=timedelta(days=3))
    world.alert()
    world.judged("spam", age=timedelta(days=8))
    numbers = gather(world.store, days=7)
    assert (numbers.alerts, numbers.by_verdict) == (3, {"malicious": 1, "not judged": 1, "spam": 1})
    assert sum(sum(day.values()) for day in numbers.by_day.values()) == 3
    assert gather(world.store, days=30).by_verdict["spam"] == 2
    assert gather(world.store, tenant="elsewhere").alerts == 0


def test_a_rule_is_measured_by_labels_and_by_what_people_overturned(world: World) -> None:
    right = [world.judged("malicious", spoke("r", 30)) for _ in range(3)]
    wrong = world.judged("malicious", spoke("r", 30), spoke("insight", 0))
    world.judged("malicious", spoke("r", 30))
    for alert_id in (*right, wrong):
        world.acted(alert_id, "reject", "auto")
    for alert_id in right:
        world.store.labels.record(alert_id, "malicious", source="person", who="amy")
    world.store.labels.record(wrong, "wanted", source="overturn", who="amy")
    world.store.alerts.set_handling(wrong, "overturned", "it was an invoice", "amy")
    [rule] = gather(world.store).rules
    assert (rule.rule_id, rule.spoke, rule.labelled, rule.right) == ("r", 5, 4, 3)
    assert rule.precision == (0.75, *interval(3, 4))
    assert (rule.acted, rule.overturned) == (4, 1)


def test_a_rule_in_shadow_is_measured_and_causes_nothing(world: World) -> None:
    alert_id = world.judged("malicious", spoke("r", 30), shadow=(spoke("s", 10, status="shadow"),))
    world.acted(alert_id, "reject", "auto")
    rules = {one.rule_id: one for one in gather(world.store).rules}
    assert (rules["s"].spoke, rules["s"].acted, rules["r"].acted) == (1, 0, 1)


def test_times_run_from_the_arrival_of_the_mail(world: World) -> None:
    alert_id = world.judged("spam", age=timedelta(hours=2))
    world.acted(alert_id, "reject", "manual")
    times = gather(world.store).times
    assert set(times) == {"first touch", "verdict", "action"}
    assert times["action"].median == pytest.approx(2 * 3600, abs=120)


def test_what_a_playbook_proposes_is_nobodys_touch(world: World) -> None:
    alert_id = world.judged("spam", age=timedelta(hours=2))
    wish = NewAction(
        "northwind", alert_id, "reject", "h", "disposition:h", mode="manual", requested_by="handle reported phish"
    )
    world.store.ledger.intend(wish)
    assert "first touch" not in gather(world.store).times
    world.acted(alert_id, "release", "manual")
    assert "first touch" in gather(world.store).times


def test_what_is_judged_again_was_judged_when_it_was_judged_first(world: World) -> None:
    alert_id = world.judged("spam", age=timedelta(hours=5))
    before = world.store.verdicts.current(alert_id).created_at  # type: ignore[union-attr]
    world.store.verdicts.record([NewVerdict(alert_id, None, "malicious", 90, 1.0, 60, "other", "T2")])
    numbers = gather(world.store)
    waited = (before - (world.now - timedelta(hours=5))).total_seconds()
    assert numbers.times["verdict"].worst == pytest.approx(waited, abs=0.2)
    assert numbers.by_verdict == {"malicious": 1}


def test_holds_that_end_soon_are_named_whenever_the_mail_arrived(world: World) -> None:
    soon = world.judged("malicious", hold=timedelta(hours=3), age=timedelta(days=29))
    world.judged("spam", hold=timedelta(hours=20))
    world.judged("spam", hold=timedelta(days=9))
    world.alert(hold=None)
    done = world.judged("spam", hold=timedelta(hours=1))
    world.store.alerts.set_handling(done, "released", "", "amy")
    numbers = gather(world.store)
    assert numbers.expiry == {
        "under 4 hours": {"malicious": 1}, "under 24 hours": {"spam": 1}, "later": {"spam": 1},
        "not known": {"not judged": 1},
    }  # fmt: skip
    assert numbers.at_risk == 2
    assert numbers.urgent[0].alert_id == soon


def test_nothing_of_a_mail_can_reach_out_of_the_page(world: World) -> None:
    for _ in range(2):
        world.judged(
            "spam", spoke("r", 10, title=EVIL, status=EVIL), sender_domain=EVIL, group_key=EVIL, hold=timedelta(hours=1)
        )
    world.store.labels.record(1, "spam", source="person", who="amy@northwind.example")
    numbers = gather(world.store)
    for page in (html_page(numbers), markdown(numbers), plain_text(numbers)):
        assert "<img src=x" not in page
        assert "http://evil" not in page
        assert "](" not in page
        for person in ("ann@", "clara@", "amy@"):
            assert person not in page
    page = html_page(numbers)
    assert "default-src 'none'" in page
    assert page.count("<img") == page.count('src="data:image/svg+xml;base64,')
    for name, picture in pictures(numbers).items():
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}  # noqa: S314 - our own
        assert "script" not in tags, name
        assert b"http://evil" not in picture


def test_the_same_numbers_are_the_same_pictures(world: World) -> None:
    world.judged("spam")
    numbers = gather(world.store)
    assert pictures(numbers) == pictures(numbers)


def test_proposals_are_shown_beside_what_people_did(world: World) -> None:
    rejected, released, waiting = (world.judged("malicious", proposed="reject") for _ in range(3))
    world.acted(rejected, "reject", "manual")
    world.acted(released, "release", "manual")
    numbers = gather(world.store)
    assert numbers.proposals == {"reject": (3, 1, 1)}
    assert world.store.labels.current(waiting) is None
    assert "Proposals beside what people did" in html_page(numbers)


def test_how_much_harm_was_found_is_said_with_an_interval(world: World) -> None:
    for verdict in ("malicious", "suspicious", "spam"):
        world.store.labels.record(world.judged(verdict), "malicious", source="person", who="amy")
    numbers = gather(world.store)
    assert numbers.found == (2, 3)
    assert "Of 3 mails labelled malicious 67% were called malicious or suspicious (95 %: 21% to 94%)" in html_page(
        numbers
    )


def test_old_mail_is_passed_over_without_being_read(world: World) -> None:
    old = [world.alert(age=timedelta(days=40)) for _ in range(12)]
    came_in = world.now - timedelta(days=40)
    world.store.run(lambda tx: tx.execute(update(alerts).where(alerts.c.id.in_(old)).values(created_at=came_in)))
    new = [world.alert() for _ in range(5)]
    since = world.now - timedelta(days=7)
    pages = list(world.store.reporting.pages(since, world.now, size=2))
    assert [page.alerts["id"].tolist() for page in pages] == [new[:2], new[2:4], new[4:]]
    assert max(old) - 2 <= world.store.reporting._before(since, 2) <= max(old)


def test_an_impossible_period_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="1 to 3660 days"):
        gather(store, days=0)


@pytest.mark.parametrize(
    ("points", "label", "suggests", "right"),
    [
        (20, "malicious", "", True), (20, "wanted", "", False), (20, "graymail", "", False),
        (5, "graymail", "graymail", True),
        (-15, "wanted", "", True), (-15, "graymail", "", True), (-15, "spam", "", False),
    ],
)  # fmt: skip
def test_a_rule_is_right_when_its_points_go_the_right_way(points: int, label: str, suggests: str, right: bool) -> None:
    assert spoke_rightly(points, label, suggests) is right


def test_harm_is_letting_harm_in_or_keeping_wanted_mail_away() -> None:
    assert was_wrong("release", "suspicious")
    assert not was_wrong("release", "spam")
    assert was_wrong("reject", "wanted")
    assert not was_wrong("block_sender", "graymail")
    assert interval(0, 0) == (0.0, 1.0)


@pytest.fixture
def office(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    with mail_helper.mail_world("triage-report", tmp_path / "mail", {}) as found:
        yield found


def test_the_report_is_mailed_once_a_day_to_our_own_people(world: World, office: Any, mail_helper: ModuleType) -> None:
    world.judged("spam")
    policy = Policy.build(lists=(demo_lists(),))
    first = mail_report(world.store, office.account(), policy, gather(world.store), [mail_helper.AMY])
    world.judged("malicious")
    again = mail_report(world.store, office.account(), policy, gather(world.store), [mail_helper.AMY.upper()])
    assert (first.sent_now, again.sent_now, again.is_sent) == (True, False, True)
    [sent] = office.mail.sent
    text = sent.raw.decode()
    assert "Triage report" in text
    assert "triage-report-" in text
    assert "Auto-Submitted: auto-generated" in text


@pytest.mark.parametrize("to", [[], ["  "], ["eve@evil.example"]])
def test_nobody_else_gets_it(world: World, office: Any, to: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        mail_report(world.store, office.account(), Policy.build(lists=(demo_lists(),)), gather(world.store), to)
    assert list(office.mail.sent) == []
