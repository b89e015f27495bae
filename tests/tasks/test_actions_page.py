"""docs/actions.md is what the actions say of themselves, and what they say is true."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter

ROOT = Path(__file__).resolve().parents[2]


def _writer() -> ModuleType:
    name = "mailroom_make_actions_page"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / "make_actions_page.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


WRITER = _writer()
ACTIONS = WRITER.actions()
in_every_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.product}/{action.stem}")
of_mimecast = pytest.mark.parametrize(
    "action", [action for action in ACTIONS if action.product == "mimecast"], ids=lambda action: action.stem
)


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "actions.md").read_text("utf-8")
    assert page == WRITER.render(), "run make actions"


@in_every_action
def test_an_action_says_what_it_needs_and_does(action: Any) -> None:
    facts = action.facts
    assert facts.twice
    assert facts.example
    said = " ".join(action.part("Effect").split())
    words = facts.effect.split(" and ")[0]
    assert words in said, f"its docstring says {said!r}, its description {facts.effect!r}"
    assert action.part("Returns")


THROUGH_OTHERS = {"undo_action", "expire_changes"}
"""Actions that take back what other actions did, with their functions."""


@of_mimecast
def test_an_action_of_mimecast_names_its_functions(action: Any) -> None:
    functions = action.facts.functions
    assert bool(functions) != (action.stem in THROUGH_OTHERS)
    if not functions:
        return
    changes = any(function.effect == "changes" for function in functions) and action.stem != "ping"
    assert changes == (action.facts.effect.startswith("changes the tenant")), action.facts.effect


@in_every_action
def test_every_parameter_is_explained_and_typed(action: Any) -> None:
    helped, hints = action.help(), typing.get_type_hints(action.task.fn)
    parameters = list(inspect.signature(action.task.fn).parameters)
    assert list(helped) == parameters, "the docstring explains the parameters in their order"
    assert all(name in hints for name in parameters)


def _call(example: str) -> ast.Call:
    """The one call of the action in an example; what is done with its result is left out."""
    calls = [node for node in ast.walk(ast.parse(example, mode="eval")) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)]
    found = [call for call in named if call.func.value.id in {"cases", "mail", "mimecast"}]  # type: ignore[attr-defined]
    assert len(found) == 1, example
    return found[0]


@in_every_action
def test_an_example_calls_the_action_as_it_is_today(action: Any) -> None:
    call = _call(action.facts.example)
    assert isinstance(call.func, ast.Attribute)
    assert ast.unparse(call.func) == f"{action.product}.{action.stem}"
    unknown = object()

    def value(node: ast.expr) -> Any:
        try:
            return ast.literal_eval(node)
        except ValueError:
            return unknown  # something that an earlier step of the playbook found

    given = inspect.signature(action.task.fn).bind(
        *map(value, call.args), **{str(keyword.arg): value(keyword.value) for keyword in call.keywords}
    )
    hints = typing.get_type_hints(action.task.fn, include_extras=True)
    for name, argument in given.arguments.items():
        if argument is not unknown:
            TypeAdapter(hints[name], config=ConfigDict(strict=True)).validate_python(argument)


@in_every_action
def test_the_page_names_nobody_real(action: Any) -> None:
    """Addresses in examples are of domains that exist for this."""
    for domain in re.findall(r"@([\w.-]+)", action.facts.example):
        assert domain.rstrip(".").rpartition(".")[2] in {"example", "test"} or domain.endswith(
            ("example.com", "example.net", "example.org")
        )
