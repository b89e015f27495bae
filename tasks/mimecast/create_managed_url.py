"""Mimecast action "Create Managed URL"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.managed_urls import MatchType, UrlAction
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.CREATE_MANAGED_URL,
        capabilities.LIST_MANAGED_URLS,
    ),
    effect="changes the tenant",
    twice="harmless: Mimecast keeps one entry per URL or domain",
    example='mimecast.create_managed_url("https://login.evil.example/", match_type="domain")',
    undo='"Undo Action" deletes the entry',
)
@task(
    name="Mimecast: Create Managed URL", task_run_name="Create Managed URL", cache_policy=NO_CACHE, persist_result=False
)
def create_managed_url(
    url: str,
    *,
    action: UrlAction = "block",
    match_type: MatchType = "explicit",
    comment: str = "",
    disable_rewrite: bool = False,
    disable_user_awareness: bool = False,
    disable_log_click: bool = False,
    expires_at: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Always block or permit a URL, or everything on its domain, for everybody.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A URL that is managed this way already is reported and is no error.

    Args:
        url: Web address; without a scheme it is taken as http.
        action: What happens when somebody clicks it.
        match_type: `explicit` is this URL alone, `domain` everything on its domain.
        comment: Shown in the console.
        disable_rewrite: Leave the URL in mails as it is.
        disable_user_awareness: Ask the user no awareness question.
        disable_log_click: Do not log clicks.
        expires_at: ISO 8601 time with a time zone, e.g. 2027-03-07T16:03:00Z, at which "Expire Changes" takes it back;
            empty: never.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The entry: `id`, `action`, `matchType`, `url`.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/targeted-threat-protection-url-protect/create-managed-url/
    """
    return changed(
        "Create Managed URL",
        "create_managed_url",
        {
            "url": url,
            "action": action,
            "match_type": match_type,
            "comment": comment,
            "disable_rewrite": disable_rewrite,
            "disable_user_awareness": disable_user_awareness,
            "disable_log_click": disable_log_click,
        },
        success="Successfully created the managed URL in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
        expires_at=expires_at,
    )
