"""The ten rails: each refusal is a sentence, and the defaults change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from mailroom.triage.approvals import Approval, approval_digest, check_approval
from mailroom.triage.decide import triage_event
from mailroom.triage.extract import Facts, extract
from mailroom.triage.rails import RailSettings, RailState, judge, judge_execution
from mailroom.triage.samples import event_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
READER = "amy.reader@northwind.example"
PARTNER = {
    "from": "Ines <ines@contoso-logistics.example>",
    "hold_reason": "spam_signature",
    "recipient": READER,
    "headers": {"To": READER},
    "auth": {"dmarc": "pass", "spf": "pass", "dkim": "pass", "dkim_domain": "contoso-logistics.example"},
}
AUTO = RailSettings(
    modes=dict.fromkeys(("release", "reject", "report", "ask_recipient", "block_sender", "permit_sender"), "auto"),
    require_evaluated_rules=False,
)
CALM = RailState(triaged_this_run=100)


@pytest.fixture
def case(ruleset):
    """A decision and its facts for a partner's mail, changed as asked."""

    def make(**change):
        event = event_of({**PARTNER, **change})
        return triage_event(ruleset, event), extract(event, ruleset.context)

    return make


def ruling(case, settings=AUTO, state=CALM, action=None, parameters=None, **change):
    decision, facts = case(**change)
    return judge(decision, facts, settings, state, action=action, parameters=parameters)


def test_a_new_installation_only_observes(case):
    result = ruling(case, RailSettings())

    assert (result.outcome, result.rails) == ("observe", ("R1",))


def test_advise_proposes_and_auto_acts(case):
    assert ruling(case, RailSettings(modes={"release": "advise"})).outcome == "propose"
    assert ruling(case).outcome == "act"


def test_automatic_work_needs_rules_that_have_earned_it(case):
    result = ruling(case, AUTO.model_copy(update={"require_evaluated_rules": True}))

    assert result.outcome == "propose"
    assert "partner-authenticated" in result.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RailState(acted_this_run=20, triaged_this_run=100), "20 automatic actions in this run"),
        (RailState(acted_this_hour=100, triaged_this_run=100), "100 automatic actions in this hour"),
        (RailState(by_domain={"contoso-logistics.example": 10}, triaged_this_run=100), "sender's domain"),
        (RailState(by_action={"release": 3}, triaged_this_run=100), "of type release"),
        (RailState(released_this_run=30, triaged_this_run=100), "30%"),
        (RailState(triaged_this_run=3), "30%"),
    ],
)
def test_a_limit_stops_acting_and_raises_an_alarm(case, state, words):
    result = ruling(case, AUTO.model_copy(update={"per_action": {"release": 3}}), state)

    assert (result.outcome, result.rails, result.alarm) == ("propose", ("R2",), True)
    assert words in result.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hold_reason": "virus_signature"}, "malware"),
        ({"risk": "high"}, "risk as high"),
        ({"from": "x@northwind.example", "auth": {"dmarc": "fail"}}, "our own domain"),
        ({"attachments": [{"name": "a.zip", "type": "Encrypted"}]}, "encrypted"),
        ({"attachments": ["a.js"]}, "risky type"),
        ({"has_attachments": True, "level": "T1"}, "not known yet"),
        ({"attachments": ["a.pdf.exe"]}, "hides its type"),
        ({"recipients": ["x@elsewhere.example"]}, "Not every recipient"),
        ({"authentication_results": ["relay.mimecast.com; dmarc=pass", "relay.mimecast.com; dmarc=fail"]}, "planted"),
    ],
)
def test_absolute_denials_stand_before_every_mode(case, change, words):
    for mode in ("observe", "advise", "auto"):
        settings = AUTO.model_copy(update={"modes": {"release": mode}})
        result = ruling(case, settings, action="release", **change)
        assert result.outcome == "deny"
        assert "R3" in result.rails
        assert words in result.text


def test_a_vips_mail_is_released_by_hand_only(case):
    result = ruling(case, recipient="clara.lindqvist@northwind.example")

    assert (result.outcome, result.rails) == ("propose", ("R3",))


@pytest.mark.parametrize("auth", [{"dmarc": "fail"}, {"dmarc": "none"}, {}])
def test_a_partners_name_without_dmarc_opens_no_door(case, auth):
    result = ruling(case, action="release", auth=auth)

    assert result.outcome == "deny"
    assert "R4" in result.rails


def test_the_breaker_drops_a_rule_that_analysts_overturn(case):
    tripped = RailState(triaged_this_run=100, overturned={"partner-authenticated": (5, 200)})
    fine = RailState(triaged_this_run=100, overturned={"partner-authenticated": (4, 200)})

    assert ruling(case, state=fine).outcome == "act"
    assert (ruling(case, state=tripped).outcome, ruling(case, state=tripped).rails) == ("propose", ("R6",))


def test_one_release_later_found_malicious_trips_the_breaker(case):
    state = RailState(triaged_this_run=100, released_then_malicious=frozenset({"partner-authenticated"}))

    assert ruling(case, state=state).rails == ("R6",)


@pytest.mark.parametrize("by_settings", [True, False])
def test_the_kill_switch_stops_everything_that_changes_anything(case, by_settings):
    settings = AUTO.model_copy(update={"kill_switch": by_settings})
    for action in ("release", "reject", "report", "ask_recipient", "permit_sender", "block_sender"):
        result = ruling(case, settings, RailState(triaged_this_run=100, kill=not by_settings), action)
        assert result.outcome == "deny"
        assert "R7" in result.rails


def test_a_policy_without_end_and_tag_is_denied(case):
    assert "R8" in ruling(case, action="permit_sender", parameters={}).rails
    complete = {"expires_at": "2027-01-01", "case_tag": "case-7"}
    assert ruling(case, action="permit_sender", parameters=complete).outcome == "propose"


@pytest.mark.parametrize(
    ("change", "parameters", "words"),
    [
        ({"from": "x@northwind.example"}, {}, "our own domains"),
        ({}, {}, "partner"),
        ({"from": "x@gmail.com"}, {"scope": "domain"}, "free-mail"),
        ({"from": "x@stranger.example", "auth": {"dmarc": "fail"}}, {}, "not authenticated"),
    ],
)
def test_nobody_we_know_is_ever_blocked(case, change, parameters, words):
    complete = {"expires_at": "2027-01-01", "case_tag": "case-7", **parameters}
    result = ruling(case, action="block_sender", parameters=complete, **change)

    assert result.outcome == "deny"
    assert words in result.text


def test_people_are_asked_once_a_day_and_attackers_are_told_nothing(case):
    asked = RailState(triaged_this_run=100, notified_today=True)

    assert ruling(case, state=asked, action="ask_recipient").rails == ("R9",)
    assert ruling(case, action="reject", parameters={"notify_sender": True}).rails == ("R9",)


def test_our_own_mail_and_machines_are_not_answered(case):
    settings = AUTO.model_copy(update={"own_senders": frozenset({"ines@contoso-logistics.example"})})
    headers = {"To": READER, "Auto-Submitted": "auto-replied"}

    assert ruling(case, settings, action="reject").rails == ("R10",)
    assert ruling(case, action="ask_recipient", headers=headers).rails == ("R10",)
    assert ruling(case, action="ask_recipient", headers={"To": READER, "Precedence": "Bulk"}).rails == ("R10",)


def test_passive_proposals_need_no_mode(case):
    assert ruling(case, action="leave").outcome == "observe"
    assert ruling(case, action="ask_analyst").outcome == "propose"


def test_settings_refuse_what_they_do_not_know():
    with pytest.raises(ValidationError):
        RailSettings(modes={"release": "yolo"})
    with pytest.raises(ValidationError):
        RailSettings(per_rum=3)


def digest(**change):
    parts = {
        "action": "release",
        "hold_id": "h1",
        "recipients": ["b@x.test", "A@x.test"],
        "parameters": {"b": 1, "a": 2},
        "evidence_digest": "e",
        "rule_digest": "r",
        **change,
    }
    return approval_digest(**parts)


def test_an_approval_is_bound_to_every_part_of_the_action():
    assert digest() == digest(recipients=["a@x.test", "b@x.test"], parameters={"a": 2, "b": 1})
    changes = [
        {"action": "reject"},
        {"hold_id": "h2"},
        {"recipients": ["a@x.test"]},
        {"parameters": {}},
        {"evidence_digest": "f"},
        {"rule_digest": "s"},
    ]
    assert len({digest(), *(digest(**change) for change in changes)}) == 7


def approval(**change):
    parts = {
        "digest": digest(),
        "proposer": "system",
        "approver": "ann",
        "granted_at": NOW,
        "expires_at": NOW + timedelta(hours=4),
        **change,
    }
    return Approval(**parts)


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        (None, NOW, "Nobody"),
        (approval(digest="other"), NOW, "another action"),
        (approval(used_at=NOW), NOW, "already used"),
        (approval(), NOW + timedelta(hours=4), "expired"),
        (approval(), NOW - timedelta(minutes=1), "future"),
    ],
)
def test_an_approval_that_does_not_cover_the_action_is_refused(given, at, words):
    assert words in " ".join(check_approval(given, digest(), at))


def test_bulk_permits_and_domain_policies_need_two_people():
    alone = approval(proposer="Ann")

    assert not check_approval(alone, digest(), NOW, action="release", targets=10)
    assert check_approval(alone, digest(), NOW, action="release", targets=11)
    assert check_approval(alone, digest(), NOW, action="permit_sender")
    assert check_approval(alone, digest(), NOW, action="block_sender", parameters={"scope": "domain"})
    assert not check_approval(approval(), digest(), NOW, action="permit_sender", targets=11)


def last_look(case, kind="release", **change):
    _, facts = case(**change.pop("mail", {}))
    arguments = {"still_held": True, "mode": "auto", "now": NOW, **change}
    return judge_execution(kind, facts, change.pop("settings", AUTO), **arguments)


def test_the_last_look_lets_a_clean_action_pass(case):
    assert last_look(case).outcome == "act"
    assert last_look(case, mode="manual", approval=approval(), digest=digest()).outcome == "act"


@pytest.mark.parametrize(
    ("change", "rail"),
    [
        ({"still_held": False}, "R5"),
        ({"still_held": None}, "R5"),
        ({"kill": True}, "R7"),
        ({"mode": "manual"}, "R5"),
        ({"mail": {"hold_reason": "virus_signature"}}, "R3"),
        ({"mail": {"recipient": "clara.lindqvist@northwind.example"}}, "R3"),
        ({"extra": lambda: ("The case was closed.",)}, "R3"),
    ],
)
def test_the_last_look_denies_what_changed_meanwhile(case, change, rail):
    result = last_look(case, **change)

    assert result.outcome == "deny"
    assert rail in result.rails


def test_the_last_look_knows_when_auto_was_switched_off(case):
    _, facts = case()
    result = judge_execution("release", facts, RailSettings(), still_held=True, mode="auto", now=NOW)

    assert (result.outcome, result.rails) == ("deny", ("R1",))


def test_facts_nobody_could_read_never_allow_a_release():
    result = judge_execution("release", Facts(), AUTO, still_held=True, mode="auto", now=NOW)

    assert result.outcome == "deny"
