"""Who reports, and whether the report counts: machines, strangers and forgeries are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailroom.mail.account import MailAccount
from mailroom.mail.model import Mail
from mailroom.mail.replies import authentication_of, base_address, classify
from mailroom.rulelang.domains import within

Why = Literal["", "automatic", "ours", "outside", "forged", "unproven", "several authors"]
SENTENCES: dict[Why, str] = {
    "": "",
    "automatic": "a machine wrote it",
    "ours": "it comes from a mailbox of ours",
    "outside": "it comes from outside: only our own people's reports count",
    "forged": "our own server found its sender forged",
    "unproven": "our own server did not prove its sender",
    "several authors": "it names none or several authors",
}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Whoever sent a report."""

    address: str
    """In lower case."""
    proven: bool
    """A server we trust proves the sender's domain."""
    refused: Why = ""
    """Why the report does not count; empty: it does."""

    @property
    def sentence(self) -> str:
        """The refusal, for people."""
        return SENTENCES[self.refused]


def reporter_of(mail: Mail, account: MailAccount, own_domains: frozenset[str]) -> Reporter:
    """Judge the sender of a report. Pure; never raises over a mail.

    Where the mailbox names servers whose word on senders is trusted, that word is needed: anybody can write our own
    addresses into From. Without such servers a report of our own domain is handled, and nobody is proven: it says
    nothing against the mail that it brings.

    Args:
        mail: The report.
        account: The mailbox it came to.
        own_domains: Ours; when empty the mailbox's own domain stands for them.
    """
    address = mail.author.address.lower()
    ours = own_domains or frozenset({account.domain.lower()})
    proof = authentication_of(mail, account.trusted_authserv_ids)
    return Reporter(address, proof.proven, _refusal(mail, account, address, ours, proof.dmarc, proof.proven))


def _refusal(
    mail: Mail, account: MailAccount, address: str, ours: frozenset[str], dmarc: str, proven: bool
) -> Why:  # fmt: skip
    if len(mail.from_) != 1 or not mail.author.valid or "@" not in address:
        return "several authors"
    own = {base_address(one) for one in (*account.own_addresses, *account.guards.own_addresses)}
    if base_address(address) in own:
        return "ours"
    if classify(mail, own_addresses=tuple(own)).kind not in ("human", "unreadable"):
        return "automatic"
    if not within(address.rpartition("@")[2], ours):
        return "outside"
    if dmarc == "fail":
        return "forged"
    return "unproven" if account.trusted_authserv_ids and not proven else ""
