"""Which open question a mail answers, by evidence.

The index is built once from all open questions; matching a mail costs a few dictionary look-ups, however many
questions are open. A match says which question, never who: that is `senders`' part.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailroom.mail.model import Mail
from mailroom.mail.replies.facts import MailFacts, facts_of
from mailroom.mail.replies.languages import FORWARD_PREFIXES, REPLY_PREFIXES
from mailroom.mail.replies.senders import base_address, normal_address
from mailroom.mail.replies.tokens import hash_token

_PREFIX = re.compile(
    r"\s{0,10}\[?([^\W\d_]{1,12}|[^\W\d_]{1,6} ?[^\W\d_]{1,8})\.?\]?(?:\s?[\[(^]?\d{1,3}[\])]?)?\s?[:：]\s{0,10}"
)
_ALL_PREFIXES = REPLY_PREFIXES | FORWARD_PREFIXES
_TAG = re.compile(r"\s{0,10}\[[^\[\]:：]{1,30}\][\s:]{0,5}(?=\S)")
"""What a gateway or a list puts in front: `[EXTERNAL] FW: ...`."""
_WEIGHTS = {"E1": 100, "E2": 90, "E2b": 80, "E3": 80, "E4": 95, "E5": 70, "E5b": 60, "E6": 70, "E7": 30}


@dataclass(frozen=True, slots=True)
class QuestionKeys:
    """What an open question can be recognised by."""

    key: str
    """The question's own id; comes back in the match."""
    message_ids: tuple[str, ...] = ()
    token_hashes: tuple[str, ...] = ()
    """As made by `hash_token`."""
    thread_index_prefix: str = ""
    """Base64 of the first 22 bytes of our Thread-Index header."""
    subject: str = ""
    recipients: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Further addresses of the recipients."""
    others: tuple[str, ...] = ()
    """Who else may answer: `@example.com` for a domain, `@` for anybody."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a match.

    Codes: E1 In-Reply-To, E2 last of References, E2b other References, E3 original id kept by a server, E4 token in a
    recipient address, E5 token in the subject, E5b token in the body, E6 same conversation by Outlook, E7 same
    subject from a person asked.
    """

    code: str
    weight: int
    detail: str


@dataclass(frozen=True, slots=True)
class Match:
    """A question this mail belongs to; `score` is 0 to 100."""

    question_key: str
    score: int
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class QuestionIndex:
    """Open questions by everything they can be recognised by."""

    _ids: dict[str, list[str]] = field(default_factory=dict)
    _folded_ids: dict[str, list[str]] = field(default_factory=dict)
    _tokens: dict[str, list[str]] = field(default_factory=dict)
    _threads: dict[str, list[str]] = field(default_factory=dict)
    _subjects: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _people: set[str] = field(default_factory=set)
    _others: set[tuple[str, str]] = field(default_factory=set)
    _size: int = 0

    @classmethod
    def of(cls, questions: Iterable[QuestionKeys]) -> QuestionIndex:
        """Build the index."""
        index = cls()
        for question in questions:
            index.add(question)
        return index

    def __len__(self) -> int:
        return self._size

    def add(self, question: QuestionKeys) -> None:
        """Add one more question."""
        self._size += 1
        key = question.key
        for message_id in question.message_ids:
            bare = bare_id(message_id)
            if bare:
                self._ids.setdefault(bare, []).append(key)
                self._folded_ids.setdefault(bare.casefold(), []).append(key)
        for token in question.token_hashes:
            self._tokens.setdefault(token, []).append(key)
        prefix = thread_index_prefix(question.thread_index_prefix)
        if prefix:
            self._threads.setdefault(prefix, []).append(key)
        people = dict.fromkeys(map(base_address, (*question.recipients, *question.aliases)))
        self._people.update(people)
        subject = normal_subject(question.subject)
        if subject:
            self._others.update((subject, base_address(other)) for other in question.others)
            for person in people:
                self._subjects.setdefault((subject, person), []).append(key)

    def by_id(self, message_id: str) -> list[str]:
        """Questions with that Message-ID: as written first, then whatever the case."""
        bare = bare_id(message_id)
        return self._ids.get(bare) or self._folded_ids.get(bare.casefold()) or []

    def by_token(self, token: str) -> list[str]:
        """Questions with that token."""
        return self._tokens.get(hash_token(token), [])

    def by_thread(self, prefix: str) -> list[str]:
        """Questions of that Outlook conversation."""
        return self._threads.get(prefix, [])

    def by_subject(self, subject: str, sender: str) -> list[str]:
        """Questions with that subject that went to that sender."""
        return self._subjects.get((normal_subject(subject), base_address(sender)), [])

    def may_answer(self, sender: str, subject: str) -> bool:
        """Whether a mail may be an answer although only its text says to what.

        From somebody who was asked any mail may; from others who may answer one with the subject of a question.
        """
        if base_address(sender) in self._people:
            return True
        about, domain = normal_subject(subject), base_address(f"@{normal_address(sender).rpartition('@')[2]}")
        return (about, domain) in self._others or (about, "@") in self._others


def match(mail: Mail | MailFacts, questions: QuestionIndex, *, by_subject: bool = False) -> list[Match]:
    """The questions this mail belongs to, best first; empty when none.

    Args:
        mail: A parsed mail, or the facts of its header (`facts_of_header`).
        questions: The index of open questions.
        by_subject: Also accept the same subject from somebody who was asked (evidence E7; off by default because two
            questions may carry the same subject).
    """
    facts = mail if isinstance(mail, MailFacts) else facts_of(mail)
    found: dict[str, list[Evidence]] = {}

    def note(keys: list[str], code: str, detail: str) -> None:
        for key in keys:
            evidence = found.setdefault(key, [])
            if all(item.code != code for item in evidence):
                evidence.append(Evidence(code, _WEIGHTS[code], detail))

    for message_id in facts.in_reply_to:
        note(questions.by_id(message_id), "E1", f"In-Reply-To {message_id}")
    for position, message_id in enumerate(reversed(facts.references)):
        note(questions.by_id(message_id), "E2b" if position else "E2", f"References {message_id}")
    for message_id in facts.original_ids:
        note(questions.by_id(message_id), "E3", f"original id {message_id}")
    for token in facts.address_tokens:
        note(questions.by_token(token), "E4", "token in a recipient address")
    for token in facts.subject_tokens:
        note(questions.by_token(token), "E5", "token in the subject")
    for token in facts.body_tokens:
        note(questions.by_token(token), "E5b", "token in the body")
    prefix = thread_index_prefix(facts.thread_index)
    if prefix:
        note(questions.by_thread(prefix), "E6", "same Outlook conversation")
    if by_subject and facts.sender:
        note(
            questions.by_subject(facts.subject, normal_address(facts.sender)), "E7", "same subject from a person asked"
        )
    matches = [Match(key, _score(evidence), tuple(evidence)) for key, evidence in found.items()]
    return sorted(matches, key=lambda item: (-item.score, item.question_key))


def _score(evidence: list[Evidence]) -> int:
    weights = sorted((item.weight for item in evidence), reverse=True)
    return min(100, weights[0] + 5 * (len(weights) - 1))


def bare_id(message_id: str) -> str:
    """A Message-ID without angle brackets and without any blanks that folding put inside."""
    return "".join(message_id.split()).strip("<>")


def thread_index_prefix(value: str) -> str:
    """The first 22 bytes of a Thread-Index header (they name the conversation), as base64; empty when it is none."""
    compact = "".join(value.split())[:400]
    if len(compact) < 30:
        return ""
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(raw[:22]).decode("ascii") if len(raw) >= 22 else ""


def normal_subject(subject: str) -> str:
    """The subject without reply and forward prefixes of any language, in one case and with single blanks."""
    rest = subject[:1_000]
    for _ in range(20):
        found = _PREFIX.match(rest)
        if found is None or found[1].casefold() not in _ALL_PREFIXES:
            break
        rest = rest[found.end() :]
    return " ".join(rest.casefold().split())


def _prefix(subject: str) -> re.Match[str] | None:
    subject = subject[:200]
    if ":" not in subject and "：" not in subject:  # most subjects; the pattern takes ten times as long to see it
        return None
    tag = _TAG.match(subject)
    found = _PREFIX.match(subject, tag.end() if tag else 0)
    return found if found is not None and found[1].casefold() in _ALL_PREFIXES else None


def says_forward(subject: str) -> bool:
    """Whether a subject begins as those of forwarded mails do."""
    found = _prefix(subject)
    return found is not None and found[1].casefold() in FORWARD_PREFIXES


def says_answer(subject: str) -> bool:
    """Whether a subject begins as those of answers do, in no language as those of forwarded mails."""
    found = _prefix(subject)
    return found is not None and found[1].casefold() not in FORWARD_PREFIXES


def without_prefix(subject: str) -> str:
    """The subject without its first prefix of an answer or a forward, and without the tag in front of that."""
    found = _prefix(subject)
    return subject[found.end() :].strip() if found is not None else subject
