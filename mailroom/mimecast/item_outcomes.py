"""Mapping the answer of an effect to the items it was asked for: by key, never by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.envelope import Envelope, Failure
from mailroom.mimecast.outcomes import EffectUnknownError, Outcome
from mailroom.mimecast.reading import dict_of, list_of, note_drift


def outcomes_of(function: Function, ids: Sequence[str], envelope: Envelope, flag: str) -> dict[str, Outcome]:
    """One outcome per id.

    Args:
        function: The effect, for messages.
        ids: What was asked for, without repeats.
        envelope: The answer, with data or keyed failures in it.
        flag: The result field that must be `true`: `release` or `reject`.

    Raises:
        EffectUnknownError: The answer says nothing, or two things at once, about some ids.
    """
    said = _flags(function, ids, envelope.data, flag)
    for item, refusals in _failed(function, ids, envelope.failures).items():
        said.setdefault(item, []).extend(refusals)
    # Two refusals agree with each other; an applied and a refused one do not.
    clear = {item: found[0] for item, found in said.items() if len({outcome.ok for outcome in found}) == 1}
    outcomes = {item: clear[item] for item in ids if item in clear}
    unknown = tuple(item for item in ids if item not in clear)
    if unknown:
        raise EffectUnknownError(
            f"{function.path}: the answer says nothing clear about {len(unknown)} of {len(ids)} messages. Look "
            "them up in the hold list, then in the release log, before anything else is tried",
            outcomes,
            unknown,
        )
    return outcomes


def _flags(function: Function, ids: Sequence[str], data: list[Any], flag: str) -> dict[str, list[Outcome]]:
    asked, found = set(ids), dict[str, list[Outcome]]()
    for entry in data:
        result = dict_of(entry)
        item, value = result.get("id"), result.get(flag)
        if item is None and len(ids) == len(data) == 1:
            item = ids[0]  # one asked, one answered: no doubt which one is meant
        if not isinstance(item, str) or item not in asked:
            note_drift(f"{function.path} result", "about an id that was not asked for")
        elif value is True:
            found.setdefault(item, []).append(Outcome(True))
        elif value is False:
            text = f"Mimecast answered {flag}: false; look at the message's state"
            found.setdefault(item, []).append(Outcome(False, f"{flag}_false", text))
        else:
            note_drift(f"{function.path} result", f"{flag} is not a boolean")
    return found


def _failed(function: Function, ids: Sequence[str], failures: list[Failure]) -> dict[str, list[Outcome]]:
    asked, found = set(ids), dict[str, list[Outcome]]()
    for failure in failures:
        outcome = Outcome(
            False,
            next((problem.code for problem in failure.errors if problem.code), "fail"),
            "; ".join(str(problem) for problem in failure.errors),
        )
        named = [item for item in _named(failure.key) if item in asked]
        if not named and len(ids) == 1:
            named = list(ids)
        if not named:
            note_drift(f"{function.path} fail", "about no item that was asked for")
        for item in named:
            found.setdefault(item, []).append(outcome)
    return found


def _named(key: object) -> list[str]:
    """The ids in `fail[].key`, which repeats the request item: `{id}`, `{ids: [...]}`, or a bare id."""
    if isinstance(key, str):
        return [key]
    item = dict_of(key)
    return [value for value in (item.get("id"), *list_of(item.get("ids"))) if isinstance(value, str)]
