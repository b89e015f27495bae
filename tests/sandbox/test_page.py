"""The page about the sandbox speaks of everything one can ask of it."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.faults import KINDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_page_explains_every_kind_of_fault():
    assert [kind for kind in sorted(KINDS) if f"`{kind}`" not in PAGE] == []


def test_the_page_names_every_way_through_the_back_door():
    code = (ROOT / "sandbox" / "control.py").read_text(encoding="utf-8")

    names = re.findall(r'case "(\w+)":', code)
    assert len(names) >= 10
    assert [name for name in names if f"/__sandbox__/{name}`" not in PAGE] == []


def test_the_page_names_every_option():
    code = (ROOT / "sandbox" / "command.py").read_text(encoding="utf-8")

    options = set(re.findall(r'add_argument\("(--[\w-]+)"', code)) - {"--host"}
    assert [option for option in sorted(options) if option not in PAGE] == []
