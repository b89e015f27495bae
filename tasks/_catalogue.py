"""What every action says of itself, in a form that the documentation is made from and tests can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast.capabilities import Function, Generation
from tasks._policy import only_transient
from tasks._wording import action

P = ParamSpec("P")
R = TypeVar("R")
AnyTask = TypeVar("AnyTask", bound=Task[Any, Any])

Effect = Literal[
    "reads",
    "reads the store",
    "writes files",
    "writes the store",
    "changes the mailbox",
    "changes the tenant",
    "changes the tenant and delivers mail",
    "sends mail",
]


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What an action needs and what it does."""

    name: str
    """The documented name with the product in front: `Mimecast: Ping`."""
    functions: tuple[Function, ...]
    """Functions of the tenant that it may call, the one it is about first; permissions and products follow."""
    effect: Effect
    twice: str
    """What happens when it is run a second time."""
    example: str
    """A call, as it stands in a playbook."""
    undo: str
    """What takes it back; empty when nothing does or needs to."""
    note: str

    @property
    def generations(self) -> tuple[Generation, ...]:
        """Where it works: where the function it is about exists."""
        return self.functions[0].generations if self.functions else ()


CATALOGUE: dict[str, ActionFacts] = {}
"""By the name of the task."""


def describe(
    *,
    functions: tuple[Function, ...] = (),
    effect: Effect,
    twice: str,
    example: str,
    undo: str = "",
    note: str = "",
) -> Callable[[AnyTask], AnyTask]:
    """Say what an action does; stands above `@task`.

    Args:
        functions: From `mailroom.mimecast.capabilities`, the one it is about first.
        effect: What it changes.
        twice: Whether running it a second time hurts.
        example: A call that a person can copy.
        undo: The action that takes it back.
        note: Anything else that is good to know before it is run.
    """

    def said(made: AnyTask) -> AnyTask:
        CATALOGUE[made.name] = ActionFacts(made.name, functions, effect, twice, example, undo, note)
        return made

    return said


def reading(
    name: str, *, functions: tuple[Function, ...], example: str, twice: str = "harmless", note: str = ""
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make an action of Mimecast that only reads: repeated on transient errors, kept nowhere, worded as documented.

    Args:
        name: The action's name, without the product.
        functions: As for `describe`.
        example: As for `describe`.
        twice: As for `describe`.
        note: As for `describe`.
    """

    def made(function: Callable[P, R]) -> Task[P, R]:
        @wraps(function)
        def worded(*args: P.args, **kwargs: P.kwargs) -> R:
            with action(name):
                return function(*args, **kwargs)

        read = task(
            name=f"Mimecast: {name}",
            task_run_name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=2,
            retry_delay_seconds=[2, 10],
            retry_condition_fn=only_transient,
        )(worded)
        return describe(functions=functions, effect="reads", twice=twice, example=example, note=note)(read)

    return made
