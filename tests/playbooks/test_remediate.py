"""Pulling mail back: found everywhere, one incident per item, followed to its end, people told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_small_tenant import PEOPLE, SEARCH, Workbench, add, empty_tenant, policy

from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.mimecast import ttp_logs
from mailroom.mimecast.remediation import search_hash
from mailroom.playbooks import remediate as remediation
from mailroom.playbooks.remediate import ItemResult, RemediateForm, RemediationPlan
from sandbox import Fault, Tenant
from sandbox.mail import MailFault

BAD = "billing@evil.example"
CREATE = "/api/ttp/remediation/create"
GET = "/api/ttp/remediation/get-incident"


@pytest.fixture
def tenant() -> Tenant:
    return empty_tenant(remediation_fails=0)


@pytest.fixture(params=["2.0", "1.0"])
def bench(bench_for: Callable[..., Workbench], tenant: Tenant, request: pytest.FixtureRequest) -> Workbench:
    return bench_for(tenant, request.param)


def delivered(bench: Workbench, subject: str = "Your invoice", *, to: list[str] | None = None, **fields: Any) -> str:
    """A mail of the phisher that reached mailboxes; returns its Message-ID."""
    ids = add(
        bench.tenant, subject, to=to or PEOPLE[:2], from_addr=BAD, from_env=BAD, dkim_domain="evil.example", **fields
    )
    for hold_id in ids:
        assert bench.tenant.admin_release(hold_id)
    return next(one["messageId"] for one in bench.tenant.archived() if one["subject"] == subject)


def plan(bench: Workbench, *values: str, look_for: str = "message id", **form: Any) -> RemediationPlan:
    return remediation.plan_remediation(bench.desk, RemediateForm(look_for=look_for, values=values, **form))


def pull(bench: Workbench, *values: str, **form: Any) -> list[ItemResult]:
    return remediation.remediate(bench.desk, plan(bench, *values, **form))


def made(tenant: Tenant) -> int:
    return sum(effect.kind == "create_incident" for effect in tenant.effects)


def pulled(tenant: Tenant) -> int:
    return sum(effect.kind == "remediate" for effect in tenant.effects)


def test_a_message_is_found_everywhere_and_pulled_back(bench: Workbench) -> None:
    message_id = delivered(bench)

    found = plan(bench, message_id)
    (row,) = found.rows()
    assert (row["delivered copies"], row["people"], row["seen in"]) == (2, 2, "archive, tracking")
    assert bench.tenant.incidents() == []

    (result,) = remediation.remediate(bench.desk, found)
    assert (result.state, result.identified, result.successful, result.failed) == ("done", 2, 2, 0)
    assert result.incident.startswith("TR-")
    assert (made(bench.tenant), pulled(bench.tenant)) == (1, 2)


@pytest.mark.parametrize("look_for", ["message id", "url"])
def test_what_is_older_than_message_tracking_is_not_called_nothing(bench: Workbench, look_for: str) -> None:
    message_id = delivered(bench, minutes=40 * 24 * 60)
    value = message_id if look_for == "message id" else "http://bad.evil.example/login"

    (result,) = pull(bench, value, look_for=look_for, days_back=90)

    assert (result.state, result.is_well) == ("not searched", False)
    assert "remediate-incident" in result.detail
    (within,) = pull(bench, value, look_for=look_for)
    assert (within.state, within.is_well) == ("nothing found", True)


def test_a_mail_that_is_found_is_pulled_back_however_far_the_search_would_go(bench: Workbench) -> None:
    (result,) = pull(bench, delivered(bench), days_back=90)
    assert (result.state, result.successful) == ("done", 2)


def test_a_dry_run_makes_no_changing_call(bench: Workbench) -> None:
    before = len(bench.tenant.effects)
    message_id = delivered(bench)
    between = len(bench.tenant.effects)
    plan(bench, message_id, "<nobody@knows.example>")
    assert len(bench.tenant.effects) == between > before
    assert bench.store.ledger.list() == []


def test_again_nothing_is_begun_and_the_result_is_told_again(bench: Workbench) -> None:
    message_id = delivered(bench)
    first, second = pull(bench, message_id), pull(bench, message_id)

    assert first[0].incident == second[0].incident
    assert made(bench.tenant) == 1
    assert plan(bench, message_id).rows()[0]["state"] == "begun before (action 1)"
    (third,) = pull(bench, message_id, again="2026-03-02")
    assert third.state == "nothing found" or third.incident != first[0].incident


def test_some_copies_cannot_be_pulled_back_and_that_is_said(bench_for: Callable[..., Workbench]) -> None:
    bench = bench_for(empty_tenant(remediation_fails=2))
    (result,) = pull(bench, delivered(bench, to=PEOPLE[:4]))

    assert (result.state, result.identified, result.successful, result.failed) == ("partly", 4, 2, 2)
    assert not result.is_well


def test_more_copies_than_allowed_are_not_touched(bench: Workbench) -> None:
    message_id = delivered(bench, to=PEOPLE[:3])
    with pytest.raises(RefusedError, match="3 delivered copies"):
        pull(bench, message_id, most_messages=2)
    assert made(bench.tenant) == 0
    (result,) = pull(bench, message_id, most_messages=2, allow_many=True)
    assert result.state == "done"


def test_what_nobody_has_is_not_pulled_back(bench: Workbench) -> None:
    (result,) = pull(bench, "<nobody@knows.example>")
    assert (result.state, result.is_well) == ("nothing found", True)
    assert made(bench.tenant) == 0


def test_an_alert_names_the_message(bench: Workbench) -> None:
    add(bench.tenant, "Held one", to=PEOPLE[:1], from_addr=BAD, from_env=BAD)
    bench.ingest()
    (alert,) = bench.store.alerts.list()
    found = plan(bench, str(alert.id), look_for="alert")

    assert found.items[0].value == alert.event["message_id"]
    assert found.rows()[0]["held"] == 1
    with pytest.raises(NotFoundError):
        plan(bench, "4711", look_for="alert")


def test_one_item_that_fails_does_not_stop_the_others_and_only_it_is_done_again(bench: Workbench) -> None:
    one, two = delivered(bench, "First"), delivered(bench, "Second")
    bench.tenant.faults.add(Fault("fail_in_200", CREATE, times=1, code="err_remediation_busy"))

    first = pull(bench, one, two)
    assert [result.state for result in first] == ["failed", "done"]
    second = pull(bench, one, two)

    assert [result.state for result in second] == ["done", "done"]
    assert made(bench.tenant) == 2


def test_followed_too_short_it_is_in_progress_and_goes_on_later(bench: Workbench) -> None:
    found = plan(bench, delivered(bench))
    (early,) = remediation.remediate(bench.desk, found, follow_seconds=0.01)
    assert (early.state, early.is_well) == ("in progress", False)
    (done,) = remediation.remediate(bench.desk, found)
    assert done.state == "done"
    assert made(bench.tenant) == 1


def test_an_answer_that_is_lost_makes_no_second_incident(bench_for: Callable[..., Workbench]) -> None:
    bench = bench_for(empty_tenant(remediation_fails=0))
    message_id = delivered(bench)
    bench.tenant.faults.add(Fault("apply_then_fail", CREATE, how="reset", times=1))

    (result,) = pull(bench, message_id)

    assert result.state == "done"
    assert made(bench.tenant) == 1


def test_a_file_is_found_by_its_hash_in_the_logs(bench_for: Callable[..., Workbench]) -> None:
    bench = bench_for(Tenant.generate(messages=60, archive=60, seed=7, frozen=True, remediation_fails=0))
    now = bench.client.now()
    rows = [
        row
        for page in ttp_logs.attachment_logs(bench.client, start=now.replace(year=now.year - 1), end=now)
        for row in page
    ]
    assert rows
    found = plan(bench, rows[0].sha256, look_for="file hash")
    assert "attachment log" in found.rows()[0]["seen in"]


def test_a_source_that_is_refused_is_said_and_the_others_count(bench: Workbench) -> None:
    message_id = delivered(bench)
    bench.tenant.faults.add(Fault("fail_in_200", "/api/archive/search", times=None, code="err_xdk_not_allowed"))

    found = plan(bench, message_id)

    assert any(note.startswith("archive: not searched") for note in found.notes)
    assert found.rows()[0]["delivered copies"] == 2


def test_the_kill_switch_stops_it(bench: Workbench) -> None:
    found = plan(bench, delivered(bench))
    bench.policy = policy(kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        remediation.remediate(bench.desk, found)
    assert made(bench.tenant) == 0


@pytest.mark.parametrize(
    "form",
    [
        {"look_for": "message id"}, {"look_for": "file hash", "values": ("abc",)},
        {"look_for": "url", "values": ("not a url",)}, {"look_for": "everything", "values": ("x",)},
        {"look_for": "message id", "values": ("<a b>",)}, {"values": ("1",), "days_back": 0},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_any_call(form: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        RemediateForm(**form)


@pytest.fixture
def office(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    with mail_helper.mail_world("remediate", tmp_path / "mail", {}) as world:
        yield world


def test_people_are_told_once_and_nothing_of_the_mail_is_quoted(
    bench_for: Callable[..., Workbench], office: Any, mail_helper: ModuleType
) -> None:
    bench = bench_for(empty_tenant(remediation_fails=0))
    subject = "Kanarienvogel click http://evil.example/now"
    message_id = delivered(bench, subject, to=[mail_helper.AMY, mail_helper.BEN, mail_helper.SOC])
    found = plan(bench, message_id, case="SIR-9")
    results = remediation.remediate(bench.desk, found)

    first = remediation.notify(bench.desk, office.account(), found, results, case="SIR-9")
    again = remediation.notify(bench.desk, office.account(), plan(bench, message_id), results, case="SIR-9")

    assert (first.sent, first.left_out, first.failed) == (2, 1, 0), first
    assert (again.sent, again.before) == (0, 2), again
    texts = [handed.raw.decode() for handed in office.mail.sent]
    assert len(texts) == 2
    for text in texts:
        assert "Kanarienvogel" not in text
        assert "evil.example" not in text
        assert "Auto-Submitted: auto-generated" in text
        assert "SIR-9" in text
        assert results[0].incident in text


def test_a_login_for_sending_that_is_refused_is_not_tried_for_every_person(
    bench_for: Callable[..., Workbench], office: Any, mail_helper: ModuleType
) -> None:
    bench = bench_for(empty_tenant(remediation_fails=0))
    message_id = delivered(bench, "Invoice", to=[mail_helper.AMY, mail_helper.BEN])
    found = plan(bench, message_id)
    results = remediation.remediate(bench.desk, found)
    tries = office.mail.faults.add(MailFault("slow", "AUTH", side="smtp", times=None))

    report = remediation.notify(bench.desk, office.account(password="kanari-wrong"), found, results)
    assert (report.sent, report.failed, tries.hits) == (0, 2, 1), report
    assert "user name and password" in report.detail

    assert remediation.notify(bench.desk, office.account(), plan(bench, message_id), results).sent == 2


def test_nobody_outside_is_told(bench_for: Callable[..., Workbench], office: Any) -> None:
    bench = bench_for(empty_tenant(remediation_fails=0))
    found = plan(bench, delivered(bench))
    for copy in found.items[0].findings.copies.values():
        copy.recipient = "somebody@elsewhere.example"
    results = [ItemResult(found.items[0].value, "done", "", "TR-1", 2, 2)]

    assert remediation.notify(bench.desk, office.account(), found, results).left_out == 1
    assert list(office.mail.sent) == []


def refuse(bench: Workbench, path: str) -> None:
    bench.tenant.faults.add(Fault("fail_in_200", path, times=None, code="err_xdk_not_allowed"))


def test_what_could_not_be_searched_is_not_called_nothing_found(bench: Workbench) -> None:
    message_id = delivered(bench)
    refuse(bench, SEARCH)

    found = plan(bench, message_id, allow_many=True)
    (result,) = remediation.remediate(bench.desk, found)

    assert found.rows()[0]["state"].startswith("not searched: tracking")
    assert (result.state, result.is_well) == ("not searched", False)
    assert "Nobody knows" in result.detail
    assert made(bench.tenant) == 0


@pytest.fixture
def with_file(bench_for: Callable[..., Workbench]) -> tuple[Workbench, str]:
    """A tenant that has seen a file, and the file's hash."""
    bench = bench_for(Tenant.generate(messages=60, archive=60, seed=7, frozen=True, remediation_fails=0))
    now = bench.client.now()
    logs = ttp_logs.attachment_logs(bench.client, start=now - timedelta(days=29), end=now)
    hashes = [row.sha256 for page in logs for row in page]
    return bench, next(one for one in hashes if search_hash(bench.client, [one]).detected.get(one))


@pytest.mark.parametrize("refused", ["/api/ttp/attachment/get-logs", SEARCH])
def test_copies_of_a_file_that_nobody_can_count_are_pulled_back_only_when_many_are_allowed(
    with_file: tuple[Workbench, str], refused: str
) -> None:
    bench, sha256 = with_file
    refuse(bench, refused)

    with pytest.raises(RefusedError, match="cannot be counted"):
        pull(bench, sha256, look_for="file hash")
    assert made(bench.tenant) == 0

    pull(bench, sha256, look_for="file hash", allow_many=True)
    assert made(bench.tenant) == 1


def test_a_changed_wish_is_done_as_it_is_wanted_now(bench: Workbench) -> None:
    message_id = delivered(bench)
    bench.tenant.faults.add(Fault("fail_in_200", CREATE, times=1, code="err_remediation_busy"))
    assert pull(bench, message_id, days_back=2, case="SIR-1", requested_by="amy")[0].state == "failed"

    start = bench.client.now().replace(microsecond=0) - timedelta(days=20)
    (result,) = pull(bench, message_id, days_back=20, case="SIR-2", requested_by="ben")

    assert result.state == "done"
    old, new = sorted(bench.store.ledger.list(), key=lambda one: one.id)
    assert (old.state, old.code, old.retryable) == ("refused", "superseded", False)
    assert (new.state, new.requested_by) == ("applied", "ben")
    assert "case SIR-2, by ben" in new.parameters["reason"]
    assert new.parameters["start_time"] == start.isoformat()


def test_the_same_wish_an_hour_later_goes_on_with_the_first_attempt(bench: Workbench) -> None:
    message_id = delivered(bench)
    bench.tenant.faults.add(Fault("fail_in_200", CREATE, times=1, code="err_remediation_busy"))
    pull(bench, message_id)
    bench.tenant.clock.advance(timedelta(hours=1))

    assert pull(bench, message_id)[0].state == "done"
    assert [one.attempt for one in bench.store.ledger.list()] == [2]
