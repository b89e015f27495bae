"""The example rules and lists, and the page that explains them: what a reader copies is what was tested."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from mailroom.rulelang.yaml_source import RuleError
from mailroom.triage.decide import triage_event
from mailroom.triage.packaged import starter_lists, starter_rules
from mailroom.triage.ruleset import load_ruleset
from mailroom.triage.samples import event_of

ROOT = Path(__file__).resolve().parents[2]
RULES, LISTS = ROOT / "examples" / "rules", ROOT / "examples" / "lists"
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
STRANGER = {
    "from": "Accounts <pay@stranger.test>",
    "subject": "Our new bank details",
    "recipient": "amy.reader@northwind.example",
}


@pytest.fixture(scope="module")
def writer():
    spec = importlib.util.spec_from_file_location("rules_page", ROOT / "scripts" / "rules_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Site:
    """A copy of the examples to change, loaded beside the starter rules."""

    folder: Path

    def change(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def load(self, today=date(2026, 11, 21)):
        rules, lists = [starter_rules(), self.folder / "rules"], [starter_lists(), self.folder / "lists"]
        return load_ruleset(rules, lists, today)


@pytest.fixture
def site(tmp_path):
    shutil.copytree(RULES, tmp_path / "rules")
    shutil.copytree(LISTS, tmp_path / "lists")
    return Site(tmp_path)


def test_the_examples_load_beside_the_starter_rules(site):
    ruleset = site.load()

    ids = {rule.id for rule in ruleset.rules}
    assert {"supplier-bank-change", "own-scanner", "mass-mailer", "dmarc-fail"} <= ids
    assert ruleset.context.own_domains == {"northwind.example", "northwind-group.example"}
    assert ruleset.warnings == ("list $simulation_domains is used by rules and empty",)


def test_a_rule_in_shadow_is_shown_and_not_counted(site):
    decision = triage_event(site.load(), event_of(STRANGER))

    assert [entry.rule_id for entry in decision.shadow if entry.rule_id == "supplier-bank-change"]
    assert "supplier-bank-change" not in [entry.rule_id for entry in decision.evidence]


def test_the_same_rule_counts_once_it_advises(site):
    before = triage_event(site.load(), event_of(STRANGER)).risk
    site.change("rules/suppliers.yml", "status: shadow ", "status: advise ")

    assert triage_event(site.load(), event_of(STRANGER)).risk == before + 25


def test_a_list_entry_that_expired_is_named_and_no_longer_counts(site):
    ruleset = site.load(today=date(2028, 1, 1))

    (warning,) = [text for text in ruleset.warnings if "contoso" in text]
    assert warning == (
        "list suppliers: 'contoso-logistics.example' expired on 2027-12-31 and no longer counts (purchasing)"
    )
    assert [entry.value for entry in ruleset.lists["suppliers"].entries] == ["fabrikam.example"]


@pytest.mark.parametrize("modifier", ["contains", "endswith", "not_contains"])
def test_a_list_that_needs_dmarc_is_refused_where_the_need_would_be_forgotten(site, modifier):
    site.change("rules/suppliers.yml", "from.root_domain|in: $suppliers", f"from.domain|{modifier}: $suppliers")

    with pytest.raises(RuleError, match="which this list does; use in or not_in"):
        site.load()


def test_the_page_is_up_to_date(writer):
    assert writer.render(PAGE) == PAGE, "run .venv/bin/python scripts/rules_page.py"


def test_the_page_explains_every_modifier(load_text, rule_text):
    with pytest.raises(RuleError) as caught:
        load_text(rule_text({"subject|contains": "subject|no_such_modifier"}))

    known = re.search(r"known: (.*)", str(caught.value)).group(1).split(", ")
    assert len(known) >= 15
    assert [name for name in known if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rules/suppliers.yml", "route: inbound", "rout: inbound"),
        ("rules/suppliers.yml", "$suppliers", "$supliers"),
        ("rules/suppliers.yml", 'pay@stranger.test>", ', 'pay@stranger.test>", missing: [subject], '),
        ("rules/suppliers.yml", "status: shadow", "status: auto"),
        ("lists/suppliers.yml", "adatum.example", "adatum example"),
    ],
)
def test_the_mistakes_on_the_page_are_answered_in_these_words(site, file, old, new):
    site.change(file, old, new)

    with pytest.raises(RuleError) as caught:
        site.load()

    shown = str(caught.value).replace(f"{site.folder}/", "")
    assert shown in PAGE


def test_the_evaluation_record_on_the_page_earns_auto_for_its_version_only(site):
    (record,) = re.findall(r"```yaml\n(status: auto\n.*?)```", PAGE, re.DOTALL)
    site.change("rules/suppliers.yml", "status: shadow ", record + "# ")
    with pytest.raises(RuleError, match="about version 4, the rule is 1"):
        site.load()

    site.change("rules/suppliers.yml", "version: 1", "version: 4")

    (rule,) = [rule for rule in site.load().rules if rule.id == "supplier-bank-change"]
    assert rule.auto_actions == {"reject"}


def test_the_table_of_actions_on_the_page_loads_and_replaces_the_packaged_one(site):
    (rows,) = re.findall(r"```yaml\n(schema: 1\nversion: 1\nrows:.*?)```", PAGE, re.DOTALL)
    (site.folder / "rules" / "playbooks.yml").write_text(rows)

    assert [row.name for row in site.load().playbook.rows] == ["attack", "undecided"]


def test_a_starter_rule_can_be_silenced_by_a_search_that_always_holds(site):
    text = (RULES / "exclusions" / "scanners.yml").read_text()
    head, _, _ = text.partition("match:")
    rule = head.replace("own-scanner", "no-hurry").replace(
        "[authentication-absent, no-visible-recipient]", "[subject-urgency]"
    )
    (site.folder / "rules" / "exclusions" / "off.yml").write_text(
        rule
        + """match: { always: { level: [T1, T2] } }
condition: always
explain: "Switched off for good"
tests:
  - { name: any mail, with: {}, expect: true }
  - { name: no such level, with: { facts: { level: T3 } }, expect: false }
  - { name: not known, with: { missing: [level] }, expect: unknown }
"""
    )

    decision = triage_event(site.load(), event_of({**STRANGER, "subject": "Urgent"}))

    assert "subject-urgency" not in [entry.rule_id for entry in decision.evidence]
