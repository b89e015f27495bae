"""Whether two names are two people: whoever proposed something wide cannot approve it under another spelling."""

from __future__ import annotations

import unicodedata

import pytest

from mailroom.playbooks.approvals.people import People

SITE = People.of(["Ben Ode / bode <ben.ode@corp.example>", "Zoë Li / zli <zoe.li@corp.example>"])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ben Ode <ben.ode@corp.example>", "ben.ode@corp.example"),
        ("ben.ode", "bode"),
        ("bode@laptop.corp.example", "ben.ode@corp.example"),
        ("bode+test", "Ben Ode"),
        ("CORP\\bode", "bode"),
        ("\uff22en  Ode", "bode"),
        ("Ben\u200b Ode", "bode"),
        (unicodedata.normalize("NFD", "Zoë Li"), "zoe.li@corp.example"),
        ("Zoë Li / Ben Ode", "bode"),
    ],
)
def test_another_spelling_or_alias_is_no_second_person(name: str, other: str) -> None:
    for proposer, approver in ((name, other), (other, name)):
        assert SITE.are_one(proposer, approver)
        assert "other than the proposer" in SITE.second_person(proposer, approver, accounts=True)


def test_without_a_list_the_domain_of_an_account_makes_no_second_person() -> None:
    nobody = People.of([])
    assert nobody.second_person("CORP\\bode", "bode", accounts=True)
    assert nobody.second_person("bode@corp.example", "BODE", accounts=True)
    assert nobody.second_person("bode", "ali", accounts=True) == ""


def test_entries_of_the_list_are_two_people_whatever_they_share() -> None:
    site = People.of(["Alice / alice <alice@corp.example>", "Alice at the plant <alice@plant.example>"])
    assert site.second_person("alice", "alice@plant.example") == ""
    assert SITE.second_person("zli", "bode") == ""
    assert "write night shift into" in SITE.second_person("night shift", "bode")
