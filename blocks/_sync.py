"""Prefect's calls as plain calls: all our code is synchronous, also where an event loop happens to run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
Result = TypeVar("Result")


def in_sync(call: Callable[P, Result | Coroutine[object, object, Result]], *args: P.args, **kwargs: P.kwargs) -> Result:
    """The result of a call of Prefect that, left to itself, hands out a coroutine inside an event loop."""
    # Prefect 3.8 takes `_sync` off before it looks at the arguments; its types do not know it.
    plain = cast("Callable[..., Result]", call)
    return plain(*args, _sync=True, **kwargs)
