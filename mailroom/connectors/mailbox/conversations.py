"""Mail that belongs to conversations of our own: answers to our questions, and what we sent ourselves.

Such mail is looked after by the reply watcher and would only make noise as alerts, or loops. Because leaving a mail out
is what an attacker wants too, it takes more than a claim: an answer must come from somebody who was asked (or be an
automatic notice about the question), and a sender that our own server found forged is nobody. Where the watcher does
not look, an answer is mail like any other: left out it would be seen by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

from mailroom.clock import Clock
from mailroom.connectors.replies_book import LATE_ANSWERS
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession
from mailroom.mail.model import Mail
from mailroom.mail.replies import (
    QuestionIndex,
    QuestionKeys,
    SenderPolicy,
    authentication_of,
    classify,
    match,
    sender_allowed,
)
from mailroom.mail.replies.senders import base_address
from mailroom.store import Store
from mailroom.store.wait_rows import Wait

_NOTICES = frozenset({"auto_reply", "bounce", "receipt", "challenge"})
"""What machines write about a question; they need not write in the name of the person asked."""


def means(session: ImapSession, folder: str) -> Callable[[str], bool]:
    """Whether a name, as people write it, means this folder of those that were listed. Asks the server nothing."""

    def does(name: str) -> bool:
        try:
            return session.resolve(name, ask=False) == folder
        except (NotFoundError, InvalidInputError):
            return False

    return does


class Conversations:
    """Recognises our own conversations.

    The questions are read once, when the first mail is looked at. Make a new one after each search of a folder: a
    question is stored before it is sent, so every mail found answers questions stored before.
    """

    def __init__(self, store: Store, account: MailAccount, clock: Clock, is_here: Callable[[str], bool]) -> None:
        """`is_here` tells whether a folder's name, as people write it, means the folder that is being read."""
        self._store = store
        self._clock = clock
        self._mailbox = account.name
        self._is_here = cache(is_here)
        self._watched = any(map(self._is_here, account.folders))
        self._own = {base_address(one) for one in account.own_addresses}
        self._own_domains = tuple({one.rpartition("@")[2] for one in self._own} | {"googlemail.com"})
        self._own_addresses = account.own_addresses
        self._trusted = account.trusted_authserv_ids
        self._index: QuestionIndex | None = None
        self._waits: dict[int, Wait] = {}

    def reason(self, mail: Mail) -> str:
        """Why the mail is no alert; empty when it is none of ours."""
        index = self._questions()
        from_us = self._from_us(mail)
        matches = match(mail, index) if len(index) else ()
        if not (from_us or matches):
            return ""  # nearly every mail: what its servers say of it does not matter
        proof = authentication_of(mail, self._trusted)
        # A mail from outside in our name is a forgery, unless our server says otherwise; one from inside it never saw.
        if from_us and (proof.proven or not proof.server):
            return "our own mail: sent from this mailbox's address"
        for found in matches:
            wait = self._wait(int(found.question_key))
            if wait is None or not self._is_watched_for(wait):
                continue
            if self._answers(mail, wait, forged=proof.dmarc == "fail"):
                return f"belongs to question {wait.id}: the reply watcher looks after it"
        return ""

    def _is_watched_for(self, wait: Wait) -> bool:
        """Of a question of another mailbox nobody knows here where it waits for its answers."""
        return wait.mailbox != self._mailbox or self._watched or any(map(self._is_here, wait.folders))

    def _answers(self, mail: Mail, wait: Wait, *, forged: bool) -> bool:
        aliases = wait.question.get("aliases") or {}
        if sender_allowed(mail, wait.recipients, cast(SenderPolicy, wait.sender_policy), aliases) is not None:
            return not forged
        return classify(mail, own_addresses=self._own_addresses, question_sent_at=wait.sent_at).kind in _NOTICES

    def _from_us(self, mail: Mail) -> bool:
        if len(mail.from_) != 1:
            return False
        author = mail.from_[0].address.rstrip("> ")
        return author.endswith(self._own_domains) and base_address(author) in self._own  # the first is nearly always no

    def _questions(self) -> QuestionIndex:
        if self._index is None:
            index = QuestionIndex()
            for wait_id, tokens, message_ids in self._store.waits.known_by(self._clock.now() - LATE_ANSWERS):
                index.add(QuestionKeys(str(wait_id), message_ids=message_ids, token_hashes=tokens))
            self._index = index  # complete before another thread can look at it
        return self._index

    def _wait(self, wait_id: int) -> Wait | None:
        if wait_id not in self._waits:
            self._waits |= self._store.waits.get_many([wait_id])
        return self._waits.get(wait_id)
