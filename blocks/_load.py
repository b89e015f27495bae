"""`load(Kind, name)`: a typed `Block.load` for synchronous code, with an error that says what to do."""

from __future__ import annotations

from typing import TypeVar

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from pydantic import ValidationError

from blocks._prefect_api import unreachable
from blocks._sync import in_sync
from mailroom.errors import InvalidInputError

B = TypeVar("B", bound=Block)


def load(kind: type[B], name: str) -> B:
    """The stored block `name`.

    Raises:
        InvalidInputError: there is no such block, or it no longer fits its form.
        TransientError: the Prefect API cannot be reached.
    """
    title = kind.get_block_type_name()
    # Whatever Prefect raises may quote the block's fields, secrets in clear: no error leaves with its cause.
    try:
        block = in_sync(kind.load, name)
    except ValueError:
        msg = (
            f"There is no block {name!r} of type {title!r}. Make it in the Prefect UI (Blocks, +, {title}), or start "
            f"the flow with the name of one that exists: `prefect block ls` lists them as "
            f"{kind.get_block_type_slug()}/<name>.{_whose_blocks()}"
        )
        raise InvalidInputError(msg) from None
    except (RuntimeError, httpx.HTTPError) as error:
        if isinstance(error.__cause__, ValidationError):
            msg = (
                f"The block {name!r} of type {title!r} is not in order: {_said(error.__cause__)} Correct it in the UI."
            )
            raise InvalidInputError(msg) from None
        raise unreachable(f"The block {name!r} could not be read", error) from None
    if not isinstance(block, kind):
        msg = f"The block {name!r} is a {type(block).__name__}, not a {kind.__name__}."
        raise InvalidInputError(msg)
    return block


def _whose_blocks() -> str:
    """Without an address Prefect starts a server of its own for the question, and that one has no blocks."""
    if get_current_settings().api.url:
        return ""
    return " PREFECT_API_URL is not set, so your server was not asked: set it to the address of yours."


def exists(kind: type[Block], name: str) -> bool:
    """Whether a block of that name is stored.

    Raises:
        TransientError: the Prefect API cannot be reached.
    """
    try:
        with get_client(sync_client=True) as client:
            client.read_block_document_by_name(name, kind.get_block_type_slug(), include_secrets=False)
    except ObjectNotFound:
        return False
    except (RuntimeError, httpx.HTTPError) as error:
        raise unreachable(f"The block {name!r} could not be looked for", error) from None
    return True


def _said(error: ValidationError) -> str:
    """What is wrong with which field, without its value."""
    problems = error.errors(include_input=False, include_context=False, include_url=False)
    texts = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}".lstrip(": ").removeprefix("Value error, ")
        for problem in problems
    ]
    return "; ".join(text.rstrip(".") for text in texts) + "."
