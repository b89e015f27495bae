"""Write `docs/actions.md` from the actions themselves: signatures, docstrings, and what they say of themselves.

.venv/bin/python scripts/make_actions_page.py          writes the page
.venv/bin/python scripts/make_actions_page.py --check  exit code 1 when it is out of date

The page is generated as a whole: change the docstring or the `describe(...)` of the action instead.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from prefect import Task

from mailroom.mimecast.capabilities import Function
from tasks._catalogue import CATALOGUE, ActionFacts

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "actions.md"
PRODUCTS = {"mimecast": "Mimecast", "mail": "Email", "cases": "Cases"}
_SECTION = re.compile(r"^(Args|Returns|Raises|Source|Example|Effect):", re.MULTILINE)
_PARAMETER = re.compile(r"^    (\w+): ", re.MULTILINE)
_LONG = 60

INTRO = """# Actions

Every action, made from the code by `make actions`; a test fails when this page is not current. A playbook reads:

```python
from tasks import mail, mimecast

found = mimecast.search_messages(sender="fabrikam.example", status="held", mimecast="production")
mimecast.release_message(found[0].id, mimecast="production")
```

`mimecast`, `mailbox`, `store` and `policy` are names of stored blocks. Results are typed and stay in the calling flow:
Prefect keeps states, and tables with harmless text. Reads are repeated when an error may go away by itself; what
changes something is never repeated by Prefect.

The permission is what the role of the API application must contain in Mimecast's administration console; the product is
what an API 2.0 application must be registered for besides. "API" says in which generation of Mimecast's API the
functions behind an action exist."""


@dataclass(frozen=True)
class Action:
    """One action with everything that the page says of it."""

    stem: str
    product: str
    task: Task[Any, Any]

    @property
    def name(self) -> str:
        """The documented name."""
        return self.task.name.removeprefix(f"{PRODUCTS[self.product]}: ")

    @property
    def facts(self) -> ActionFacts:
        """What it says of itself.

        Raises:
            LookupError: Nothing.
        """
        if self.task.name not in CATALOGUE:
            raise LookupError(f"tasks/{self.product}/{self.stem}.py says nothing of itself: add @describe(...)")
        return CATALOGUE[self.task.name]

    @property
    def doc(self) -> str:
        """Its docstring."""
        return inspect.getdoc(self.task.fn) or ""

    def part(self, name: str) -> str:
        """One part of the docstring; `""` is what stands before the first."""
        marks = [(match.start(), match[1]) for match in _SECTION.finditer(self.doc)] + [(len(self.doc), "")]
        if not name:
            return self.doc[: marks[0][0]].strip()
        for (start, found), (end, _) in pairwise(marks):
            if found == name:
                return self.doc[start + len(name) + 1 : end].strip("\n")
        return ""

    def help(self) -> dict[str, str]:
        """Parameter -> what it is."""
        pieces = _PARAMETER.split("\n" + self.part("Args"))
        return {name: one_line(text) for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def one_line(text: str) -> str:
    """Words with single spaces between them."""
    return " ".join(text.split())


def actions() -> list[Action]:
    """Every action of every product, by name. Steps of playbooks are not actions."""
    found = []
    for product, word in PRODUCTS.items():
        package = importlib.import_module(f"tasks.{product}")
        for stem in package.__all__:
            task = getattr(package, stem)
            if isinstance(task, Task) and task.name.startswith(f"{word}: "):
                found.append(Action(stem, product, task))
    return sorted(found, key=lambda action: (list(PRODUCTS).index(action.product), action.name.lower()))


def type_text(hint: Any) -> str:
    """A type as people read it: the values of a choice, the bounds of a number."""
    if typing.get_origin(hint) is typing.Annotated:
        inner, *notes = typing.get_args(hint)
        return f"{type_text(inner)}{_bounds(notes)}"
    if typing.get_origin(hint) is typing.Literal:
        return " / ".join("*empty*" if value == "" else str(value) for value in typing.get_args(hint))
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return " or ".join("nothing" if each is type(None) else type_text(each) for each in typing.get_args(hint))
    if typing.get_origin(hint) in {list, tuple}:
        each = next((arg for arg in typing.get_args(hint) if arg is not Ellipsis), Any)
        return f"list of {type_text(each)}"
    names = {str: "text", int: "whole number", float: "number", bool: "yes / no"}
    return names.get(hint) or getattr(hint, "__name__", str(hint))


def _bounds(notes: Iterable[Any]) -> str:
    found = {name: value for note in notes for each in getattr(note, "metadata", [note])
             for name in ("ge", "gt", "le", "lt") if (value := getattr(each, name, None)) is not None}  # fmt: skip
    words = {"ge": "from", "gt": "more than", "le": "to", "lt": "less than"}
    return "".join(f" {words[name]} {value:,}" for name, value in found.items())


def default_text(default: Any) -> str:
    """A default as people read it."""
    if default is inspect.Parameter.empty:
        return "**needed**"
    if default is None or default in ("", ()):
        return "*empty*"
    if isinstance(default, bool):
        return "on" if default else "off"
    text = ", ".join(map(str, default)) if isinstance(default, (tuple, list)) else str(default)
    return text if len(text) <= _LONG else "all of them"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _overview(product: str, found: list[Action]) -> str:
    rows = []
    for action in found:
        anchor = re.sub(r"[^a-z0-9 -]", "", f"{PRODUCTS[product]} {action.name}".lower()).replace(" ", "-")
        link = f"[{action.name}](#{anchor})"
        cells = [link, one_line(action.part("")).split(". ")[0].rstrip(".") + ".", action.facts.effect]
        if product == "mimecast":
            cells.append(", ".join(action.facts.generations) or "1.0, 2.0")
        rows.append(cells)
    columns = ["Action", "Does", "Effect"] + (["API"] if product == "mimecast" else [])
    return table(columns, rows)


def _needs(functions: Sequence[Function]) -> Iterator[tuple[str, str]]:
    if not functions:
        return
    yield "Permission", "; ".join(f"`{text}`" for text in _unique(f.permission for f in functions)) or "none"
    products = _unique(f.product for f in functions)
    if products:
        yield "Product (API 2.0)", "; ".join(products)
    lines = []
    for function in functions:
        where = ", ".join(function.generations)
        odd = [] if function.listed_on_2 or "2.0" not in function.generations else ["not listed for 2.0"]
        instead = f"; instead: {function.instead}" if function.instead and len(function.generations) == 1 else ""
        lines.append(f"`{function.name}` ({', '.join([where, *odd])}{instead})")
    yield "Functions (API)", "; ".join(lines)


def _entry(action: Action) -> str:
    facts, signature = action.facts, inspect.signature(action.task.fn)
    hints = typing.get_type_hints(action.task.fn, include_extras=True)
    helped = action.help()
    rows = [
        (f"`{name}`", type_text(hints[name]), default_text(parameter.default), helped[name])
        for name, parameter in signature.parameters.items()
    ]
    said = [("Effect", one_line(action.part("Effect"))), ("Twice", facts.twice)]
    said += [("Undo", facts.undo)] if facts.undo else []
    said += [("Note", facts.note)] if facts.note else []
    if action.product == "mimecast" and not facts.functions:
        said.append(("Permission", "that of the action which is taken back"))
    said += [*_needs(facts.functions), ("Result", one_line(action.part("Returns")))]
    source = one_line(action.part("Source"))
    return "\n\n".join([
        f"### {PRODUCTS[action.product]}: {action.name}",
        one_line(action.part("")),
        f"```python\n{facts.example}\n```",
        table(("Parameter", "Type", "Default", "What it is"), rows),
        "\n".join(f"- **{name}:** {text}" for name, text in said),
        f"Source: <{source}>",
    ])  # fmt: skip


def render() -> str:
    """The whole page."""
    found = actions()
    parts = [INTRO]
    for product, word in PRODUCTS.items():
        mine = [action for action in found if action.product == product]
        more = " More about criteria and refusals: [email.md](email.md)." if product == "mail" else ""
        parts += [f"## {word}", f"{len(mine)} actions.{more}", _overview(product, mine), *map(_entry, mine)]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write or check the page."""
    fresh = render()
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh
        if not current:
            print("docs/actions.md is out of date: run make actions")
        return int(not current)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
