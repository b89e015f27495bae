"""Which of the open questions a mail answers: the part of the reply watcher that looks at one mail."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailroom.connectors.replies_book import QuestionBook
from mailroom.connectors.replies_judge import bounced, judge, unreadable
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FetchedMail, LightMail
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse_safely
from mailroom.mail.replies import Match, QuestionIndex, classify, facts_of_header, match
from mailroom.redact import place_of
from mailroom.store import Store
from mailroom.store.wait_rows import NewAnswer, Wait

log = logging.getLogger(__name__)

_REPORTS = (b"multipart/report", b"x-failed-recipients:", b"mailer-daemon", b"postmaster@", b"return-path: <>")


class AnswerFinder:
    """Finds the answers in a mail. Keeps the bytes of those that are answers, where it is told to."""

    def __init__(self, store: Store, account: MailAccount, book: QuestionBook) -> None:
        self._store = store
        self._account = account
        self._book = book

    def may_be_answer(self, mail: LightMail, index: QuestionIndex) -> bool:
        """By its header: also a report of any kind, and all from people who may answer. The body may refer to it."""
        facts = facts_of_header(mail.header)
        if match(facts, index, by_subject=True) or (facts.sender and index.may_answer(facts.sender, facts.subject)):
            return True
        head = mail.header.lower()
        return len(index) > 0 and any(sign in head for sign in _REPORTS)

    def answers_in(self, fetched: FetchedMail, key: str, index: QuestionIndex, *, keep: bool) -> Iterator[NewAnswer]:
        """One answer per question that the mail is meant for, and per person whom a bounce names.

        Args:
            fetched: The whole mail.
            key: folder/numbering/UID.
            index: The questions it may answer.
            keep: Store its bytes, and the files of an answer that counts.
        """
        mail = parse_safely(fetched.raw, internal_date=fetched.internal_date, truncated=fetched.truncated)
        matches = match(mail, index, by_subject=True)
        if not matches:
            return
        meant, ambiguous = self._meant(matches)
        for wait, one in meant:
            kind = classify(mail, own_addresses=self._account.own_addresses, question_sent_at=wait.sent_at)
            if kind.kind == "own":
                continue
            keep_it = keep and not fetched.truncated
            sha256 = self._store.blobs.put(fetched.raw) if keep_it else mail.sha256
            try:
                answer = judge(mail, fetched, key, wait, one, kind, self._account, sha256)
            except Exception as error:  # noqa: BLE001 - a fault of ours: people read what we could not
                log.warning("UID %d could not be judged for question %d: %s", fetched.uid, wait.id, place_of(error))
                answer = unreadable(mail, fetched, key, wait, one, sha256)
            if ambiguous and answer.accepted:
                answer = replace(answer, accepted=False, why="several open questions have this subject")
            if keep:
                answer = replace(answer, kept=self._kept(mail, fetched, answer))
            yield answer
            yield from _further_bounces(answer, bounced(kind, wait))

    def _meant(self, matches: Sequence[Match]) -> tuple[list[tuple[Wait, Match]], bool]:
        """The questions with the best evidence, and whether nobody can say which of them is meant.

        Many may have the same subject: where nothing else fits, the newest one gets the mail.
        """
        best = [(wait, one) for one in matches if one.score == matches[0].score
                for wait in self._book.of_keys([one.question_key])]  # fmt: skip
        if not best or any(one.code != "E7" for one in matches[0].evidence):
            return best, False
        still_open = [pair for pair in best if pair[0].is_open]
        return [max(still_open or best, key=lambda pair: pair[0].id)], len(still_open) > 1

    def _kept(self, mail: Mail, fetched: FetchedMail, answer: NewAnswer) -> tuple[tuple[str, int], ...]:
        """The mail, which is a blob already, and the files of an answer that counts."""
        kept = [(answer.raw_sha256, len(fetched.raw))] if not fetched.truncated else []
        if answer.accepted and answer.classification == "human":
            kept += [
                (self._store.blobs.put(one.content), one.size) for one in mail.attachments if one.content is not None
            ]
        return tuple(kept)


def _further_bounces(first: NewAnswer, gone: Sequence[str]) -> Iterator[NewAnswer]:
    """One bounce may name several people; each gets a row of its own."""
    for number, recipient in enumerate(gone[1:], 2):
        key, sha256 = f"{first.external_key}#{number}", f"{first.raw_sha256}#{number}"
        yield replace(first, recipient=recipient, external_key=key, raw_sha256=sha256, kept=())
