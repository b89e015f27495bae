"""All tests at once give the same answers as each test alone, and what is kept of senders changes nothing."""

from __future__ import annotations

from datetime import date

import pytest

from mailroom.rulelang.evaluator import Evaluator
from mailroom.rulelang.lists import load_lists
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import UNKNOWN, CutList, CutText
from mailroom.triage.context import Context
from mailroom.triage.extract import Facts
from mailroom.triage.fields import FIELDS
from mailroom.triage.packaged import starter_lists
from mailroom.triage.people import Person
from mailroom.triage.ruleset import load_ruleset
from mailroom.triage.sender import read_sender

TODAY = date(2026, 11, 21)
ASKED = [
    ("subject", "Invoice"),
    ("subject|not_in", ["invoice", "hello"]),
    ("subject|contains", "voice"),
    ("subject|words_any", ["pay now", "发票"]),
    ("subject|re", "^re:"),
    ("subject|exists", True),
    ("vendor.risk", None),
    ("vendor.risk|in", ["high", "medium"]),
    ("header.names", ["to", "cc"]),
    ("header.names|not_in", ["to"]),
    ("header.names|not_contains", "mimecast"),
    ("header.names|exists", False),
    ("auth.dmarc_pass", True),
    ("from.is_own", False),
    ("size|gte", 3),
    ("size", 3),
    ("sender.ip|cidr", "192.0.2.0/24"),
    ("from.root_domain|in", "$free_mail"),
]
VALUES = [
    UNKNOWN, None, True, False, "", "Invoice", "hello", "RE: pay NOW please", "HIGH", "192.0.2.7", "gmail.com",
    "发票 17", 0, 3, 3.5, [], ["To", "x-mimecast-a"], ["cc"], [7, None], {"a": 1},
]  # fmt: skip


@pytest.fixture(scope="module")
def bank():
    lists, _, _ = load_lists([starter_lists()], TODAY)
    bank = TestBank(FIELDS, lists)
    for key, value in ASKED:
        bank.add(key, value)
    return bank


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_all_tests_at_once_answer_as_each_alone(bank, value):
    facts = Facts(dict.fromkeys((line.name for line in bank.lines), value))

    together = Evaluator(bank.lines).run(facts)

    assert list(together) == [line.test(facts) for line in bank.lines]


def test_one_test_and_no_test_are_answered_too(bank):
    assert list(Evaluator([]).run(Facts())) == []
    assert list(Evaluator(bank.lines[:1]).run(Facts(subject="invoice"))) == [True]


def test_a_sender_met_again_is_the_same_and_other_lists_see_another():
    plain = Context()
    guarded = Context(
        own_domains=frozenset({"corp.test"}), vips=(Person("Ada Winter", frozenset({"ada.winter@corp.test"})),)
    )
    mail = (["Ada Winter <ada@evil.test>"], "ada@evil.test", "Ada Winter")

    first, again = (read_sender(*mail, plain) for _ in range(2))

    assert first == again
    assert first.facts["from.vip"] is None
    assert read_sender(*mail, guarded).facts["from.vip"] == "Ada Winter"


def test_headers_not_fetched_and_headers_absent_are_different_senders():
    context = Context()

    assert read_sender(None, "a@b.test", "A", context).facts["from.ambiguous"] is False
    assert read_sender([], "a@b.test", "A", context).facts["from.ambiguous"] is True


def test_what_is_kept_of_senders_has_a_limit():
    context = Context()
    read_sender([f"{'x' * 5_000} <a@b.test>"], "a@b.test", "", context)
    assert context.senders == {}

    for number in range(4_200):
        read_sender(None, f"a{number}@b.test", "", context)

    assert 0 < len(context.senders) <= 4_096


def test_rules_that_say_no_are_not_named_and_those_without_an_answer_are():
    ruleset = load_ruleset(today=TODAY)

    answers = {rule.id: answer for rule, answer in ruleset.evaluate(Facts({"hold.is_malware": True}))}

    assert answers["hold-malware"] is True
    assert answers["dmarc-fail"] is None
    known = Facts({"hold.is_malware": False})
    assert "hold-malware" not in {rule.id for rule, _ in ruleset.evaluate(known)}


@pytest.mark.parametrize("value", [CutText("Invoice, it begins"), CutText("invoice"), CutList(["To", "x"]), CutList()])
def test_what_is_known_in_part_is_answered_alike_too(bank, value):
    lines = [line for line in bank.lines if FIELDS[line.name].type in ("text", "list")]
    facts = Facts(dict.fromkeys((line.name for line in lines), value))

    assert list(Evaluator(lines).run(facts)) == [line.test(facts) for line in lines]


def test_what_a_cut_text_does_not_say_is_unknown_and_what_it_says_is_known(bank):
    answers = dict(zip([key for key, _ in ASKED], bank.tests, strict=True))
    facts = {"subject": CutText("An invoice, and so on"), "header.names": CutList(["to"])}

    assert answers["subject|contains"](facts) is True
    assert answers["subject|words_any"](facts) is None
    assert answers["header.names|not_contains"](facts) is None
    assert answers["header.names|not_in"](facts) is False


def test_a_word_deep_in_a_long_text_is_found(bank):
    text = "harmless words and moré. " * 3_000 + "please pаy now " + "x" * 5_000

    assert bank.tests[ASKED.index(("subject|words_any", ["pay now", "发票"]))]({"subject": text}) is True
    assert bank.tests[ASKED.index(("subject|words_any", ["pay now", "发票"]))]({"subject": text + "发票"}) is True
