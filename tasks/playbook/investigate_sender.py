"""Step "Investigate Sender": everything tenant and store know, asked at once and shown without names."""

from __future__ import annotations

import base64
import logging
from typing import Annotated

import httpx
from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from prefect.runtime import task_run
from pydantic import Field

from blocks._sync import in_sync
from mailroom.errors import NotFoundError
from mailroom.playbooks.act import Desk
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.investigate import (
    DAYS,
    MOST,
    SECONDS,
    Investigation,
    inquiry_about,
    investigate,
    markdown,
    page_rows,
    sentence,
    timeline,
)
from tasks import _open
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._show import MOST_ROWS, show
from tasks._wording import action

log = logging.getLogger("mailroom.tasks")


@task(
    name="Investigate Sender",
    task_run_name="Investigate Sender",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def investigate_sender(
    sender: str = "",
    domain: str = "",
    subject: str = "",
    url: str = "",
    *,
    days: Annotated[int, Field(ge=1, le=365)] = DAYS,
    most_messages: Annotated[int, Field(ge=1, le=100_000)] = MOST,
    seconds: Annotated[float, Field(ge=1, le=3600)] = SECONDS,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    alert: str = "",
) -> Investigation:
    """Find out what is known about a sender, a domain, a subject or a link, and show it without anybody's address.

    A source that cannot be asked is a row that says why; the others count all the same.

    Effect: reads; Mimecast writes the searches to its logs. Twice is harmless.

    Args:
        sender: Address of a sender.
        domain: Domain of senders; subdomains are included where the source includes them.
        subject: Words that stand together in the subject.
        url: A link, or its host. Of everything that is given, all must fit.
        days: How many days back; message tracking reaches 29 days and 23 hours.
        most_messages: Most rows taken of each source, the newest.
        seconds: Time for all sources together.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block: whose authentication results are believed.
        alert: Number, hold id or tracking id of an alert, instead of a sender: its sender is meant.

    Returns:
        Everything that was found, with addresses. It stays in the calling flow; Prefect keeps nothing of it.

    Raises:
        InvalidInputError: nothing was given, or something that cannot be meant.
        NotFoundError: there is no such alert, or it names no sender.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Investigate Sender"):
        if alert.strip():
            known = _open.store(store).alerts.find(alert)
            sender = sender or known.sender
            if not sender:
                raise NotFoundError(f"Alert {known.id} names no sender; there is nobody to investigate.")
        inquiry = inquiry_about(sender=sender, domain=domain, subject=subject, url=url)
        desk = Desk(_open.client(mimecast), _open.store(store), lambda: _open.policy(policy))
        with artifact_progress("Investigate Sender") as progress:
            found = investigate(desk, inquiry, days=days, most=most_messages, seconds=seconds, progress=progress)
        get_run_logger().info("%s", sentence(found, named=False))
        for row in found.unanswered:
            get_run_logger().warning("%s could not be asked: %s", row.name, harmless(row.detail, 400))
        _show(found)
    return found


def _show(found: Investigation) -> None:
    """Sentence, picture and table beside the task run; that they cannot be shown is no reason to fail."""
    if not task_run.id:
        return
    said = sentence(found, named=False)
    picture = base64.b64encode(timeline(found, named=False).encode()).decode()
    try:
        in_sync(create_markdown_artifact, markdown=markdown(found), key="investigation-summary", description=said)
        in_sync(
            create_image_artifact,
            image_url=f"data:image/svg+xml;base64,{picture}", key="investigation-timeline", description=said,
        )  # fmt: skip
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        log.warning("summary and timeline could not be shown: %s", type(error).__name__)
    count = len(found.messages)
    show("investigation-messages", page_rows(found), f"Messages: the newest {min(count, MOST_ROWS)} of {count}.")
