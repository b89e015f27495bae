"""From evidence to verdict, priority and proposal."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.triage.decide import decide, triage_event
from mailroom.triage.extract import Facts, History, extract
from mailroom.triage.packaged import demo_lists, starter_lists
from mailroom.triage.ruleset import load_ruleset
from mailroom.triage.samples import event_of

READER = "amy.reader@northwind.example"
TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PARTNER = {
    "sender": "Ines <ines@contoso-logistics.example>",
    "subject": "Delivery on Tuesday",
    "hold_reason": "spam_signature",
    "auth": {"dmarc": "pass", "spf": "pass", "dkim": "pass", "dkim_domain": "contoso-logistics.example"},
}
ATTACK = {
    "sender": "Clara Lindqvist <clara.ceo@freemail.example>",
    "subject": "Urgent wire transfer",
    "hold_reason": "impersonation_protection",
    "auth": {"dmarc": "pass", "spf": "pass"},
    "impersonation": ["internal_user_name"],
}


def test_a_board_member_impersonated_is_malicious_and_rejected_without_telling_the_sender(judge_mail):
    decision = judge_mail(**ATTACK)

    assert decision.verdict == "malicious"
    assert {"identity", "vendor"} <= set(decision.groups)
    assert decision.proposal.action == "reject"
    assert decision.proposal.also == ("report",)
    assert decision.proposal.parameters["notify_sender"] is False


def test_the_same_mail_without_its_headers_is_only_suspicious(judge_mail):
    decision = judge_mail(**{**ATTACK, "level": "T1"})

    assert decision.verdict == "suspicious"
    assert decision.proposal.action == "ask_analyst"
    assert "dmarc-fail" in decision.unknown
    assert decision.confidence < 0.8


def test_a_high_score_from_one_group_alone_is_not_malicious(judge_mail):
    decision = judge_mail(
        sender="Clara Lindqvist <x@nortwhind.example>",
        subject="Hello",
        reply_to="x@freemail.example",
        auth={"dmarc": "pass", "spf": "pass"},
    )

    assert decision.risk >= 70
    assert decision.groups == ("identity",)
    assert decision.verdict == "suspicious"


def test_an_authenticated_partner_is_benign_and_release_is_proposed(judge_mail):
    decision = judge_mail(**PARTNER)

    assert (decision.verdict, decision.proposal.action) == ("benign", "release")
    assert decision.confidence >= 0.8


@pytest.mark.parametrize(
    "change",
    [
        {"auth": {"dmarc": "none"}},
        {"auth": {}},
        {"level": "T1"},
        {"sender": "Joe <joe@stranger.example>"},
        {"sender": ["Ines <ines@contoso-logistics.example>", "X <x@contoso-logistics.example>"]},
    ],
)
def test_without_positive_identity_evidence_nothing_is_benign(judge_mail, change):
    decision = judge_mail(**{**PARTNER, **change})

    assert decision.verdict != "benign"
    assert decision.proposal.action not in ("release", "release_to_sandbox")


def test_a_stranger_nobody_complains_about_is_undetermined(judge_mail):
    decision = judge_mail(sender="Joe <joe@stranger.example>", subject="Meeting", auth={"dmarc": "pass", "spf": "pass"})

    assert (decision.verdict, decision.proposal.action) == ("undetermined", "leave")


def test_a_partner_with_an_attachment_goes_to_the_sandbox_first(judge_mail):
    decision = judge_mail(**PARTNER, attachments=["waybill.pdf"])

    assert (decision.verdict, decision.proposal.action) == ("benign", "release_to_sandbox")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hold_reason": "virus_signature"}, None),
        ({"risk": "high", "categories": ["spam"]}, None),
        ({"recipients": ["a@elsewhere.example", "amy.reader@northwind.example"]}, "Not every recipient"),
        ({"attachments": [{"name": "a.zip", "type": "Encrypted Archive"}]}, None),
    ],
)
def test_absolute_denials_stand_before_any_release(judge_mail, change, sentence):
    decision = judge_mail(**{**PARTNER, **change})

    assert decision.proposal.action not in ("release", "release_to_sandbox")
    if sentence:
        assert any(sentence in denial for denial in decision.proposal.absolute_denials)


def test_malware_is_malicious_whatever_else_speaks_for_it(judge_mail):
    decision = judge_mail(History(benign=500), **{**PARTNER, "hold_reason": "virus_signature"})

    assert (decision.verdict, decision.absolute) == ("malicious", "hold-malware")
    assert decision.proposal.parameters["report_as"] == "malware"


def test_spam_is_reported_and_stays_held(judge_mail):
    decision = judge_mail(
        sender="Deals <x@deals.example>",
        subject="Cheap pills",
        hold_reason="spam_signature",
        spam_score=14,
        risk="medium",
        categories=["spam"],
        auth={"spf": "pass", "dmarc": "none"},
    )

    assert (decision.verdict, decision.proposal.action) == ("spam", "report")
    assert decision.proposal.parameters == {"report_as": "spam"}


def test_high_risk_for_spam_alone_is_spam_and_not_an_attack(judge_mail):
    decision = judge_mail(sender="x@deals.example", risk="high", categories=["spam"], auth={"dmarc": "none"})

    assert decision.verdict == "spam"


def test_a_partner_writing_about_money_is_not_released_on_identity_alone(judge_mail):
    decision = judge_mail(**{**PARTNER, "subject": "Invoice 4628"})

    assert (decision.verdict, decision.proposal.action) == ("undetermined", "ask_analyst")


def test_a_partners_personal_mail_held_as_bulk_is_still_wanted(judge_mail):
    assert judge_mail(**{**PARTNER, "hold_reason": "graymail"}).verdict == "benign"
    assert judge_mail(**{**PARTNER, "hold_reason": "graymail", "graymail": True}).verdict == "graymail"


def test_a_brand_behind_a_spam_label_is_an_attack(judge_mail):
    decision = judge_mail(sender="Dropbox <x@evil.test>", risk="high", categories=["spam"], auth={"dmarc": "pass"})

    assert decision.verdict in ("malicious", "suspicious")


def test_malware_with_high_risk_decides_alone(judge_mail):
    decision = judge_mail(sender="x@evil.test", risk="high", categories=["malware"], auth={"dmarc": "pass"})

    assert (decision.verdict, decision.absolute) == ("malicious", "risk-malware")


def test_spam_points_do_not_hide_an_attack(judge_mail):
    decision = judge_mail(**ATTACK, spam_score=30, categories=["spam"], risk="high")

    assert decision.verdict == "malicious"


def test_graymail_is_left_to_expire(judge_mail):
    decision = judge_mail(
        sender="News <news@shop.example>", hold_reason="graymail", graymail=True, auth={"dmarc": "pass", "spf": "pass"}
    )

    assert (decision.verdict, decision.proposal.action) == ("graymail", "leave")


def test_a_phishing_exercise_needs_proof_of_its_origin(judge_mail):
    bait = {"sender": "IT <it@phishdrill.example>", "subject": "Your password expires", "hold_reason": "spam_signature"}
    proven = judge_mail(**bait, auth={"dkim": "pass", "dkim_domain": "phishdrill.example", "dmarc": "pass"})
    claimed = judge_mail(**bait, auth={"dkim": "fail", "dmarc": "fail"})

    assert (proven.verdict, proven.proposal.action) == ("simulation", "leave")
    assert claimed.verdict != "simulation"


def test_good_history_needs_a_dmarc_pass_and_never_goes_below_zero(judge_mail):
    sender = {"sender": "Joe <joe@stranger.example>", "hold_reason": "spam_signature"}
    known = History(benign=50, first_contact=False)
    proven = judge_mail(known, **sender, auth={"dmarc": "pass", "spf": "pass", "dkim": "pass"})
    spoofed = judge_mail(known, **sender, auth={"dmarc": "fail", "spf": "fail"})

    assert (proven.verdict, proven.risk) == ("benign", 0)
    assert spoofed.verdict != "benign"
    assert not [entry for entry in spoofed.evidence if entry.points < 0]


def test_a_rule_in_shadow_is_shown_and_not_counted(judge_mail):
    decision = judge_mail(
        sender="Accounts <pay@firm.example>",
        reply_to="pay@freemail.example",
        subject="Invoice 17",
        auth={"dmarc": "pass", "spf": "pass"},
    )

    assert [entry.rule_id for entry in decision.shadow] == ["reply-to-free-mail-invoice"]
    assert decision.risk == sum(entry.points for entry in decision.evidence)


def test_an_exclusion_silences_a_rule(judge_mail):
    decision = judge_mail(sender="x@list.example", auth={"dmarc": "pass", "spf": "fail", "dkim": "none"})

    assert "spf-fail-no-dkim" not in {entry.rule_id for entry in decision.evidence}


@pytest.mark.parametrize(("seed", "raised"), [(-1, 40), (40, 60), (60, 80), (80, 100), (100, 100)])
def test_a_vip_recipient_raises_the_priority_one_step(ruleset, seed, raised):
    event = event_of({"recipient": "clara.lindqvist@northwind.example"})
    decision = triage_event(ruleset, event, seed_priority=seed)

    assert (decision.seed_priority, decision.priority) == (seed, raised)
    assert decision.priority_reasons == ("The recipient is a VIP.",)


@pytest.mark.parametrize(("hours", "priority"), [(23, 60), (25, 40), (-1, 40)])
def test_a_hold_that_expires_within_a_day_raises_the_priority(ruleset, hours, priority):
    event = {**event_of({}), "expires_at": (NOW + timedelta(hours=hours)).isoformat()}

    assert triage_event(ruleset, event, seed_priority=40, now=NOW).priority == priority


def test_a_group_of_five_raises_the_priority_one_step_together_with_other_reasons(ruleset):
    event = event_of({"recipient": "clara.lindqvist@northwind.example"})
    decision = triage_event(ruleset, event, History(group_size=5), 40)

    assert decision.priority == 60
    assert len(decision.priority_reasons) == 2


def test_an_ordinary_message_keeps_its_priority(ruleset):
    assert triage_event(ruleset, event_of({}), History(group_size=4), 40).priority == 40


def test_equal_input_gives_an_equal_decision(ruleset):
    event = event_of({"from": "Microsoft <x@evil.test>", "subject": "URGENT"})

    assert triage_event(ruleset, event) == triage_event(ruleset, event)


def test_the_evidence_digest_changes_with_the_evidence(judge_mail):
    one = judge_mail(sender="Microsoft <x@evil.test>")
    two = judge_mail(sender="Microsoft <y@evil2.test>")

    assert one.evidence_digest != two.evidence_digest
    assert one.digest == two.digest


def test_facts_that_are_not_known_read_as_unknown(ruleset):
    facts = extract({}, ruleset.context)

    assert facts["auth.dmarc"] is UNKNOWN
    assert facts["subject"] is UNKNOWN
    assert decide(ruleset, Facts()).verdict == "undetermined"


def test_a_decision_is_plain_data(judge_mail):
    import json

    plain = judge_mail(**ATTACK).to_dict()

    assert json.loads(json.dumps(plain)) == plain
    assert plain["evidence"][0]["rule_id"]


# the table ------------------------------------------------------------------------------------------------------------

BEFORE_WANTED = """  - name: nobody proves the sender
    when: { auth.dmarc: fail }
    action: ACTION
    reason: "DMARC failed."

  - name: wanted
"""


@pytest.fixture
def with_row_before(tmp_path):
    """Rules that release what says "wanted", with a row about DMARC before that one."""

    def make(action):
        folder = tmp_path / "rules"
        shutil.copytree(Path(__file__).parent.with_name("rules"), folder)
        table = folder / "playbooks.yml"
        table.write_text(table.read_text().replace("  - name: wanted\n", BEFORE_WANTED.replace("ACTION", action)))
        return load_ruleset([folder], [starter_lists(), demo_lists()], TODAY)

    return make


def proposal_for(rules, **sample):
    plain = {"from": "x@stranger.example", "recipient": READER, "subject": "wanted 1", "attachments": []}
    return triage_event(rules, event_of(plain | sample))


@pytest.mark.parametrize("action", ["ask_analyst", "leave", "reject"])
def test_an_earlier_row_that_cannot_be_answered_keeps_a_later_one_from_delivering(with_row_before, action):
    decision = proposal_for(with_row_before(action))

    assert decision.proposal.action == "ask_analyst"
    assert 'Row "wanted" would release it' in decision.proposal.reason
    assert 'row "nobody proves the sender" before it fits cannot be told' in decision.proposal.reason
    assert [entry.text for entry in decision.insights] == [decision.proposal.reason]


@pytest.mark.parametrize(("dmarc", "action"), [("pass", "release"), ("fail", "leave")])
def test_an_earlier_row_that_is_answered_counts_as_it_says(with_row_before, dmarc, action):
    decision = proposal_for(with_row_before("leave"), auth={"dmarc": dmarc})

    assert (decision.proposal.action, decision.insights) == (action, ())


def test_an_earlier_row_that_cannot_be_answered_does_not_keep_junk_from_being_rejected(with_row_before):
    assert proposal_for(with_row_before("leave"), subject="junk 1").proposal.action == "reject"
