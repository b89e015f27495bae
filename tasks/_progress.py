"""Progress of a long step, as an artifact that the UI updates in place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from blocks._sync import in_sync
from mailroom.connectors.held import Progress

_SHOW_AFTER = 3.0  # seconds; a step that is quicker needs no bar
_EVERY = 2.0


@contextmanager
def artifact_progress(what: str) -> Iterator[Progress]:
    """A progress callback that makes its artifact only when the step takes long."""
    started = time.monotonic()
    shown: UUID | None = None
    last = 0.0

    def show(step: str, done: int, total: int | None) -> None:
        nonlocal shown, last
        now = time.monotonic()
        if now - started < _SHOW_AFTER or now - last < _EVERY or not total:
            return
        last = now
        percent = min(100.0, 100.0 * done / total)
        if shown is None:
            shown = in_sync(create_progress_artifact, progress=percent, description=f"{what}: {step}")
        else:
            in_sync(update_progress_artifact, artifact_id=shown, progress=percent)

    yield show
    if shown is not None:
        in_sync(update_progress_artifact, artifact_id=shown, progress=100.0)
