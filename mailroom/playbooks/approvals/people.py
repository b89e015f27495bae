"""Who may approve, and whether two names are one person: two people decide about wide actions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import parse_mailboxes


@dataclass(frozen=True, slots=True)
class Approver:
    """One person: the address, and the names under which they are known here (account, name in a form)."""

    address: str
    names: frozenset[str]

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
        wanted = _plain(name)
        return next((one for one in self.approvers if wanted == one.address or wanted in one.names), None)

    def are_one(self, name: str, other: str) -> bool:
        """Whether these two are, or are taken for, the same person."""
        first, second = self.find(name), self.find(other)
        if first is not None and second is not None:
            return first == second
        return _local(_plain(name)) == _local(_plain(other))

    def second_person(self, proposer: str, approver: str, *, accounts: bool = False) -> str:
        """Why these two may be one person; empty when they are certainly two.

        They are two when the list names both, in different entries. Names that it does not hold say nothing: anybody
        may go by several.

        Args:
            proposer: Account, name or address.
            approver: Likewise.
            accounts: Both are accounts that ran a command; two accounts are two people unless the list says otherwise.
        """
        first, second = self.find(proposer), self.find(approver)
        if first is not None and second is not None and first != second:
            return ""
        if self.are_one(proposer, approver):
            return "Bulk actions, permits and domain-wide policies need an approver other than the proposer."
        if accounts:
            return ""
        missing = " and ".join(name for name, known in ((proposer, first), (approver, second)) if known is None)
        return (
            f"Whether {proposer} and {approver} are two people cannot be seen: write {missing} into the policy's "
            "approvers (Name / account <address>), or let somebody else run `mailroom approve` with an account of "
            "their own."
        )


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _local(name: str) -> str:
    return name.partition("@")[0].partition("+")[0]
