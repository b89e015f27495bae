"""What every change of the tenant has to say about itself, so that one runner can carry all of them out once."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

from mailroom.errors import InvalidInputError
from mailroom.mimecast import MimecastClient
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.diagnosis import not_offered
from mailroom.store.actions import Action
from mailroom.store.columns import canonical_json

Parameters = dict[str, Any]
LOOKS = 2
"""How many lists without a thing prove that it is not there: a single answer may be empty by mistake."""
CLOCKS_DIFFER_BY = timedelta(seconds=30)
"""Between our clock, the tenant's and the whole seconds that it writes down."""


@dataclass(frozen=True, slots=True)
class Found:
    """What looking at the tenant showed."""

    state: Literal["applied", "not_applied", "unknown"]
    """`applied`: it is as wanted; `not_applied`: it is not; `unknown`: looking does not tell."""
    result: Parameters = field(default_factory=dict)
    """What is there; with `not_applied`, what was there before and must be kept for an undo."""
    detail: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class UndoWish:
    """The change that takes an action back."""

    kind: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Ended:
    """Older actions that are no longer in force once another one is applied."""

    kinds: tuple[str, ...]
    target: str | None = None
    result_id: str | None = None


class ChangeGate(Protocol):
    """The last word before a change."""

    def closed(self) -> str:
        """Why nothing at all may be done now (the kill switch); "" when the gate is open."""

    def objection(self, action: Action) -> str:
        """Why this one change must not be made; "" lets it pass."""


class OpenChangeGate:
    """No objection."""

    def closed(self) -> str:
        """Always open."""
        return ""

    def objection(self, _action: Action) -> str:
        """Never an objection."""
        return ""


class Change(ABC):
    """One kind of change: what it needs, how it is sent, how its outcome is seen, and how it is taken back."""

    kind: ClassVar[str]
    """As in the ledger: the documented action in snake_case."""
    action: ClassVar[str]
    """The documented name."""
    past: ClassVar[str]
    """How a report says that it happened."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Parameters that must be given."""
    takes: ClassVar[Mapping[str, Any]] = {}
    """Parameters that may be given, and their defaults."""
    only_reported: ClassVar[str] = ""
    """Why its end is only reported, and what a person does then; "" where it is taken back."""
    absence_tells_after: ClassVar[timedelta] = timedelta(0)
    """How long after sending a look that finds nothing proves that nothing happened. More than nothing only where
    doing it twice would double it: a request that was cut off may still be on its way."""
    note: ClassVar[str] = ""
    """What a person should know before it is done; shown by a dry run."""

    @abstractmethod
    def functions(self, client: MimecastClient, parameters: Parameters) -> tuple[Function, ...]:
        """What it calls to change the tenant."""

    @abstractmethod
    def read(self, parameters: Parameters) -> Parameters:
        """The parameters in their one form. Raises InvalidInputError; no call is made."""

    @abstractmethod
    def target(self, parameters: Parameters) -> str:
        """What it is about; changes that contradict each other have the same."""

    @abstractmethod
    def preview(self, parameters: Parameters) -> list[str]:
        """What would be done, in sentences; makes no call."""

    @abstractmethod
    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """Do it; returns what the product made of it. Errors as the wing raises them."""

    @abstractmethod
    def look(self, client: MimecastClient, action: Action, age: timedelta) -> Found:
        """What became of an action whose outcome was not seen; `age` is the time since it was wanted."""

    def already(self, _client: MimecastClient, _parameters: Parameters) -> Found | None:
        """Looked at just before sending: is it as wanted already, and what is there that an undo needs?"""
        return None

    def made_before(self, _client: MimecastClient, _action: Action, _age: timedelta) -> Found | None:
        """Looked at just before sending: did this very action happen already, unknown to the ledger?

        A ledger that was restored from a backup does not know what was sent since. Only for what would be doubled and
        is not seen by `already`; `age` is the time since it was wanted.
        """
        return None

    def changed_since(self, _last: Action, _there: Parameters) -> str:
        """Why what an action of this kind made is not ours to take back: somebody has changed it since.

        Args:
            _last: The action of ours that wrote it last.
            _there: What the change that takes it back found.

        Returns:
            "" when it is as we left it, or that does not matter.
        """
        return ""

    def check_now(self, client: MimecastClient, parameters: Parameters) -> None:
        """What is impossible at this moment or in this generation. Makes no call.

        Raises:
            NotOfferedError: This generation of the API has no such function; the message says what to do instead.
            InvalidInputError: It would never act.
        """
        for function in self.functions(client, parameters):
            if client.generation not in function.generations:
                raise not_offered(function, client.generation)

    def undo(self, _action: Action) -> UndoWish | None:
        """The change that takes it back; None when there is none."""
        return None

    def ends(self, _action: Action) -> tuple[Ended, ...]:
        """What is no longer in force once this is applied."""
        return ()

    def expires_at(self, _parameters: Parameters) -> datetime | None:
        """When what it makes ends by itself."""
        return None

    def refused_as_done(self, _code: str) -> bool:
        """Whether a refusal with this code says that it is as wanted already."""
        return False

    def gone_is_done(self) -> bool:
        """Whether "does not exist" says that it is as wanted already."""
        return False

    def checked(self, parameters: Mapping[str, Any]) -> Parameters:
        """The parameters, complete and in their one form; equal wishes are equal then. Makes no call.

        Raises:
            InvalidInputError: One is missing, unknown, or cannot be meant.
        """
        unknown = set(parameters) - {*self.needs, *self.takes}
        missing = [name for name in self.needs if name not in parameters]
        if unknown or missing:
            wrong = f"unknown: {', '.join(sorted(unknown))}" if unknown else f"missing: {', '.join(missing)}"
            raise InvalidInputError(f"{self.action} takes {', '.join((*self.needs, *self.takes))}; {wrong}")
        return self.read({**self.takes, **parameters})

    def slot(self, parameters: Parameters) -> str:
        """Where in the ledger this very wish is."""
        digest = hashlib.sha256(canonical_json(parameters).encode("ascii")).hexdigest()
        return f"{self.kind}:{digest[:40]}"
