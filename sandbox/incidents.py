"""Threat remediation: incidents that pull delivered copies back out of mailboxes, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.book import Book, Content
from sandbox.envelope import stamp

Copy = tuple[int, int]
"""(message, recipient)"""


@dataclass(slots=True)
class Incident:
    """One search-and-remove job.

    Attributes:
        copies: What was found when it was made, in the order in which it is pulled back.
        step: How far it is; each step moves a share of the copies.
    """

    number: int
    reason: str
    criteria: Content
    copies: list[Copy]
    steps: int
    fails: int
    created: float
    modified: float
    step: int = 0
    identified: int = 0
    done: dict[Copy, bool] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.steps

    def failing(self, copy: Copy) -> bool:
        """Whether this copy cannot be pulled back: always the same ones."""
        return self.fails > 0 and (copy[0] + copy[1]) % self.fails == self.fails - 1


class IncidentBook(Book):
    """The incidents of a tenant. An incident goes on with every look at it and with time.

    Attributes:
        pull: Takes a copy out of its mailbox; set by the world.
    """

    event = "incident"
    pull: Callable[[Copy], None]

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._incidents: dict[int, Incident] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._incidents

    def __iter__(self) -> Any:
        return iter(self._incidents.values())

    def create(
        self, operator: str, params: Content, *, criteria: Content, copies: list[Copy], steps: int, fails: int
    ) -> int:
        """Begin an incident; returns its number. Equal ones are not merged."""
        number = len(self._incidents) + 1
        self.change(
            "create_incident",
            operator,
            params,
            number=number,
            criteria=criteria,
            copies=[list(copy) for copy in copies],
            steps=max(1, steps),
            fails=fails,
        )
        return number

    def look(self, number: int) -> None:
        """Somebody polls: the incident goes on by one step."""
        incident = self._incidents[number]
        if not incident.finished:
            self._advance(incident, incident.step + 1)

    def tick(self, seconds: float) -> None:
        """Time does its work: one step for every `seconds` since the incident began."""
        now = self.clock.epoch()
        for incident in self._incidents.values():
            due = min(incident.steps, int((now - incident.created) // seconds)) if seconds > 0 else 0
            if due > incident.step:
                self._advance(incident, due)

    def _advance(self, incident: Incident, step: int) -> None:
        self.change("step", "system", {}, number=incident.number, step=step)

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        number, at = record["number"], record["at"]
        if record["kind"] == "create_incident":
            copies = [(message, place) for message, place in record["copies"]]
            self._incidents[number] = Incident(
                number=number,
                reason=record["params"]["reason"],
                criteria=record["criteria"],
                copies=copies,
                steps=record["steps"],
                fails=record["fails"],
                created=at,
                modified=at,
            )
            keys = [record["params"]["reason"], self.code(number), *record["criteria"].get("targets", [])]
            self.note(record, self.mint.other("incident", number), *keys)
            return
        incident = self._incidents[number]
        incident.step, incident.modified = record["step"], at
        total = len(incident.copies)
        # Everything is found after half of the steps; the pulling lags one step behind the finding.
        incident.identified = min(total, -(-total * 2 * incident.step // max(1, incident.steps)))
        ready = total if incident.finished else total * (incident.step - 1) // max(1, incident.steps - 1)
        for copy in incident.copies[: min(ready, incident.identified)]:
            if copy not in incident.done:
                self._finish(incident, copy, record)

    def _finish(self, incident: Incident, copy: Copy, record: Content) -> None:
        works = not incident.failing(copy)
        incident.done[copy] = works
        if not works:
            return
        self.pull(copy)
        told = {**record, "kind": "remediate", "params": {"incident": self.code(incident.number)}}
        self.note(told, self.mint.hold(*copy), self.mint.archive(copy[0]))

    def code(self, number: int) -> str:
        """The name people know an incident by."""
        return f"TR-NWSBX-{number:05d}-M"

    def show(self, number: int) -> Content:
        """One incident as the API shows it."""
        incident = self._incidents[number]
        successful = sum(incident.done.values())
        shown = {name: value for name, value in incident.criteria.items() if name != "targets"}
        return {
            "id": self.mint.other("incident", number),
            "code": self.code(number),
            "type": "manual",
            "reason": incident.reason,
            "identified": incident.identified,
            "successful": successful,
            "failed": len(incident.done) - successful,
            "restored": 0,
            "create": stamp(incident.created),
            "modified": stamp(incident.modified),
            "searchCriteria": shown,
        }
