"""What became of mails whose sending was not seen to its end: found out by looking, by answers, or told by a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailroom.effects.find_sent import Finding, find_sent
from mailroom.effects.mail_outcome import SEND_MAIL, people_of, put_off_of, rest_of
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.entering import enter
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.ledger import ORPHANED_AFTER

_COPY_APPEARS_WITHIN = timedelta(minutes=10)
"""After the connection was lost; the server may still have been working on the mail then."""


def look_up(
    store: Store, account: MailAccount, actions: Iterable[Action], *, absence_tells: bool = True
) -> list[ActionResult]:
    """Find out what became of mails whose sending was not seen to its end.

    Effect: reads the mailbox; writes the ledger. Twice is harmless.

    Args:
        store: Whose ledger.
        account: Where to look.
        actions: Those that are `unknown` are looked up. A further sending to some of the people is not: the copy in
            Sent, or an answer, may be about the first one.
        absence_tells: The mails were sent from this very account, and not just now, so that finding none may mean
            that none was sent.
    """
    unknown = [one for one in actions if one.state == "unknown" and one.kind == SEND_MAIL and not people_of(one)]
    if not unknown or account.imap is None:
        return []
    results: list[ActionResult] = []
    with enter(account, store.logins) as session:
        for action in unknown:
            finding = find_sent(session, account, action.target, since=action.created_at)
            if finding.found or absence_tells:
                results.append(_result_of_finding(store, account, action, finding))
    faultpoint("send_mail.before_settle_found")
    settle(store, unknown, [result for result in results if result.state != "unknown"], who="look-up")
    return results


def proven_sent(store: Store, action_ids: Iterable[int], why: str) -> None:
    """An answer or a bounce has come: what was unknown until now was sent."""
    unknown = [one for one in store.ledger.get_many(action_ids).values() if one.state == "unknown"]
    if unknown:
        settle(store, unknown, [ActionResult(one.id, "applied", why) for one in unknown], who="replies")


def settle(store: Store, actions: Sequence[Action], results: Sequence[ActionResult], *, who: str) -> None:
    """Record results; those who were refused for now by a mail that was sent get their further action with it."""
    by_id = {one.id: one for one in actions}
    rests = {one.action_id: rest_of(by_id[one.action_id], waiting) for one in results
             if one.state == "applied" and (waiting := put_off_of(by_id[one.action_id]))}  # fmt: skip
    # A look that was overtaken by a new attempt says nothing of that one.
    results = [replace(one, attempt=by_id[one.action_id].attempt) for one in results]

    def record(tx: Connection) -> None:
        overtaken = set(store.ledger.settle(results, tx, who=who))
        for action_id, rest in rests.items():
            if action_id not in overtaken:
                store.ledger.intend(rest, tx)

    if results:
        store.run(record)


def _ended(action: Action) -> datetime:
    """When the attempt was over at the latest: a slow upload may end long after it was claimed."""
    if action.settled_at is not None:
        return action.settled_at  # somebody was there and saw that no answer came
    return min(action.updated_at, (action.claimed_at or action.created_at) + ORPHANED_AFTER)


def _result_of_finding(store: Store, account: MailAccount, action: Action, finding: Finding) -> ActionResult:
    if finding.found:
        return ActionResult(action.id, "applied", f"looked up: {finding.where}")
    old_enough = store.waits.now() - _ended(action) > _COPY_APPEARS_WITHIN
    if finding.conclusive and account.stores_sent_copy and old_enough:
        text = "looked up: no copy in the Sent folder, so it was not sent"
        return ActionResult(action.id, "not_applied", text, result={})
    why = "the copy in Sent may still appear" if account.stores_sent_copy else "the server files no copy of its own"
    text = f"the sending was not seen to its end, and {finding.where or 'no trace of it was found'} ({why})"
    return ActionResult(action.id, "unknown", text, "unknown")
