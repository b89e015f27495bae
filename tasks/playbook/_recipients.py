"""What the steps of asking recipients share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tasks import _open

if TYPE_CHECKING:
    from mailroom.playbooks.ask_recipient import RecipientDesk
    from mailroom.playbooks.watch_replies import Handle
    from mailroom.store import Store

QuestionLanguage = Literal["as known", "en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "ja"]


def recipient_desk(mailbox: str, mimecast: str, store: str, policy: str) -> RecipientDesk:
    """Mailbox, tenant, store and policy of this process."""
    from mailroom.playbooks.ask import PostDesk
    from mailroom.playbooks.ask_recipient import RecipientDesk

    post = PostDesk(_open.store(store), _open.account(mailbox))
    return RecipientDesk(post, lambda: _open.policy(policy), _open.client(mimecast))


def recipient_answers(policy: str) -> Handle:
    """Makes use of recipients' answers for a watcher; without such a policy the next triage decides."""

    def handle(store: Store, mailbox: str) -> int:
        from mailroom.playbooks.ask_recipient import KIND, handle_answers

        if not store.waits.to_handle(KIND, 1, mailbox=mailbox):
            return 0
        rules = _open.policy(policy) if _open.has_policy(policy) else None
        return handle_answers(store, rules, mailbox=mailbox).handled

    return handle
