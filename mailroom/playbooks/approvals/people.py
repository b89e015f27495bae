"""Who may approve, and whether two names are one person: two people decide about wide actions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import parse_mailboxes


@dataclass(frozen=True, slots=True)
class Approver:
    """One person: the address, and the names under which they are known here (account, name in a form)."""

    address: str
    names: frozenset[str]

    @property
    def called(self) -> frozenset[str]:
        """All that this person goes by."""
        return self.names | {_plain(self.address)}

    @classmethod
    def of(cls, text: str) -> Approver:
        """From `ben@corp.example`, `Ben Ode <ben@corp.example>` or `Ben Ode / bode <ben@corp.example>`.

        Raises:
            InvalidInputError: It holds no address, or several.
        """
        before, _, rest = text.rpartition("<")
        names = before.strip().strip('"')
        try:
            (found,) = parse_mailboxes((rest.strip().rstrip(">") if before else text,))
        except (InvalidInputError, ValueError):
            raise InvalidInputError(
                f"approver {text[:80]!r} names no single address; write ben@corp.example or Ben / bode "
                "<ben@corp.example>"
            ) from None
        return cls(found.address.lower(), frozenset(_plain(one) for one in names.split("/") if one.strip()))


@dataclass(frozen=True, slots=True)
class People:
    """The approvers of a site."""

    approvers: tuple[Approver, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> People:
        """Raises InvalidInputError: an entry cannot be read, or two share a name."""
        found = tuple(Approver.of(text) for text in texts if text.strip())
        keys = [key for one in found for key in (one.address, *one.names)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise InvalidInputError(f"approvers: {twice[0]!r} stands for two people; each name and address only once")
        return cls(found)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whom an approval may be asked of by mail."""
        return tuple(one.address for one in self.approvers)

    def find(self, name: str) -> Approver | None:
        """Whoever goes by this name or address."""
        return next(iter(self._listed(name)), None)

    def are_one(self, name: str, other: str) -> bool:
        """Whether these two are, or are taken for, the same person.

        Where the list does not hold both, every name of the one is compared with every name of the other: an account
        `ben` and the address of somebody whom the list also knows as `ben` are one.
        """
        first, second = self._listed(name), self._listed(other)
        if first and second:
            return not set(first).isdisjoint(second)
        return not _called(name, first).isdisjoint(_called(other, second))

    def _listed(self, name: str) -> list[Approver]:
        """The entries that these words name; several only where somebody writes the names of several."""
        words = _words(name)
        return [one for one in self.approvers if words & one.called]

    def second_person(self, proposer: str, approver: str, *, accounts: bool = False) -> str:
        """Why these two may be one person; empty when they are certainly two.

        They are two when the list names both, in different entries. Names that it does not hold say nothing: anybody
        may go by several.

        Args:
            proposer: Account, name or address.
            approver: Likewise.
            accounts: Both are accounts that ran a command; two accounts are two people unless the list says otherwise.
        """
        if self.are_one(proposer, approver):
            return "Bulk actions, permits and domain-wide policies need an approver other than the proposer."
        missing = " and ".join(name for name in (proposer, approver) if not self._listed(name))
        if accounts or not missing:
            return ""
        return (
            f"Whether {proposer} and {approver} are two people cannot be seen: write {missing} into the policy's "
            "approvers (Name / account <address>), or let somebody else run `mailroom approve` with an account of "
            "their own."
        )


def _plain(name: str) -> str:
    """In one spelling, without signs that nobody sees."""
    seen = "".join(one for one in unicodedata.normalize("NFKC", name) if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", " ".join(seen.casefold().split()))


def _words(name: str) -> set[str]:
    """The name as it stands, and name and address of what is written as `Ben Ode / ben <ben@corp.example>`."""
    plain = _plain(name)
    return {plain, *(one.strip(" \"'") for one in re.split(r"[<>/]", plain))} - {""}


def _called(name: str, listed: Iterable[Approver]) -> set[str]:
    """Every name of this person without its domain: an account `ben` and `ben@corp.example` are taken for one."""
    words = _words(name).union(*(one.called for one in listed))
    return {_local(one) for one in words}


def _local(name: str) -> str:
    return name.rpartition("\\")[2].partition("@")[0].partition("+")[0]
