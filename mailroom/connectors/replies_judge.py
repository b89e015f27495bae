"""Does this mail count as an answer to this question, and why or why not. Reads nothing, changes nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from mailroom.indicators.patterns import UserPattern, compile_user
from mailroom.mail.account import MailAccount
from mailroom.mail.answer_result import answer_result
from mailroom.mail.imap import UNKNOWN_TIME, FetchedMail
from mailroom.mail.model import Mail
from mailroom.mail.replies import (
    Classification,
    Match,
    SenderPolicy,
    authentication_of,
    extract_answer,
    normal_address,
    sender_allowed,
)
from mailroom.store.wait_rows import NewAnswer, Wait

ENOUGH = 60
"""Weight of evidence below which a mail is only noted, not counted."""
_SKEW = timedelta(minutes=5)


def judge(
    mail: Mail, fetched: FetchedMail, external_key: str, wait: Wait, match: Match, kind: Classification,
    account: MailAccount, raw_sha256: str,
) -> NewAnswer:  # fmt: skip
    """One row for `answers`.

    Args:
        mail: The parsed mail.
        fetched: As it lay on the server.
        external_key: folder/UIDVALIDITY/UID.
        wait: The question.
        match: The evidence that they belong together.
        kind: What kind of mail it is.
        account: The mailbox that asked.
        raw_sha256: Of its bytes; empty when they are not kept.
    """
    received = fetched.internal_date
    if received == UNKNOWN_TIME:
        received = mail.date or wait.deadline
    proof = authentication_of(mail, account.trusted_authserv_ids)
    recipient, accepted, why = _counts(mail, wait, match, kind, proof.dmarc, received)
    text, result = "", dict[str, Any]()
    if kind.kind in {"human", "auto_reply", "unreadable"}:
        text = extract_answer(mail).text
        result = answer_result(mail, uid=fetched.uid, received_at=received, answer=text).as_json()
    evidence: dict[str, Any] = {
        "match": [{"code": one.code, "weight": one.weight, "detail": one.detail} for one in match.evidence],
        "kind": list(kind.reasons),
        "dmarc": proof.dmarc,
    }
    if kind.return_date is not None:
        evidence["return_date"] = kind.return_date.isoformat()
    if kind.bounce is not None:
        evidence["bounce"] = [
            {"address": one.address, "action": one.action, "status": one.status, "diagnostic": one.diagnostic[:300]}
            for one in kind.bounce.recipients
        ]
    return NewAnswer(
        wait_id=wait.id, external_key=external_key, sender=mail.author.address, recipient=recipient,
        classification=kind.kind, accepted=accepted, why=why, score=float(match.score), text=text,
        received_at=received, message_id=mail.message_id, raw_sha256=raw_sha256, evidence=evidence, result=result,
        attachments=tuple(
            {"name": one.name, "size": one.size, "sha256": one.sha256, "mime_type": one.mime_type}
            for one in mail.attachments
        ),
    )  # fmt: skip


def unreadable(
    mail: Mail, fetched: FetchedMail, external_key: str, wait: Wait, match: Match, raw_sha256: str
) -> NewAnswer:
    """The row of a mail that belongs to the question and over which `judge` failed: for people to read.

    Arguments as for `judge`.
    """
    return NewAnswer(
        wait_id=wait.id, external_key=external_key, sender=mail.author.address, recipient="",
        classification="unreadable", accepted=False, why="it could not be judged: read the mail itself",
        score=float(match.score), text="", received_at=fetched.internal_date, message_id=mail.message_id,
        raw_sha256=raw_sha256,
    )  # fmt: skip


def bounced(mail_kind: Classification, wait: Wait) -> list[str]:
    """Which of the people asked a bounce says it cannot reach for good."""
    bounce = mail_kind.bounce
    if bounce is None:
        return []
    failed = {normal_address(one.address) for one in bounce.recipients if one.action == "failed"}
    named = [one for one in wait.recipients if normal_address(one) in failed]
    # A bounce that names nobody (or the address behind a forwarder) can only mean the one who was asked.
    alone = len(wait.recipients) == 1 and (bool(failed) or (bounce.suspected and not bounce.recipients))
    return named or (list(wait.recipients) if alone else [])


def _counts(
    mail: Mail, wait: Wait, match: Match, kind: Classification, dmarc: str, received: Any
) -> tuple[str, bool, str]:
    """(whom it counts for, whether it counts, why)."""
    aliases = wait.question.get("aliases") or {}
    recipient = sender_allowed(mail, wait.recipients, cast(SenderPolicy, wait.sender_policy), aliases) or ""
    if kind.kind == "bounce":
        gone = bounced(kind, wait)
        return (gone[0] if gone else recipient), bool(gone), "could not be delivered" if gone else "not final"
    if kind.kind != "human":
        return recipient, False, f"{kind.kind}: {'; '.join(kind.reasons[:3])}"
    by_subject = bool(wait.question.get("by_subject"))
    if max(one.weight for one in match.evidence) < ENOUGH and not by_subject:
        return recipient, False, "only the subject fits"
    if not recipient:
        return "", False, "from somebody who was not asked"
    asked_at = wait.sent_at or wait.scan_from
    # What names the mail or its token was written after it, whatever the server's clock says.
    maybe_older = all(one.code in {"E6", "E7"} for one in match.evidence)
    if maybe_older and asked_at is not None and received < asked_at - _SKEW:
        return recipient, False, "older than the question"
    if dmarc == "fail":
        return recipient, False, "its sender is forged (DMARC fail)"
    if wait.question.get("need_proof") and dmarc != "pass":
        return recipient, False, "its sender is not proven (DMARC pass is wanted)"
    given_up = ""
    for what, text in (("subject", mail.subject), ("body", mail.text or mail.html)):
        for pattern in wait.exclusions.get(what, []):
            compiled = _compiled(pattern)
            timeouts = compiled.timeouts
            if compiled.search(text):
                return recipient, False, f"excluded by the {what} pattern {pattern[:100]!r}"
            if compiled.disabled or compiled.timeouts > timeouts:
                given_up = f"; the {what} pattern {pattern[:100]!r} takes too long and was passed over"
    return recipient, True, f"from somebody who was asked{given_up}"


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> UserPattern:
    return compile_user(pattern)
