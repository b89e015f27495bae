"""Who may still stop an action right before it is done: the kill switch, the rails, a change of mind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from mailroom.store.actions import Action


class Gate(Protocol):
    """The last word before an effect."""

    def closed(self) -> str:
        """Why nothing at all may be done now (the kill switch); "" when the gate is open.

        Asked before each batch, and again right before each call: what lies in between may take minutes.
        """

    def outdated(self, actions: Sequence[Action]) -> dict[int, str]:
        """Of these actions those behind which nothing stands any more, and why. They may be wanted anew later.

        Asked right before each call.
        """

    def objection(self, action: Action, event: dict[str, Any]) -> str:
        """Why this one action must not be done, seen from the rails; "" lets it pass. Asked before each batch."""


class OpenGate:
    """No objection."""

    def closed(self) -> str:
        """Always open."""
        return ""

    def outdated(self, _actions: Sequence[Action]) -> dict[int, str]:
        """None is."""
        return {}

    def objection(self, _action: Action, _event: dict[str, Any]) -> str:
        """Never an objection."""
        return ""
