"""Work on cases, and starting what they want, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cycle

from mailroom.cases.templates import load_templates
from mailroom.faults import faultpoint
from mailroom.mimecast import ClientCredentials, MimecastClient
from mailroom.playbooks import act, cases
from mailroom.playbooks.known_playbooks import Workplace
from mailroom.playbooks.playbook_runs import Look, run_in_place, start_wanted
from mailroom.store import Store
from mailroom.store.case_files import NewCaseFile


class Api:
    """Remembers in a folder, like Prefect in its database: a file per key is a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def start(self, deployment: str, parameters: dict[str, Any], key: str) -> str:
        file = self._folder / key
        faultpoint("api.before_creating")
        file.write_text(json.dumps([deployment, parameters]))
        faultpoint("api.created")
        return key

    def look(self, flow_run_id: str) -> Look:
        return Look("completed" if (self._folder / flow_run_id).exists() else "unknown")


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Work on cases, or start what they want."""
    with Store.open(wanted["store"], blobs=wanted["blobs"]) as store:
        return {"done": _do(wanted, store)}


def _do(wanted: dict[str, str], store: Store) -> Any:
    ids = [alert.id for alert in store.alerts.list()]
    template = load_templates()["phishing"]
    if wanted["step"] == "start":
        begun = start_wanted(store, Api(Path(wanted["api"])), {"store": "s"})
        return [one.outcome for one in begun]
    if wanted["step"] == "here":
        with MimecastClient(wanted["url"], ClientCredentials(**json.loads(wanted["keys"]))) as client:
            place = Workplace(store, lambda: act.Desk(client, store, cycle.policy))
            return [one.outcome for one in run_in_place(place)]
    one = cases.open_case(
        store, tenant="northwind", title="One", who="test", key="one", alert_ids=ids[:2], template=template,
        fields={"lure": "parcel"},
    )  # fmt: skip
    if wanted["step"] == "open":
        return one.id
    two = cases.open_case(store, tenant="northwind", title="Two", who="test", key="two", alert_ids=ids[1:3])
    if wanted["step"] == "unmerge":
        return [cases.unmerge(store, two.id, who="test")]
    store.case_files.add(one.id, NewCaseFile("mail.eml", b"raw mail"), who="test")
    cases.link(store, two.id, ids[3:], who="test")
    cases.merge(store, two.id, one.id, who="test")
    cases.set_fields(store, one.id, {"outcome": "malicious"}, who="test")
    cases.set_state(store, one.id, "closed", who="test", why="done", leave_tasks=True)
    return one.id


if __name__ == "__main__":
    cycle.serve_step(step)
