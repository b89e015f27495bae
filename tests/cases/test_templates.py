"""Incident templates: what they may say, and where exactly a mistake stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailroom.cases.templates import load_templates, template_named
from mailroom.errors import NotFoundError
from mailroom.rulelang.yaml_source import RuleError

HEAD = "schema: 1\ntemplate: own\nversion: 1\ntitle: 'Own: {subject}'\nowner: us\n"


def problems(folder: Path, text: str) -> list[str]:
    (folder / "own.yml").write_text(text)
    with pytest.raises(RuleError) as caught:
        load_templates(folder)
    return [one.replace(str(folder), "") for one in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("fields:\n  - {name: amount, type: money}\n", 7, "'money' is not one of text, number"),
        ("fields:\n  - {name: amount, type: number, default: much}\n", 7, "takes a number, not 'much'"),
        ("fields:\n  - {name: kind, type: choice}\n", 7, "choices belong to a field of type choice"),
        ("fields:\n  - {name: kind, type: text, choices: [a]}\n", 7, "choices belong to a field of type choice"),
        ("fields:\n  - {name: subject, type: text}\n", 7, "is the mail's own"),
        ("fields:\n  - {name: a, type: text}\n  - {name: a, type: text}\n", 8, "'a' appears twice"),
        ("tasks:\n  - {key: a, title: First}\n  - {key: a, title: Second}\n", 8, "'a' appears twice"),
        ("tasks:\n  - {key: a, title: First, colour: red}\n", 7, "unknown field 'colour'"),
        ("playbooks:\n  - {playbook: block sender}\n", 7, "'autorun' is a required property"),
        (
            "playbooks:\n  - playbook: block sender\n    autorun: true\n    parameters:\n      api_token: x\n",
            10,
            "no place for a secret",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    [problem] = problems(tmp_path, HEAD + text)
    assert problem.startswith(f"/own.yml:{line}: ")
    assert said in problem


def test_a_title_names_only_what_there_is(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, HEAD.replace("{subject}", "{password}"))
    assert problem.startswith("/own.yml:4: title names {password}")


def test_all_problems_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text("schema: 2\n")
    assert len(problems(tmp_path, HEAD + "tasks:\n  - {key: A, title: x}\n")) >= 4


def test_a_template_of_the_same_name_replaces_ours_and_twice_in_a_folder_is_a_mistake(tmp_path: Path) -> None:
    own = HEAD.replace("template: own", "template: phishing")
    (tmp_path / "own.yml").write_text(own)
    assert (load_templates() | load_templates(tmp_path))["phishing"].owner == "us"
    [problem] = problems(tmp_path, f"{own}---\n{own}")
    assert "stands in" in problem


def test_values_of_a_mail_are_filled_in_and_never_formatted(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(HEAD)
    title = template_named(load_templates(tmp_path), "own").title({"subject": "{0.__class__} {owner}\n%s"})
    assert title.startswith("Own: ")
    assert "\n" not in title
    assert "__class__" in title


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(NotFoundError, match="known: mail-incident, phishing, reported-phish"):
        template_named(load_templates(), "nothing")
