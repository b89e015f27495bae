"""Level T3: the words and links of a mail, as facts; nothing in an event makes reading them fail."""

from __future__ import annotations

from typing import Any

import pytest

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.triage.body import read_body
from mailroom.triage.decide import triage_event
from mailroom.triage.extract import extract
from mailroom.triage.ruleset import load_ruleset

RULES = load_ruleset()


def facts_of(*links: Any, text: Any = "Hello", sender: str = "news@shop.test", level: str = "T3") -> Any:
    event = {"level": level, "header_from": {"address": sender}, "text": text, "links": list(links)}
    return extract(event, RULES.context)


def link(url: str, shown: str = "") -> dict[str, str]:
    return {"url": url, "shown": shown}


def test_words_and_links_are_facts_of_level_t3_only() -> None:
    found = facts_of(link("https://www.shop.test/a"), link("https://cdn.other.test/b"))
    assert found["links.hosts"] == ["www.shop.test", "cdn.other.test"]
    assert found["links.root_domains"] == ["shop.test", "other.test"]
    assert found["links.all_foreign"] is False
    assert facts_of(link("https://x.test"), level="T2")["links.count"] is UNKNOWN
    assert facts_of(link("https://x.test"))["links.all_foreign"] is True
    assert facts_of()["links.all_foreign"] is False


@pytest.mark.parametrize(
    ("url", "shown", "differs"),
    [
        ("https://evil.test/x", "www.bank.test", True),
        ("https://evil.test/x", "https://bank.test/login", True),
        ("https://login.bank.test/x", "bank.test", False),
        ("https://evil.test/x", "Review the document", False),
        ("https://evil.test/x", "ann@bank.test", False),
        ("https://evil.test/x", "invoice", False),
    ],
)
def test_a_link_shows_another_domain_only_when_its_words_are_one(url: str, shown: str, differs: bool) -> None:
    assert facts_of(link(url, shown))["links.shown_differs"] is differs


def test_addresses_and_user_parts_are_seen() -> None:
    assert facts_of(link("http://192.0.2.7/x"))["links.ip_host"] is True
    assert facts_of(link("https://www.bank.test@evil.test/x"))["links.user_part"] is True
    assert facts_of(link("https://shop.test/?to=a@b.test"))["links.user_part"] is False


@pytest.mark.parametrize(
    "event",
    [
        {"links": "no list"}, {"links": [None, 7, {"url": None}, {"url": "http://["}, {"url": "x" * 10_000}]},
        {"text": 5}, {"text": "\x00\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace")},
        {"links": [{"url": "https://a.test", "shown": {"a": 1}}] * 2_000, "text": "x" * 1_000_000},
    ],
)  # fmt: skip
def test_no_event_breaks_it(event: dict[str, Any]) -> None:
    read_body(event, "shop.test")
    triage_event(RULES, event | {"level": "T3"})


def test_what_is_not_there_speaks_against_no_decision() -> None:
    event = {"level": "T2", "header_from": {"address": "a@shop.test"}, "subject": "Hi", "recipient": "b@corp.test"}
    assert not {"links.count", "body.text"} & RULES.required_fields
    assert "link-shows-another-domain" in triage_event(RULES, event).unknown
