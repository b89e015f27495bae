"""Replies: which question a mail answers, what kind of mail it is, what the person wrote, what was forwarded."""

from mailroom.mail.replies.answer import Answer, answer_from_text, extract_answer
from mailroom.mail.replies.bounces import Bounce, BouncedRecipient, cause_of
from mailroom.mail.replies.classify import Classification, Kind, classify
from mailroom.mail.replies.facts import MailFacts, facts_of, facts_of_header, message_ids
from mailroom.mail.replies.forwards import Forwarded, ForwardRegexes, forwarded
from mailroom.mail.replies.matching import (
    Evidence,
    Match,
    QuestionIndex,
    QuestionKeys,
    match,
    normal_subject,
    thread_index_prefix,
)
from mailroom.mail.replies.senders import (
    Authentication,
    SenderPolicy,
    authentication_of,
    base_address,
    normal_address,
    sender_allowed,
)
from mailroom.mail.replies.tokens import hash_token, new_token, tokens_in

__all__ = [
    "Answer",
    "Authentication",
    "Bounce",
    "BouncedRecipient",
    "Classification",
    "Evidence",
    "ForwardRegexes",
    "Forwarded",
    "Kind",
    "MailFacts",
    "Match",
    "QuestionIndex",
    "QuestionKeys",
    "SenderPolicy",
    "answer_from_text",
    "authentication_of",
    "base_address",
    "cause_of",
    "classify",
    "extract_answer",
    "facts_of",
    "facts_of_header",
    "forwarded",
    "hash_token",
    "match",
    "message_ids",
    "new_token",
    "normal_address",
    "normal_subject",
    "sender_allowed",
    "thread_index_prefix",
    "tokens_in",
]
