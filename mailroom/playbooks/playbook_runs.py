"""Starting what templates, rules and people want started: each wish once, whoever starts it, wherever it is killed.

Whoever starts holds one lease. Prefect is given a key per wish, so that asking twice gives the same flow run; without
Prefect a playbook runs in this process, and one that was killed runs again, at most `MOST_ATTEMPTS` times. The
playbooks themselves do nothing twice.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from mailroom.errors import AccessError, InvalidInputError, MailroomError, NotFoundError, TransientError
from mailroom.faults import faultpoint
from mailroom.playbooks.known_playbooks import KnownPlaybook, Workplace, known
from mailroom.redact import scrub
from mailroom.store import Lease, Store
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.playbook_runs import LEASE, PlaybookRun

MOST_ATTEMPTS = 3
_HELD = timedelta(minutes=30)
"""How long a playbook that runs here may take before others think that this process has died."""
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Look:
    """What became of a flow run."""

    state: str
    """`running`, `completed`, `failed` or `unknown` (it does not exist any more)."""
    detail: str = ""


class Starter(Protocol):
    """Starts deployments."""

    def start(self, deployment: str, parameters: dict[str, Any], key: str) -> str:
        """The flow run; the same key gives the same one.

        Raises:
            NotFoundError: there is no such deployment.
            InvalidInputError: it does not take these parameters.
            TransientError: nobody answered.
        """

    def look(self, flow_run_id: str) -> Look:
        """What became of it. Raises TransientError."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of one wish in this round."""

    run_id: int
    playbook: str
    case_id: int | None
    outcome: str
    """`started`, `running`, `completed`, `failed`, `unknown`, `not here` or `waiting`."""
    detail: str = ""

    def row(self) -> dict[str, str]:
        """For tables."""
        case = str(self.case_id or "")
        return {"run": str(self.run_id), "playbook": self.playbook, "case": case, "outcome": self.outcome,
                "detail": self.detail}  # fmt: skip


def start_wanted(
    store: Store, starter: Starter, blocks: dict[str, str], *, tenants: Collection[str] = (),
    who: str = "start wanted playbooks", limit: int = 500,
) -> list[Begun]:  # fmt: skip
    """Start what is wanted, and look what became of what was started.

    Effect: writes the store, starts flow runs, each once. Twice is harmless.

    Args:
        store: Where the wishes are.
        starter: Who starts them.
        blocks: Names of blocks that the playbooks are given, by kind.
        tenants: Only wishes of these tenants, as the store calls them; empty: of all.
        who: For the wall.
        limit: Most new wishes of one round.

    Raises:
        BusyError: somebody else starts playbooks right now.
        TransientError: nobody answered; what was started is written down.
    """

    def do(lease: Lease, run: PlaybookRun) -> Begun:
        return _with_starter(store, starter, blocks, lease, run, who)

    return _round(store, do, limit, lambda run: not tenants or run.tenant in tenants)


def run_in_place(
    place: Workplace, *, run_ids: Collection[int] = (), tenants: Collection[str] = (), who: str = "command line",
    limit: int = 500,
) -> list[Begun]:  # fmt: skip
    """Carry out in this process what is wanted and can be carried out here. What Prefect has started is left alone.

    Effect: that of the playbooks. Twice is harmless; one that was killed is run again.

    Args:
        place: What the playbooks work with.
        run_ids: Only these; empty: all.
        tenants: Only wishes of these tenants, as the store calls them; empty: of all.
        who: For the wall.
        limit: Most new wishes of one round.

    Raises:
        BusyError: somebody else starts playbooks right now.
    """

    def wanted(run: PlaybookRun) -> bool:
        return (not run_ids or run.id in run_ids) and (not tenants or run.tenant in tenants)

    return _round(place.store, lambda lease, run: _here(place, lease, run, who), limit, wanted)


def accept(store: Store, run_id: int, *, who: str, why: str = "") -> PlaybookRun:
    """A person wants what was offered, or once more what failed. Effect: writes the store. Twice is harmless."""
    return store.playbook_runs.accept(run_id, who=who, why=why)


def _round(
    store: Store, do: Callable[[Lease, PlaybookRun], Begun], limit: int, wanted: Callable[[PlaybookRun], bool]
) -> list[Begun]:
    """First what is new, then what runs: many runs that wait for people must not keep the next wish waiting."""
    lease = store.leases.acquire(LEASE)
    keeper = LeaseKeeper(store.leases, lease)
    done: list[Begun] = []
    try:
        running = list(_pages(store, "started"))
        new = itertools.islice((run for run in _pages(store, "wanted") if wanted(run)), limit)
        for run in [*new, *(run for run in running if wanted(run))]:
            keeper.keep()
            done.append(do(lease, run))
    finally:
        store.leases.release(lease)
    return done


def _pages(store: Store, state: str) -> Iterator[PlaybookRun]:
    after = 0
    while page := store.playbook_runs.open(state, after_id=after):
        yield from page
        after = page[-1].id


def _with_starter(
    store: Store, starter: Starter, blocks: dict[str, str], lease: Lease, run: PlaybookRun, who: str
) -> Begun:
    if run.flow_run_id:
        look = starter.look(run.flow_run_id)
        if look.state == "running":
            return _begun(run, "running")
        return _over(store, lease, run, look.state, look.detail, None, who)
    try:
        playbook = known(run.playbook)
        parameters = playbook.parameters(run) | {name: blocks[name] for name in playbook.blocks if name in blocks}
    except MailroomError as error:
        return _failed(store, lease, run, error, who)
    faultpoint("playbook_runs.before_start")
    try:
        flow_run_id = starter.start(playbook.deployment, parameters, start_key(run))
    except NotFoundError as error:
        return _waits(store, run, str(error))  # until somebody deploys it
    except InvalidInputError as error:
        return _failed(store, lease, run, error, who)
    faultpoint("playbook_runs.after_start")
    store.playbook_runs.started(run.id, flow_run_id=flow_run_id, lease=lease, who=who)
    faultpoint("playbook_runs.recorded")
    return _begun(run, "started")


def _here(place: Workplace, lease: Lease, run: PlaybookRun, who: str) -> Begun:
    if run.flow_run_id:
        return _begun(run, "running", "Prefect runs it")
    try:
        playbook = known(run.playbook)
        playbook.parameters(run)
    except MailroomError as error:
        return _failed(place.store, lease, run, error, who)
    if playbook.in_place is None:
        return _begun(run, "not here", f"deploy it: `{playbook.deployment}`, and let `start wanted playbooks` start it")
    if run.attempts >= MOST_ATTEMPTS:
        last = f"; the last one: {run.detail}" if run.detail else ""
        detail = f"{run.attempts} attempts ended before the playbook did{last}"
        return _over(place.store, lease, run, "failed", detail, None, who)
    place.store.leases.renew(lease, ttl=_HELD)
    place.store.playbook_runs.started(run.id, lease=lease, who=who)
    faultpoint("playbook_runs.claimed")
    try:
        result = playbook.in_place(place, run)
    except (TransientError, AccessError) as error:
        return _waits(place.store, run, str(error))
    except MailroomError as error:
        return _failed(place.store, lease, run, error, who)
    faultpoint("playbook_runs.before_finish")
    return _over(place.store, lease, run, "completed", str(result.get("sentence", "")), result, who)


def start_key(run: PlaybookRun) -> str:
    """The key that makes starting a wish twice harmless; another one for each attempt, and for each store."""
    text = f"{run.key}|{run.id}|{run.created_at.isoformat()}|{run.attempts}"
    return f"mailroom-playbook-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _begun(run: PlaybookRun, outcome: str, detail: str = "") -> Begun:
    return Begun(run.id, run.playbook, run.case_id, outcome, detail)


def _waits(store: Store, run: PlaybookRun, detail: str) -> Begun:
    said = scrub(detail)[:_LONGEST_DETAIL]
    store.playbook_runs.remark(run.id, said)
    return _begun(run, "waiting", said)


def _failed(store: Store, lease: Lease, run: PlaybookRun, error: MailroomError, who: str) -> Begun:
    return _over(store, lease, run, "failed", str(error), None, who)


def _over(
    store: Store, lease: Lease, run: PlaybookRun, state: str, detail: str, result: Any, who: str
) -> Begun:  # fmt: skip
    said = scrub(detail)[:_LONGEST_DETAIL]
    store.playbook_runs.finish(run.id, state, detail=said, result=result, lease=lease, who=who)
    return _begun(run, state, said)


__all__ = [
    "Begun", "KnownPlaybook", "Look", "Starter", "Workplace", "accept", "run_in_place", "start_key", "start_wanted",
]  # fmt: skip
