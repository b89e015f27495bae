"""Rules on mail: what loads, what is refused and where, and what they answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mailroom_tests_dovecot_fixtures import sibling

from mailroom.cases.mail_rules import FIELDS, OPEN_FIELDS, facts_of, load_mail_rules, plan_of
from mailroom.rulelang.schemas import load_schema
from mailroom.rulelang.yaml_source import RuleError
from mailroom.triage.packaged import starter_lists

world = sibling("mail_rules_world")
CREATE = "[{ create_incident: { title: 'Invoice of {from.domain}' } }]"


def test_the_packaged_rules_pass_their_own_tests():
    ruleset = load_mail_rules(["starter"])

    assert {rule.id for rule in ruleset.rules} >= {"user-reports-a-mail", "answers-join-their-incident"}
    assert "program-files-by-mail" not in {rule.id for rule in ruleset.enabled}


def test_a_rule_says_yes_no_or_that_it_cannot_know(tmp_path):
    ruleset = load_mail_rules([world.write(tmp_path, world.rule(CREATE))])

    assert [answer for _, answer in ruleset.judge(facts_of({"subject": "Invoice 7"}))] == [True]
    assert ruleset.judge(facts_of({"subject": "Hello"})) == []
    assert [answer for _, answer in ruleset.judge(facts_of({"sender": "a@b.test"}))] == [None]


def test_a_disabled_rule_is_checked_and_never_holds(tmp_path):
    ruleset = load_mail_rules([world.write(tmp_path, world.rule(CREATE, enabled=False))])

    assert [rule.id for rule in ruleset.rules] == ["invoices"]
    assert ruleset.judge(facts_of({"subject": "Invoice 7"})) == []


@pytest.mark.parametrize(
    ("wrong", "line", "words"),
    [
        ("subject|words_any: invoice", 9, "field 'sbject' is unknown; did you mean 'subject'?"),
        ("{ subject|re: '(?=x)' }", 9, "look-around"),
        ("condition: money", 10, "names 'mony'"),
        ("subject: An invoice", 14, "expects true and got false"),
        ("enabled: true", 5, "'maybe' is not of type 'boolean'"),
        ("create_incident:", 12, "unknown field 'create_ticket'"),
        ("{from.domain}", 12, "names {from.country}, which is not a field"),
        ("subject: subject", 11, "'shape' is no field of a mail"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, wrong, line, words):
    instead = {
        "subject|words_any: invoice": "sbject|words_any: invoice", "{ subject|re: '(?=x)' }": "",
        "condition: money": "condition: mony", "enabled: true": "enabled: maybe", "subject: An invoice": "subject: A",
        "create_incident:": "create_ticket:", "{from.domain}": "{from.country}", "subject: subject": "subject: shape",
    }  # fmt: skip
    text = world.rule(CREATE)
    if wrong.startswith("{ subject|re"):
        text = text.replace("{ subject|words_any: invoice }", wrong)
    else:
        text = text.replace(wrong, instead[wrong])

    with pytest.raises(RuleError) as refused:
        load_mail_rules([world.write(tmp_path, text)])

    assert words in str(refused.value)
    assert f"rule-0.yml:{line}: " in str(refused.value)


def test_a_field_of_an_incident_needs_an_incident_before_it(tmp_path):
    early = world.rule("[{ set_field: { fields: { channel: mail } } }, { create_incident: {} }]")

    with pytest.raises(RuleError, match="comes before any incident"):
        load_mail_rules([world.write(tmp_path, early)])


def test_a_test_can_ask_what_the_mapping_makes_of_a_mail(tmp_path):
    text = world.rule(CREATE).replace("expect: true", "expect: true, fields: { sender: somebody@else.test }")

    with pytest.raises(RuleError, match=r"expects field sender to be 'somebody@else.test', it is 'some.sender@"):
        load_mail_rules([world.write(tmp_path, text)])


def test_two_rules_cannot_have_one_name(tmp_path):
    with pytest.raises(RuleError, match="id 'invoices' is already used at"):
        load_mail_rules([world.write(tmp_path, world.rule(CREATE), world.rule(CREATE))])


def test_what_was_cut_off_is_never_taken_for_absent(tmp_path):
    text = (
        world.rule(CREATE)
        .replace("subject|words_any: invoice", "body|contains: invoice")
        .replace("subject: An", "body: An")
    )
    ruleset = load_mail_rules([world.write(tmp_path, text)])
    event = {"plaintext_body": "x" * 200, "html_body": ""}

    assert ruleset.judge(facts_of(event, wanted=ruleset.fields)) == []
    cut = facts_of(event | {"cut": ["plaintext_body"]}, wanted=ruleset.fields)
    assert [answer for _, answer in ruleset.judge(cut)] == [None]
    shown = facts_of(event | {"cut": ["plaintext_body"], "html_body": "an invoice"}, wanted=ruleset.fields)
    assert [answer for _, answer in ruleset.judge(shown)] == [True]


def test_any_header_can_be_asked_for_and_a_missing_one_is_known_to_be_missing(tmp_path):
    text = world.rule(CREATE).replace("subject|words_any: invoice", "header.x-ticket|exists: true")
    text = text.replace("subject: An invoice", "headers: { X-Ticket: '7' }")
    ruleset = load_mail_rules([world.write(tmp_path, text)])

    def answers(**event):
        return [answer for _, answer in ruleset.judge(facts_of(event, wanted=ruleset.fields))]

    assert answers(headers=[["x-TICKET", "9"]]) == [True]
    assert answers(headers=[]) == []
    assert answers() == [None]
    assert answers(headers=[], cut=["headers"]) == [None]
    assert "header.X-Ticket" not in FIELDS


def test_a_plan_is_plain_data_and_hostile_words_stay_words(tmp_path):
    text = world.rule(CREATE.replace("{from.domain}", "{subject}"))
    (rule,) = load_mail_rules([world.write(tmp_path, text)]).rules
    event = {"subject": "invoice {from.address} \u202e\n# x", "sender": "a@b.test"}

    (planned,) = plan_of(rule, facts_of(event), event, 7)

    assert planned["title"] == "Invoice of invoice {from.address} \\u202e\\u000a# x"
    assert planned["key"] == "mail-rule:mail:7"
    assert planned["fields"] == {"sender": "a@b.test", "subject": event["subject"]}


@pytest.mark.parametrize("by", ["conversation", "campaign", "sender", "rule"])
def test_mails_that_are_alike_share_a_key_and_others_do_not(tmp_path, by):
    text = world.rule(f"[{{ create_incident: {{ by: {by} }} }}]")
    (rule,) = load_mail_rules([world.write(tmp_path, text)]).rules

    def key(alert_id, **event):
        event = {"subject": "Invoice overdue now", "sender": "a@b.test", "references": ["<r@b.test>"]} | event
        return plan_of(rule, facts_of(event), event, alert_id)[0]["key"]

    assert key(1) == key(2)
    if by != "rule":
        other = {"subject": "Something else entirely", "sender": "c@d.test", "references": ["<z@d.test>"]}
        assert key(3, **other) != key(1)
        nothing = {"subject": "", "sender": "", "references": [], "message_id": ""}
        assert key(4, **nothing) == "mail-rule:mail:4"


def test_padding_before_what_matters_gives_unknown_and_never_no(tmp_path):
    text = world.rule(CREATE).replace("subject|words_any: invoice", "body|words_any: invoice")
    ruleset = load_mail_rules([world.write(tmp_path, text.replace("subject: An invoice", "body: An invoice"))])
    padded = {"plaintext_body": "x " * 50_000, "html_body": "an invoice"}

    assert [answer for _, answer in ruleset.judge(facts_of(padded, wanted=ruleset.fields))] == [None]


def test_the_page_names_every_field_and_every_action():
    page = (Path(__file__).resolve().parents[2] / "docs" / "mail-rules.md").read_text("utf-8")

    for name in [*FIELDS, *OPEN_FIELDS]:
        assert f"| `{name}` |" in page
    actions = load_schema("mailroom.cases", "mail_rule")["properties"]["actions"]["items"]["properties"]
    for name in actions:
        assert f"| `{name}` |" in page


def test_the_rule_on_the_page_loads(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "mail-rules.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    assert load_mail_rules([world.write(tmp_path, example)], [starter_lists()]).enabled
