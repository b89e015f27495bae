"""`load(Kind, name)`: a typed `Block.load` for synchronous code, with an error that says what to do."""

from __future__ import annotations

from typing import TypeVar

from prefect.blocks.core import Block

from mailroom.errors import InvalidInputError

B = TypeVar("B", bound=Block)


def load(kind: type[B], name: str) -> B:
    """The stored block `name`.

    Raises:
        InvalidInputError: there is no such block, or it no longer fits its form.
    """
    try:
        block = kind.load(name, _sync=True)  # type: ignore[call-arg]
    except ValueError as error:
        slug = kind.get_block_type_slug()
        msg = (
            f"There is no block {name!r} of type {kind.get_block_type_name()!r}. Make it in the Prefect UI "
            f"(Blocks, +, {kind.get_block_type_name()}), or start the flow with the name of one that exists: "
            f"`prefect block ls` lists them as {slug}/<name>."
        )
        raise InvalidInputError(msg) from error
    except RuntimeError as error:
        msg = f"The block {name!r} no longer fits its form: open it in the Prefect UI, correct it and save it."
        raise InvalidInputError(msg) from error
    if not isinstance(block, kind):
        msg = f"The block {name!r} is a {type(block).__name__}, not a {kind.__name__}."
        raise InvalidInputError(msg)
    return block
