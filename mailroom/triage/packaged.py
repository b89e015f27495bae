"""Where the rules, lists and tables are that come with Mailroom."""

from __future__ import annotations

from pathlib import Path

_STARTER = Path(__file__).parent / "starter"
PLAYBOOKS = "playbooks.yml"


def starter_rules() -> Path:
    """Folder of the packaged rules."""
    return _STARTER / "rules"


def starter_lists() -> Path:
    """Folder of the packaged lists."""
    return _STARTER / "lists"


def demo_lists() -> Path:
    """Folder of the lists that describe the sandbox tenant's world."""
    return _STARTER / "demo_lists"


def starter_playbooks() -> Path:
    """File of the packaged verdict-to-action table."""
    return _STARTER / PLAYBOOKS
