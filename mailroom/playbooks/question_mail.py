"""The mail of a question: made for the first time, and made again from what is stored for those who were put off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import OutgoingMail, question_headers
from mailroom.mail.replies import hash_token, new_token
from mailroom.playbooks.question import Question
from mailroom.store import Store
from mailroom.store.actions import Action
from mailroom.store.wait_rows import Wait


def kept_words(question: Question) -> dict[str, Any]:
    """What of a question's mail is stored. Attachments are not."""
    return {
        "digest": question.digest, "text": question.text, "html": question.html, "reference_in": question.reference_in,
        "to": list(question.to), "cc": list(question.cc), "bcc": list(question.bcc),
    }  # fmt: skip


def question_again(wait: Wait) -> Question | None:
    """The question as it was put, made of what is stored; None when that is not all of it (it had attachments)."""
    kept = wait.question
    made = Question(
        to=tuple(kept.get("to") or wait.recipients), subject=wait.subject, text=str(kept.get("text", "")),
        html=str(kept.get("html", "")), cc=tuple(kept.get("cc") or ()), bcc=tuple(kept.get("bcc") or ()),
        reference_in=kept.get("reference_in", "body"),
    )  # fmt: skip
    try:
        return made if made.digest == kept.get("digest") else None
    except InvalidInputError:
        return None


def mail_of(account: MailAccount, question: Question, wait: Wait | None = None, token: str = "") -> OutgoingMail:
    """The mail; without a stored question one to try things out with."""
    text, html, subject, reply_to = question.text, question.html, question.subject, ""
    if token and question.reference_in == "body":
        text = f"{text}\n\nReference: {token}\n" if text or not html else ""
        html = f'{html}<p style="color:#888;font-size:small">Reference: {token}</p>' if html else ""
    elif token and question.reference_in == "subject":
        subject = f"{subject} [#{token}]"
    elif token and question.reference_in == "reply_to":
        local, _, domain = account.address.rpartition("@")
        reply_to = f"{local}+{token}@{domain}"
    thread_index = str(wait.question.get("thread_index", "")) if wait else ""
    headers = (*question_headers("question"), *((("Thread-Index", thread_index),) if thread_index else ()))
    return OutgoingMail(
        sender=account.sender, to=question.to, cc=question.cc, bcc=question.bcc, subject=subject, text=text, html=html,
        attachments=question.attachments, reply_to=reply_to, headers=headers,
        message_id=wait.message_ids[0] if wait else "<check@mailroom.invalid>",
    )  # fmt: skip


def fresh_token(
    store: Store, account: MailAccount, question: Question, wait: Wait
) -> Callable[[OutgoingMail, Action], OutgoingMail]:
    """Puts a new token into the mail before each attempt; its hash is stored first."""

    def change(mail: OutgoingMail, action: Action) -> OutgoingMail:
        if question.reference_in == "none":
            return mail
        token = new_token()
        # Others have the mail of the action before. Of an attempt that reached nobody nobody has the token.
        others_have_one = bool(action.parameters.get("recipients")) and action.attempt == 1
        store.waits.prepare_sending(wait.id, hash_token(token), beside=others_have_one)
        return replace(mail_of(account, question, wait, token), date=mail.date)

    return change
