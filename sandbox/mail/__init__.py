"""Mailboxes on loopback with people behind them: IMAP, SMTP, and answers to what one asks them.

Like the tenant beside it, it is a foreign product to everything else here.

    with MailServer(messages=200, seed=7).serve() as mail:
        print(mail.description())
"""

from sandbox.mail.answering import Answer
from sandbox.mail.delivery import AUTHSERV_ID, Origin
from sandbox.mail.faults import MailFault
from sandbox.mail.incoming import Truth
from sandbox.mail.people import Habit, Person
from sandbox.mail.server import MailServer, Stored
from sandbox.mail.smtp import Handed

__all__ = [
    "AUTHSERV_ID",
    "Answer",
    "Habit",
    "Handed",
    "MailFault",
    "MailServer",
    "Origin",
    "Person",
    "Stored",
    "Truth",
]
