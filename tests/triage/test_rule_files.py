"""Rule files: what loads, what is refused, and where the error is said to be."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from mailroom.errors import InvalidInputError
from mailroom.playbooks.policy import Policy
from mailroom.rulelang.yaml_source import RuleError
from mailroom.triage.packaged import starter_lists, starter_playbooks, starter_rules
from mailroom.triage.ruleset import load_ruleset


def refusal(load_text, text, **kwargs):
    with pytest.raises(RuleError) as caught:
        load_text(text, **kwargs)
    return str(caught.value)


def line_of(message):
    return int(re.search(r"one\.yml:(\d+): ", message).group(1))


def test_the_starter_set_is_large_and_every_rule_has_all_three_kinds_of_test(ruleset):
    assert len(ruleset.rules) >= 35
    assert not ruleset.warnings
    for rule in ruleset.rules:
        assert {str(test["expect"]).lower() for test in rule.document.data["tests"]} == {"true", "false", "unknown"}


def test_the_starter_set_loads_without_any_site_list():
    warnings = load_ruleset().warnings

    assert "list $partner_domains is used by rules and empty" in warnings


def test_a_small_rule_loads_and_its_tests_have_run(load_text, rule_text):
    assert [rule.id for rule in load_text(rule_text()).rules] == ["test-rule"]


def test_a_failing_test_inside_a_rule_is_an_error_at_its_line(load_text, rule_text):
    message = refusal(load_text, rule_text({"subject: Invoice }": "subject: Hello }"}))

    assert line_of(message) == 15
    assert "rule test-rule: test 'yes' expects true and got false" in message


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        ({"subject|contains": "subjekt|contains"}, 9, "did you mean 'subject'"),
        ({"subject|contains": "subject|includes"}, 9, "modifier 'includes' is unknown"),
        ({"contains: invoice": "in: $no_such_list"}, 9, "list $no_such_list is unknown"),
        ({"subject|contains: invoice": "size|contains: invoice"}, 9, "size is a number"),
        ({"subject|contains: invoice": "subject|gt: 3"}, 9, "needs a number field"),
        ({"subject|contains: invoice": "from.ambiguous: yes"}, 9, "cannot equal 'yes'"),
        ({"subject|contains: invoice": "sender.ip|cidr: 300.0.0.0/8"}, 9, "needs networks"),
        ({"subject|contains: invoice": "subject|exists: maybe"}, 9, "needs true or false"),
        ({"subject|contains: invoice": "reply_to.address: a@b.test"}, 6, "needs level T2"),
        ({"condition: hit": "condition: hit and miss"}, 10, "'miss'"),
        ({"condition: hit": "condition: (hit"}, 10, "without its ')'"),
        ({"condition: hit": "condition: hit hit"}, 10, "goes on with"),
        ({"condition: hit": "condition: 2 of hit*"}, 10, "use 1 to 1"),
        ({"condition: hit": "condition: 1 of x*"}, 10, "no search"),
        ({"owner: tests": "owner: tests\ncolour: red"}, 8, "unknown field 'colour'"),
        ({"status: advise": "status: live"}, 4, "is not one of"),
        ({"score: 10": "score: 1000"}, 11, "maximum"),
        ({"score: 10": "score: -10"}, 11, "only history and identity"),
        ({"group: content": "group: karma"}, 12, "is not one of"),
        ({"{subject}": "{subject.__class__}"}, 13, "not a field"),
        ({"{subject}": "{subject"}, 13, "brace"),
        ({"expect: unknown": "expect: true"}, 14, "no test expects unknown"),
        ({"version: 1": 'version: "1"'}, 3, "is not of type 'integer'"),
        ({"id: test-rule": "id: Test Rule"}, 2, "does not match"),
        ({"missing: [subject]": "missing: [nothing]"}, 17, "unknown field 'nothing'"),
    ],
)
def test_a_mistake_is_refused_with_its_line(load_text, rule_text, change, line, words):
    message = refusal(load_text, rule_text(change))

    assert words in message
    assert line_of(message) == line


def test_all_problems_of_all_files_are_reported_together(tmp_path, rule_text):
    (tmp_path / "a.yml").write_text(rule_text({"subject|contains": "subjekt|contains"}))
    (tmp_path / "b.yml").write_text(rule_text({"condition: hit": "condition: miss"}, name="other"))

    with pytest.raises(RuleError) as caught:
        load_ruleset([tmp_path])

    assert len(caught.value.problems) == 2
    assert isinstance(caught.value, InvalidInputError)


def test_an_id_may_be_used_once(load_text, rule_text):
    assert "already used" in refusal(load_text, rule_text() + "---\n" + rule_text())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("b: *x\n", "alias"),
        ("a: !!python/object/apply:os.system [id]\n", "tags"),
        ("a: !secret x\n", "tags"),
        ("a: 1\na: 2\n", "appears twice"),
        ("? [1, 2]\n: x\n", "a key must be a text"),
        ("a: " + "[" * 50 + "]" * 50, "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ("a: 1234567890123456789012345678901234567890\n", "number is too long"),
        ("a: [1\n", "not valid YAML"),
        ("a:\tb: c: d\n", "not valid YAML"),
        (b"a: \xff\xfe\n", "not UTF-8"),
        ("a: " + "x" * (1 << 20), "larger than 1 MB"),
        ("[" + "1," * 250_000 + "1]", "more than"),
        ("<<: {a: 1}\nschema: 1\n", "unknown field"),
    ],
)
def test_hostile_yaml_is_refused_quickly(load_text, text, words):
    start = time.process_time()
    message = refusal(load_text, text)

    assert words in message
    assert line_of(message) >= 1
    assert time.process_time() - start < 10


def test_an_aliases_bomb_is_refused_before_it_is_built(load_text):
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))

    assert "anchors" in refusal(load_text, bomb)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(a)\\1", "back-reference"),
        ("a{5000}", "repetition"),
        ("((((a{50}){50}){50}){50})", "repetition"),
        ("x" * 1_001, ""),
        ("(a", "linear-time engine"),
    ],
)
def test_a_pattern_the_linear_engine_cannot_run_is_refused(load_text, rule_text, pattern, words):
    message = refusal(load_text, rule_text({"subject|contains: invoice": f"subject|re: '{pattern}'"}))

    assert words in message


def test_an_evil_pattern_runs_in_linear_time(load_text, rule_text):
    ruleset = load_text(rule_text({"subject|contains: invoice": "subject|re: '^(i|in|inv|.)*(oice)+$'"}))
    start = time.process_time()
    ruleset.evaluate(_facts({"subject": "i" * 16_000}))

    assert time.process_time() - start < 1


def _facts(values):
    from mailroom.triage.extract import Facts

    return Facts(values)


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("subject: invoice", "INVOICE", True),
        ("subject: [a, b]", "b", True),
        ("subject|in: [a, b]", "c", False),
        ("subject|not_in: [a, b]", "c", True),
        ("subject|contains: voi", "InVOIce", True),
        ("subject|not_contains: voi", "hello", True),
        ("subject|startswith: [re, fw]", "FW: x", True),
        ("subject|endswith: '!'", "now!", True),
        ("subject|words_any: [wire transfer]", "a Wire  transfer now", True),
        ("subject|words_any: [wire]", "wireless", False),
        ("subject|words_any: [紧急]", "请紧急处理", True),
        ("subject|re: '^inv[0o]ice$'", "INV0ICE", True),
        ("subject|re: 'inv.ice'", "inv\ud800ice", True),
        ("subject|re: '^über$'", "ÜBER", True),
        ("subject|exists: true", "", False),
        ("subject|exists: false", None, True),
        ("sender.ip|cidr: [192.0.2.0/24, '2001:db8::/32']", "2001:db8::7", True),
        ("sender.ip|cidr: 192.0.2.0/24", "not an address", False),
        ("size|gt: 5", 6, True),
        ("size|gte: 5", 5, True),
        ("size|lt: 5", 5, False),
        ("size|lte: 5", 5, True),
        ("from.ambiguous: true", True, True),
        ("from.brands: [dhl, ups]", ["UPS"], True),
        ("from.brands|not_in: [dhl]", ["UPS"], True),
        ("from.brands|contains: up", [], False),
        ("vendor.risk: null", None, True),
        ("subject: invoice", None, False),
    ],
)
def test_every_modifier_has_its_meaning(line, value, expected):
    from mailroom.rulelang.evaluator import Evaluator
    from mailroom.rulelang.searches import TestBank
    from mailroom.rulelang.yaml_source import parse_documents
    from mailroom.triage.fields import FIELDS

    ((key, operand),) = parse_documents(line, "one.yml")[0].data.items()
    bank = TestBank(FIELDS, {})
    number = bank.add(key, operand)
    facts, evaluator = _facts({key.partition("|")[0]: value}), Evaluator(bank.lines)

    assert bank.tests[number](facts) is evaluator.run(facts)[number] is expected
    assert bank.tests[number](_facts({})) is evaluator.run(_facts({}))[number] is None


def test_status_auto_must_be_earned(load_text, rule_text):
    auto = {"status: advise": "status: auto"}
    record = "evaluation: [{ action: reject, rule_version: 1, decisions: %d, wrong: %d, by: ann, date: 2026-10-01 }]"

    assert "no evaluation record" in refusal(load_text, rule_text(auto))
    for decisions, wrong in ((599, 0), (600, 1), (2_000, 9)):
        text = rule_text(auto) + record % (decisions, wrong)
        assert "is not earned" in refusal(load_text, text)
    assert load_text(rule_text(auto) + record % (600, 0)).rules[0].auto_actions == {"reject"}
    stale = (record % (600, 0)).replace("rule_version: 1", "rule_version: 2")
    assert "about version 2" in refusal(load_text, rule_text(auto) + stale)


def test_automatic_release_needs_three_thousand_decisions_without_a_wrong_one(load_text, rule_text):
    auto = rule_text({"status: advise": "status: auto"})
    record = "evaluation: [{ action: release, rule_version: 1, decisions: %d, wrong: %d, by: ann, date: 2026-10-01 }]"

    assert "is not earned" in refusal(load_text, auto + record % (2_999, 0))
    assert "is not earned" in refusal(load_text, auto + record % (100_000, 1))
    assert load_text(auto + record % (3_000, 0)).rules[0].auto_actions == {"release"}


def test_the_digest_ignores_file_names_order_and_comments(tmp_path, rule_text):
    for name, files in {
        "one": [("a.yml", rule_text() + "---\n" + rule_text(name="other"))],
        "two": [("z.yaml", "# a comment\n" + rule_text()), ("deep/a.yml", rule_text(name="other"))],
        "three": [("a.yml", rule_text(name="other") + "---\n" + rule_text({"score: 10": "score: 11"}))],
    }.items():
        for file, text in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    digests = [load_ruleset([tmp_path / name]).digest for name in ("one", "two", "three")]

    assert digests[0] == digests[1] != digests[2]


LIST = """
schema: 1
list: free_mail
kind: domain
owner: ann
reason: because
mode: %s
entries:
  - { value: new.example, expires: 2026-12-31 }
  - { value: old.example, expires: 2026-01-31, owner: bob }
"""


@pytest.mark.parametrize(("mode", "keeps"), [("append", True), ("replace", False)])
def test_a_later_list_replaces_or_appends_and_expired_entries_do_not_count(tmp_path, mode, keeps):
    (tmp_path / "mine.yml").write_text(LIST % mode)
    ruleset = load_ruleset([starter_rules()] if keeps else [_no_rules(tmp_path)], [starter_lists(), tmp_path])
    free = {entry.value for entry in ruleset.lists["free_mail"].entries}

    assert ("gmail.com" in free) is keeps
    assert "new.example" in free
    assert any("'old.example' expired on 2026-01-31" in warning for warning in ruleset.warnings)
    assert "old.example" not in free


def _no_rules(tmp_path):
    folder = tmp_path / "none"
    folder.mkdir()
    return folder


def test_the_day_an_entry_expires_changes_the_digest(tmp_path):
    (tmp_path / "mine.yml").write_text(LIST % "append")
    lists = [starter_lists(), tmp_path]
    days = [load_ruleset(lists=lists, today=date(2026, 12, day)).digest for day in (1, 31)]

    assert days[0] == days[1] != load_ruleset(lists=lists, today=date(2027, 1, 1)).digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("owner: ann\n", "", "needs an owner and a reason"),
        ("new.example", "not a domain", "is not a domain"),
        ("kind: domain", "kind: colour", "is not one of"),
        ("mode: append", "mode: append\nsize: 3", "unknown field 'size'"),
        ("2026-12-31", "soon", "is not a date"),
        ("2026-12-31", "2026-02-31", "is not a date"),
    ],
)
def test_a_mistake_in_a_list_is_refused_with_its_line(tmp_path, old, new, words):
    (tmp_path / "mine.yml").write_text((LIST % "append").replace(old, new))

    with pytest.raises(RuleError, match=rf"mine\.yml:\d+: .*{re.escape(words)}"):
        load_ruleset(lists=[starter_lists(), tmp_path])


def test_a_missing_folder_is_named():
    with pytest.raises(RuleError, match="is not a folder"):
        load_ruleset(["/nowhere/rules"])


@contextmanager
def somebody_without_rights() -> Iterator[None]:
    """This process as an account that may read nothing of ours; whoever is no superuser is one already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("locked", ["rules", "rules/site", "rules/site/mine.yml", "lists"])
def test_what_may_not_be_read_is_refused_by_name_and_never_passed_over(tmp_path, rule_text, locked):
    site = tmp_path / "rules" / "site"
    site.mkdir(parents=True)
    (tmp_path / "lists").mkdir()
    (site / "mine.yml").write_text(rule_text())
    for folder in tmp_path.parents:  # pytest's own are private
        if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)
    tmp_path.chmod(0o755)
    policy = Policy.build(rules=(tmp_path / "rules",), lists=(tmp_path / "lists",))
    assert "test-rule" in {rule.id for rule in policy.ruleset().rules}

    (tmp_path / locked).chmod(0)
    try:
        with (
            somebody_without_rights(),
            pytest.raises(InvalidInputError, match=rf"{tmp_path / locked}: cannot be read \(Permission denied\)"),
        ):
            policy.ruleset()
    finally:
        (tmp_path / locked).chmod(0o755)


def test_what_editors_and_kubernetes_leave_beside_the_rules_is_passed_over(tmp_path, rule_text):
    stored = tmp_path / "..2026_11_23"
    stored.mkdir()
    (stored / "rule.yml").write_text(rule_text())
    (tmp_path / "rule.yml").symlink_to(stored / "rule.yml")
    (tmp_path / ".#rule.yml").symlink_to("ann@desk.4711:1700000000")
    (tmp_path / "._rule.yml").write_bytes(b"\x00\x05\x16\x07")

    assert [rule.id for rule in load_ruleset([tmp_path]).rules] == ["test-rule"]


def test_the_playbook_table_is_checked_like_a_rule(tmp_path):
    table = starter_playbooks().read_text().replace("verdict: spam }", "verdikt: spam }")
    (tmp_path / "playbooks.yml").write_text(table)

    with pytest.raises(RuleError, match=r"playbooks\.yml:\d+: field 'verdikt' is unknown; did you mean 'verdict'"):
        load_ruleset([tmp_path])


def test_a_site_may_bring_its_own_playbook_table(tmp_path, rule_text):
    (tmp_path / "rule.yml").write_text(rule_text())
    (tmp_path / "playbooks.yml").write_text(
        "schema: 1\nversion: 1\nrows:\n"
        "  - { name: all, when: { risk|gte: 0 }, action: ask_analyst, reason: 'Look at {subject}' }\n"
    )
    from mailroom.triage.decide import triage_event

    decision = triage_event(load_ruleset([tmp_path]), {"subject": "{0.__class__} %s {{7*7}}"})

    assert decision.proposal.action == "ask_analyst"
    assert decision.proposal.reason == "Look at {0.__class__} %s {{7*7}}"
