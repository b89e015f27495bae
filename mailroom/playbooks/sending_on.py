"""What a watcher does for mails that are not through.

It looks for those of unknown fate, and tries again those people who refused a question for now: ever more seldom, and
not beyond the question's end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.careful_login import SendingPausedError, may_send
from mailroom.connectors.replies_book import QuestionBook
from mailroom.effects.look_up_mail import look_up, proven_sent, settle
from mailroom.effects.mail_outcome import SEND_MAIL, SendOutcome, may_be_tried, people_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import MailroomError, RefusedError
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.playbooks.question_mail import fresh_token, mail_of, question_again
from mailroom.playbooks.sending import LOOKED_FOR_AFTER_DEADLINE, chain_of, next_try, note_server, take_up
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.wait_rows import Wait

log = logging.getLogger(__name__)

_EVERY = 60.0
"""Seconds between two passes of one watcher."""
SENDING_SECONDS = 30.0
"""After that no further mail goes out before the next look: whoever has answered meanwhile is not asked."""
_FIRST_LOOK, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
_WITHOUT_A_QUESTION = timedelta(days=7)
"""How long a mail is looked for that belongs to no open question of this mailbox."""
_PAGE = 500
_SETTLED = "the question is settled: nobody is asked any more"


class SendingOn:
    """One watcher's care for the mails of its mailbox that are not through."""

    def __init__(self, store: Store, account: MailAccount, book: QuestionBook, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store, self._account, self._book, self._clock = store, account, book, clock
        self._last: float | None = None

    def go_on(self, keep: Callable[[], None] = lambda: None) -> tuple[int, list[str]]:
        """Look up, take up and try again what is due, at most once a minute.

        Effect: reads the mailbox, writes the store, may send mail to people who were refused for now.

        Args:
            keep: Called before each mail; holds the mailbox's lease meanwhile.

        Returns:
            How many mails went out, and what went wrong.
        """
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < _EVERY:
            return 0, []
        self._last = now
        problems: list[str] = []
        self._store.ledger.adopt_orphans()
        by_mail = self._by_mail()
        try:
            self._look_up(by_mail)
        except MailroomError as error:
            problems.append(f"unknown sendings could not be looked up: {error}")
        self._take_up_unsent()
        return self._try_again(by_mail, problems, keep), problems

    def were_sent(self, action_ids: Iterable[int]) -> None:
        """Their sending was not seen to its end and is proven now: from then on reminders are reckoned."""
        proven = self._store.ledger.get_many(action_ids).values()
        by_mail = self._by_mail() if proven else {}
        for action in proven:
            if action.target in by_mail:
                take_up(self._store, self._store.waits.get(by_mail[action.target].id))

    # -- inside ---------------------------------------------------------------------------------------------------

    def _by_mail(self) -> dict[str, Wait]:
        """The questions of this mailbox, open or settled lately, by the Message-IDs of their mails."""
        waits = self._book.waits.values()
        return {known: wait for wait in waits if wait.is_ours for known in wait.message_ids}

    def _look_up(self, by_mail: Mapping[str, Wait]) -> None:
        """Each search goes over whole folders: one mail is looked for ever more seldom, and not for ever."""
        now = self._store.waits.now()
        unknown = self._store.ledger.open_effects(states=("unknown",), kinds=(SEND_MAIL,))
        mine = [one for one in unknown if one.target.rstrip(">").endswith("@" + self._account.domain)]
        due = [one for one in mine if is_due(one, self._account.name, by_mail.get(one.target), now)]
        for action in due:
            looked = dict(action.result.get("looked") or {}) | {self._account.name: now.isoformat()}
            noted = action.result | {"looked": looked}
            self._store.ledger.keep(action.id, action.attempt, noted, states=("unknown",))
        if not due:
            return
        self._answered(due, by_mail)
        # Another mailbox of our domain may have sent it: that we have no copy tells nothing.
        found = look_up(self._store, self._account, due, absence_tells=False)
        self.were_sent(one.action_id for one in found if one.state == "applied")

    def _answered(self, actions: Iterable[Action], by_mail: Mapping[str, Wait]) -> None:
        """A further sending to some people is proven by what one of them answered, and by nothing else."""
        for action in actions:
            wait, people = by_mail.get(action.target), {one.lower() for one in people_of(action)}
            if wait is None or not people:
                continue
            rows = self._store.waits.progress(self._store.waits.get(wait.id)).recipients
            if any(row["answer_id"] is not None and row["recipient"] in people for row in rows):
                proven_sent(self._store, [action.id], "an answer or a bounce of one of them refers to it")
                self.were_sent([action.id])

    def _take_up_unsent(self) -> None:
        """Whoever asked may have ended between the sending and its record in the question."""
        for wait in self._book.open_waits():
            if wait.sent_at is None and wait.is_ours:
                take_up(self._store, self._store.waits.get(wait.id))

    def _try_again(self, by_mail: Mapping[str, Wait], problems: list[str], keep: Callable[[], None]) -> int:
        sent, tried, until = 0, 0, self._clock.monotonic() + SENDING_SECONDS
        for action in list(self._waiting()):
            if tried and self._clock.monotonic() >= until:
                self._last = None  # the others are due as well
                break
            keep()
            wait = by_mail.get(action.target)
            if wait is None:
                continue  # a mail of somebody else
            if action.target != wait.message_ids[0]:  # a reminder: the next one asks them
                if not wait.is_open:
                    self._give_up(action, _SETTLED)
                continue
            try:
                outcome = self._try_one(self._store.waits.get(wait.id), action)
                if outcome is not None:
                    sent, tried = sent + outcome.sent_now, tried + 1
            except RefusedError as error:
                self._give_up(action, str(error))
                take_up(self._store, self._store.waits.get(wait.id))
            except SendingPausedError as error:
                problems.append(f"those who refused a question for now are asked later: {error}")
                break
            except MailroomError as error:
                problems.append(f"question {wait.id} could not be sent to those who refused it for now: {error}")
                tried += 1
        return sent

    def _waiting(self) -> Iterator[Action]:
        last = 0
        while True:
            page = self._store.ledger.to_do(_PAGE, after_id=last, kinds=(SEND_MAIL,))
            yield from (one for one in page if may_be_tried(one))
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def _try_one(self, wait: Wait, action: Action) -> SendOutcome | None:
        """What came of it; None where it is not the time for it."""
        now = self._store.waits.now()
        if not wait.is_open or wait.deadline <= now:
            self._give_up(action, _SETTLED)
            return None
        chain = chain_of(self._store, wait)
        due, question = next_try(chain), question_again(wait)
        if due is None or due > now or question is None:
            take_up(self._store, wait)
            return None
        may_send(self._account, self._store)
        outcome = send_once(
            self._store, self._account, mail_of(self._account, question, wait), key=wait.key, tenant=wait.tenant,
            digest=str(wait.question["digest"]), alert_id=wait.alert_id, requested_by=action.requested_by,
            before_sending=fresh_token(self._store, self._account, question, wait), clock=self._clock,
        )  # fmt: skip
        note_server(self._store, self._account, outcome)
        faultpoint("replies.tried_again")
        take_up(self._store, self._store.waits.get(wait.id))
        return outcome

    def _give_up(self, action: Action, why: str) -> None:
        settle(self._store, [action], [ActionResult(action.id, "refused", why, "given_up")], who="replies")


def is_due(action: Action, mailbox: str, wait: Wait | None, now: datetime) -> bool:
    """Whether a mail of unknown fate is looked for now: after 2, 4, 8, ... minutes, at last every six hours.

    It ends a day after the question's deadline; for a mail without a question after a week.
    """
    began = action.claimed_at or action.created_at
    until = wait.deadline + LOOKED_FOR_AFTER_DEADLINE if wait is not None else began + _WITHOUT_A_QUESTION
    if now > until:
        return False
    text = (action.result.get("looked") or {}).get(mailbox)
    if text is None:
        return True
    looked = datetime.fromisoformat(str(text))
    return now - looked >= min(max(looked - began, _FIRST_LOOK), _LONGEST_PAUSE)
