"""The rules workbench: what a change of rules gains and loses, what shadow decisions are worth, what was earned."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from mailroom_tests_small_tenant import NOON, RULES, Workbench

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.playbooks import act, workbench
from mailroom.playbooks.checks import check_records
from mailroom.playbooks.policy import Policy
from mailroom.store import NewVerdict, Store
from mailroom.store.alerts import NewAlert
from mailroom.store.items import StagedItem
from mailroom.store.labels import NewLabel
from mailroom.store.settling import Settled
from mailroom.triage.packaged import demo_lists
from mailroom.triage.ruleset import load_ruleset

JUNK = {
    "schema": 1, "id": "test-junk", "version": 1, "status": "advise", "title": "Says junk", "level": "T1",
    "owner": "tests", "match": {"said": {"subject|contains": "junk"}}, "condition": "said", "score": 75,
    "group": "content", "absolute": "malicious", "explain": "It says junk: {subject}",
    "suggest": {"verdict": "malicious", "action": "reject"},
    "tests": [
        {"name": "said", "with": {"subject": "junk"}, "expect": True},
        {"name": "not said", "with": {"subject": "hello"}, "expect": False},
        {"name": "no subject", "with": {"missing": ["subject"]}, "expect": "unknown"},
    ],
}  # fmt: skip

TRASH: dict[str, Any] = {
    "match": {"said": {"subject|contains": "trash"}},
    "tests": [{"name": "said", "with": {"subject": "trash"}, "expect": True}, *JUNK["tests"][1:]],  # type: ignore[misc]
}
"""The same rule, looking for another word."""


def rules(folder: Path, **changes: Any) -> Path:
    """A folder with one rule."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rule.yml").write_text(yaml.safe_dump(JUNK | changes, sort_keys=False))
    return folder


def policy(*folders: Path) -> Policy:
    return Policy.build(rules=folders, lists=(demo_lists(),), starter_rules=False)


def compare(bench: Workbench, before: Path, after: Path, **options: Any) -> workbench.Backtest:
    return workbench.backtest(bench.store, policy(before).ruleset(), policy(after).ruleset(), now=NOON, **options)


def label_all(bench: Workbench, **labels: str) -> dict[str, list[int]]:
    """Label alerts by the first word of their subject; returns their ids by it."""
    found: dict[str, list[int]] = {}
    for alert in bench.store.alerts.list(limit=100):
        word = alert.title.split()[0]
        found.setdefault(word, []).append(alert.id)
        if word in labels:
            bench.store.labels.record(alert.id, labels[word], source="person", who="amy")
    return {word: sorted(ids) for word, ids in found.items()}


def test_the_same_rules_change_nothing(bench: Workbench, tmp_path: Path) -> None:
    label_all(bench, junk="malicious")
    found = compare(bench, RULES, RULES)
    assert (found.looked_at, found.rules, dict(found.verdicts), found.matters) == (13, {}, {}, [])


def test_a_lost_match_matters_where_it_was_right(bench: Workbench, tmp_path: Path) -> None:
    ids = label_all(bench, junk="malicious")
    before, after = rules(tmp_path / "a"), rules(tmp_path / "b", **TRASH)
    found = compare(bench, before, after)
    assert found.rules["test-junk"].lost == {"malicious": len(ids["junk"])}
    assert found.verdicts["malicious", "undetermined"] == {"malicious": len(ids["junk"])}
    assert {(one.rule_id, one.kind) for one in found.matters} == {("test-junk", "lost"), ("verdict", "lost")}
    assert sorted({one.alert_id for one in found.matters}) == ids["junk"]


def test_a_gained_match_matters_where_it_is_wrong(bench: Workbench, tmp_path: Path) -> None:
    ids = label_all(bench, junk="malicious", wanted="wanted")
    wide = rules(tmp_path / "b", match={"said": {"subject|contains": ["junk", "wanted", "note"]}})
    found = compare(bench, rules(tmp_path / "a"), wide)
    gained = found.rules["test-junk"].gained
    assert gained == {"wanted": len(ids["wanted"]), "no label": len(ids["note"])}
    assert {(one.kind, one.label) for one in found.matters} == {("gained", "wanted")}
    assert sorted({one.alert_id for one in found.matters}) == ids["wanted"]


def test_only_labelled_mail_is_quicker_and_finds_the_same(bench: Workbench, tmp_path: Path) -> None:
    ids = label_all(bench, junk="malicious")
    before, after = rules(tmp_path / "a"), rules(tmp_path / "b", **TRASH)
    found = compare(bench, before, after, only_labelled=True)
    assert found.looked_at == found.labelled == len(ids["junk"])
    assert found.matters == compare(bench, before, after).matters
    assert compare(bench, before, after, since=datetime.now(UTC)).looked_at == 0


def test_what_is_acknowledged_with_a_reason_and_a_name_no_longer_counts(bench: Workbench, tmp_path: Path) -> None:
    label_all(bench, junk="malicious")
    found = compare(bench, rules(tmp_path / "a"), rules(tmp_path / "b", **TRASH))
    path = tmp_path / "acknowledged.yml"
    path.write_text(workbench.as_file(found.matters))
    with pytest.raises(InvalidInputError, match="`why` is empty"):
        workbench.read_acknowledged(path)
    path.write_text(workbench.as_file(found.matters).replace('""', '"a new rule says it better"'))
    accepted = workbench.read_acknowledged(path)
    assert accepted.open_ones(found.matters) == []
    assert accepted.stale(found.matters) == []
    assert len(accepted.open_ones([replace(found.matters[0], alert_id=999)])) == 1
    assert len(accepted.stale(found.matters[1:])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "acknowledged: 7", "other: []", "acknowledged: [{rule: r}]", "acknowledged:\n  - !!python/object:os {}",
        "acknowledged: [{rule: r, change: moved, alerts: [1], why: w, by: b}]",
        "acknowledged: [{rule: r, change: lost, alerts: all, why: w, by: b}]",
    ],
)  # fmt: skip
def test_a_file_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "acknowledged.yml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match="acknowledged"):
        workbench.read_acknowledged(path)


def test_shadow_decisions_are_compared_with_what_people_did(bench: Workbench) -> None:
    bench.policy = replace(bench.policy, rails=bench.policy.rails.model_copy(update={"modes": {}}))
    bench.triage()
    ids = label_all(bench)
    act.dispose(bench.desk, "reject", str(ids["junk"][0]), {}, requested_by="amy")
    act.dispose(bench.desk, "release", str(ids["junk"][1]), {}, requested_by="amy")
    bench.store.labels.record(ids["wanted"][0], "malicious", source="person", who="amy")
    report = workbench.shadow_report(bench.store, days=2, until=NOON + timedelta(days=1))
    reject, release = report.actions["reject"], report.actions["release"]
    assert (reject.proposed, reject.agreed, reject.disagreed) == (len(ids["junk"]), 1, 1)
    assert reject.did["nothing yet"] == len(ids["junk"]) - 2
    assert (release.agreed, release.disagreed) == (0, 1)
    assert {(one.alert_id, one.did) for one in report.disagreements} == {
        (ids["junk"][1], "release"), (ids["wanted"][0], "label malicious"),
    }  # fmt: skip
    assert report.behind == {"subject-says-junk": 1}


def decisions(store: Store, number: int, labels: dict[int, str], version: int = 1) -> None:
    """So many decisions of one rule that proposed a rejection, labelled malicious where not said otherwise."""
    source = store.sources.ensure("northwind", "held", "hold queue", "1.0")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    store.items.stage(source.id, None, [StagedItem(f"h{n}", f"h{n}", at, {}) for n in range(number)])
    settled = [
        Settled(item.id, "alerted", alert=NewAlert(
            item.external_key, "northwind", "Invoice", "a@b.example", "b.example", "c@d.example", at, 40, 40,
            hold_id=item.external_key,
        ))
        for item in store.items.pending(source.id, limit=number)
    ]  # fmt: skip
    store.items.settle(source.id, None, settled)
    ids = sorted(alert.id for alert in store.alerts.list(limit=number))
    evidence = [{"rule_id": "test-junk", "version": version, "points": 75}]
    store.verdicts.record([
        NewVerdict(known, None, "malicious", 90, 1.0, 60, "d", "T1", evidence, proposed_action="reject")
        for known in ids
    ])  # fmt: skip
    rows = [(known, labels.get(place, "malicious")) for place, known in enumerate(ids)]
    store.labels.record_many([NewLabel(known, label, "person", "amy") for known, label in rows if label])


def test_a_rule_earns_an_action_with_enough_labelled_decisions(store: Store, tmp_path: Path) -> None:
    decisions(store, 601, {0: ""})
    ruleset = policy(rules(tmp_path / "a")).ruleset()
    found = workbench.evaluate(store, ruleset, "test-junk", "reject")
    assert (found.decisions, found.wrong, found.unlabelled, found.is_earned) == (600, 0, 1, True)
    record = yaml.safe_load(found.as_yaml("Amy Reader", date(2026, 3, 2)))["evaluation"]
    auto = load_ruleset([rules(tmp_path / "b", status="auto", evaluation=record)], [demo_lists()])
    assert auto.rules[0].auto_actions == {"reject"}
    also = workbench.evaluate(store, ruleset, "test-junk", "report")
    assert also.decisions == 600, "the table reports what it rejects"


def test_what_is_missing_is_said_in_numbers(store: Store, tmp_path: Path) -> None:
    decisions(store, 20, {3: "wanted"})
    ruleset = policy(rules(tmp_path / "a")).ruleset()
    found = workbench.evaluate(store, ruleset, "test-junk", "reject")
    assert (found.decisions, found.wrong, found.is_earned, len(found.wrong_alerts)) == (20, 1, False, 1)
    assert "1 wrong of 20" in found.missing
    assert "It takes 1,110 more" in found.missing


def test_decisions_of_another_version_count_for_nothing(store: Store, tmp_path: Path) -> None:
    decisions(store, 5, {}, version=2)
    assert workbench.evaluate(store, policy(rules(tmp_path / "a")).ruleset(), "test-junk", "reject").decisions == 0


def test_what_cannot_be_earned_is_refused(store: Store, tmp_path: Path) -> None:
    ruleset = policy(rules(tmp_path / "a")).ruleset()
    with pytest.raises(NotFoundError, match="no rule 'other'"):
        workbench.evaluate(store, ruleset, "other", "reject")
    with pytest.raises(InvalidInputError, match=r"no row of playbooks\.yml proposes 'dance'"):
        workbench.evaluate(store, ruleset, "test-junk", "dance")


def test_a_record_that_the_store_cannot_show_is_pointed_at(store: Store, tmp_path: Path) -> None:
    record = {"action": "reject", "rule_version": 1, "decisions": 600, "wrong": 0, "by": "Amy Reader",
              "date": "2026-03-02"}  # fmt: skip
    site = policy(rules(tmp_path / "a", status="auto", evaluation=[record]))
    [hint] = workbench.unproven_records(store, site.ruleset())
    line = (tmp_path / "a" / "rule.yml").read_text().splitlines().index("evaluation:") + 2
    assert hint.where.endswith(f"rule.yml:{line}")
    assert "names 600 decisions, 0 wrong; this store shows 0, 0 wrong" in hint.text
    assert "mailroom rules evaluate test-junk --action reject" in hint.text
    [row] = check_records(lambda: store, lambda: site)
    assert (row.result, hint.text in row.detail) == ("warning", True)

    decisions(store, 602, {0: "", 1: "wanted"})
    [hint] = workbench.unproven_records(store, site.ruleset())
    assert "this store shows 601, 1 wrong" in hint.text
    wrong = sorted(one.id for one in store.alerts.list(limit=602))[1]
    store.labels.record_many([NewLabel(wrong, "malicious", "person", "amy")])
    assert workbench.unproven_records(store, site.ruleset()) == []
    assert [row.result for row in check_records(lambda: store, lambda: site)] == ["ok"]
    assert check_records(lambda: store, lambda: policy(rules(tmp_path / "b"))) == []


def test_lint_points_at_what_loads_and_may_mean_something_else(tmp_path: Path) -> None:
    folder = rules(
        tmp_path / "a", explain="This is bad", match={"said": {"subject|re": "invoice"}}, absolute="malicious"
    )
    (folder / "twin.yml").write_text(yaml.safe_dump(JUNK | {
        "id": "twin", "explain": "This is bad", "match": {"said": {"subject|re": "invoice"}},
        "tests": [*JUNK["tests"][1:], {"name": "said", "with": {"subject": "invoice"}, "expect": True}],
    }))  # fmt: skip
    (folder / "rule.yml").write_text((folder / "rule.yml").read_text().replace("subject: junk", "subject: invoice"))
    texts = " ".join(one.text for one in workbench.lint(policy(folder).ruleset()))
    for part in ("false_positives is missing", "shows no value", "is plain words", "exactly what"):
        assert part in texts
    assert workbench.lint(Policy.build(lists=(demo_lists(),)).ruleset()) == [
        one for one in workbench.lint(Policy.build(lists=(demo_lists(),)).ruleset()) if not one.rule_id
    ], "the packaged rules are left out unless wanted"
