"""Rails for sending: what no playbook may do by accident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mail.compose.addresses import Mailbox, parse_mailbox, parse_mailboxes
from mailroom.mail.compose.message import envelope_recipients
from mailroom.mail.compose.outgoing import OutgoingMail

_MACHINES = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon", "double-bounce", "mdaemon"})
_RETURN_PATHS = ("bounce+", "bounces+", "bounce-", "bounces-", "prvs=", "msprvs1=", "srs0=", "srs0+", "srs1=")


@dataclass(frozen=True, slots=True)
class SendGuards:
    """Limits of one sending account. The caller counts what was sent; nothing is remembered here."""

    max_recipients: int = 100
    allowed_domains: tuple[str, ...] = ()
    """Only these recipients' domains; `*.example.com` covers those below it. Empty: any."""
    own_addresses: tuple[str, ...] = ()
    """Mailboxes we read: mail to them could go round for ever. The sender always counts as one."""
    max_per_thread_and_hour: int = 10

    def check(self, mail: OutgoingMail, *, recipients: Iterable[str] | None = None, sent_in_thread: int = 0) -> None:
        """Let the mail pass, or say why not.

        Args:
            mail: What is about to be sent.
            recipients: The envelope when it is not everyone of To, Cc and Bcc.
            sent_in_thread: Mails of ours in this thread during the last hour.

        Raises:
            RefusedError: A limit or a rail forbids it.
            InvalidInputError: An address is not valid, or there is no recipient.
        """
        people = envelope_recipients(mail) if recipients is None else parse_mailboxes(recipients)
        if not people:
            raise InvalidInputError("the mail has no recipient; name at least one in to, cc or bcc")
        if not mail.sender.strip() or mail.sender.strip() == "<>":
            raise RefusedError("mail with the null sender is for bounces only; set the sender")
        if len(people) > self.max_recipients:
            raise RefusedError(
                f"{len(people)} recipients are more than the {self.max_recipients} allowed; send several mails, or "
                "raise max_recipients"
            )
        if sent_in_thread >= self.max_per_thread_and_hour:
            raise RefusedError(
                f"{sent_in_thread} mails went into this thread within an hour, the limit is "
                f"{self.max_per_thread_and_hour}: perhaps a loop. Look at the thread before sending more"
            )
        own = {_plain(parse_mailbox(one)) for one in (mail.sender, *self.own_addresses)}
        for one in people:
            self._check_recipient(one, own)

    def _check_recipient(self, one: Mailbox, own: set[str]) -> None:
        local = one.local.lower()
        if local in _MACHINES or local.startswith(_RETURN_PATHS):
            raise RefusedError(f"{one.address} belongs to a mail server, not to a person; nothing is sent there")
        if _plain(one) in own:
            raise RefusedError(f"{one.address} is a mailbox of ours; mail to it could go round for ever. Remove it")
        if self.allowed_domains and not any(_covers(domain, one.domain) for domain in self.allowed_domains):
            raise RefusedError(
                f"{one.domain} is not among the allowed recipient domains; add it to allowed_domains if it should be"
            )


def _covers(rule: str, domain: str) -> bool:
    rule = rule.strip().lower().removeprefix("@")
    return domain.endswith(rule[1:]) if rule.startswith("*.") else domain == rule


def _plain(mailbox: Mailbox) -> str:
    """The mailbox behind a tagged address."""
    return f"{mailbox.local.partition('+')[0]}@{mailbox.domain}".lower()
