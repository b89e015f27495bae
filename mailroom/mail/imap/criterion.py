"""The tree behind search criteria: how the server's part of a question is derived so that nothing wanted is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mailroom.errors import InvalidInputError

Imap = list["bytes | str"]
"""Tokens: `str` is sent as it stands (keys, numbers, dates, parentheses), `bytes` is quoted or sent as a literal."""


class Criterion:
    """Base of all criteria."""

    text: str = ""
    """The text to look for, where there is one."""
    is_widened = False
    """The server is asked for more than is wanted."""

    def to_imap(self, charset: str | None = None) -> Imap:
        """The server's part as tokens. Non-ASCII text stays whole only with `charset="UTF-8"`; else its ASCII runs."""
        wide = self.widened(ascii_only=(charset or "US-ASCII").upper() != "UTF-8")
        return ["ALL"] if wide is None else wide.keys()

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """What the server can be asked so that nothing wanted is missing; None is everything."""
        raise NotImplementedError

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """What the server can be asked so that nothing unwanted is in it; None is nothing. For use below `Not`."""
        raise NotImplementedError

    def keys(self) -> Imap:
        """This criterion as it stands, as tokens."""
        raise NotImplementedError

    def leaves(self) -> Iterable[Criterion]:
        """Every criterion without children in this tree."""
        yield self

    def replaced(self, change: Callable[[Criterion], Criterion]) -> Criterion:
        """The same tree with `change` applied to every leaf."""
        return change(self)

    @property
    def is_ascii(self) -> bool:
        """No text in it needs a CHARSET."""
        return all(leaf.text.isascii() for leaf in self.leaves())

    @property
    def is_exact(self) -> bool:
        """The server's answer needs no second look for what was widened: there are no dates and all text is ASCII."""
        return self.is_ascii and not any(leaf.is_widened for leaf in self.leaves())


class Exact(Criterion):
    """Understood alike by every server."""

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Itself."""
        return self

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Itself."""
        return self


class And(Criterion):
    """All of them."""

    def __init__(self, *parts: Criterion) -> None:
        self.parts = _checked(parts)

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Without the parts the server cannot judge."""
        wide = [part for part in (each.widened(ascii_only=ascii_only) for each in self.parts) if part is not None]
        return None if not wide else wide[0] if len(wide) == 1 else And(*wide)

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Nothing, when one part cannot be judged."""
        tight = [each.tightened(ascii_only=ascii_only) for each in self.parts]
        return And(*(part for part in tight if part is not None)) if None not in tight else None

    def keys(self) -> Imap:
        """The parts one after the other."""
        return [token for part in self.parts for token in _group(part, inside=And)]

    def leaves(self) -> Iterable[Criterion]:
        """Every criterion without children."""
        return (leaf for part in self.parts for leaf in part.leaves())

    def replaced(self, change: Callable[[Criterion], Criterion]) -> Criterion:
        """The same tree with `change` applied to every leaf."""
        return type(self)(*(part.replaced(change) for part in self.parts))


class Or(And):
    """Any of them."""

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Everything, when one part cannot be judged."""
        wide = [each.widened(ascii_only=ascii_only) for each in self.parts]
        return Or(*(part for part in wide if part is not None)) if None not in wide else None

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Without the parts that cannot be judged."""
        tight = [part for part in (each.tightened(ascii_only=ascii_only) for each in self.parts) if part is not None]
        return None if not tight else tight[0] if len(tight) == 1 else Or(*tight)

    def keys(self) -> Imap:
        """A balanced tree: the grammar's OR takes exactly two keys."""
        return _or(self.parts)


class Not(Criterion):
    """None of it."""

    def __init__(self, part: Criterion) -> None:
        (self.part,) = _checked((part,))

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Excludes only what is surely unwanted."""
        tight = self.part.tightened(ascii_only=ascii_only)
        return None if tight is None else Not(tight)

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        """Excludes whatever might be unwanted."""
        wide = self.part.widened(ascii_only=ascii_only)
        return None if wide is None else Not(wide)

    def keys(self) -> Imap:
        """`NOT` and one key."""
        return ["NOT", *_group(self.part)]

    def leaves(self) -> Iterable[Criterion]:
        """Every criterion without children."""
        return self.part.leaves()

    def replaced(self, change: Callable[[Criterion], Criterion]) -> Criterion:
        """The same tree with `change` applied to every leaf."""
        return Not(self.part.replaced(change))


def _checked(parts: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    if not parts:
        raise InvalidInputError("And and Or need at least one criterion")
    for part in parts:
        if not isinstance(part, Criterion):
            raise InvalidInputError(f"expected a criterion such as From(...), got {type(part).__name__}")
    return parts


def _group(part: Criterion, inside: type[Criterion] | None = None) -> Imap:
    if type(part) is not And or inside is And:
        return part.keys()
    return ["(", *part.keys(), ")"] if len(part.parts) > 1 else _group(part.parts[0])


def _or(parts: tuple[Criterion, ...]) -> Imap:
    if len(parts) == 1:
        return _group(parts[0])
    middle = len(parts) // 2
    return ["OR", *_or(parts[:middle]), *_or(parts[middle:])]


class Raw(Exact):
    """Fixed words of the search grammar; only for this module's own, checked words."""

    def __init__(self, *words: str) -> None:
        if not all(re.fullmatch(r"[A-Za-z0-9:,*$_.-]+", word) for word in words):
            raise InvalidInputError(f"search words {words!r}: only atoms are allowed here")
        self.words = words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Raw{self.words}"

    def keys(self) -> Imap:
        """The words."""
        return list(self.words)
