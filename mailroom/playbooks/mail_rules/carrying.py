"""Carrying out what a rule wants done with one mail. Every step is harmless twice, so a killed one is simply run again.

What the mail says never stops a rule: a value that does not fit a field is left out and named in the result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mailroom.cases.states import CLOSED
from mailroom.cases.templates import IncidentTemplate, template_named
from mailroom.cases.values import fitting
from mailroom.connectors.saved_attachments import save_attachments
from mailroom.connectors.stored_mail import mail_of_alert
from mailroom.errors import (
    AccessError,
    BusyError,
    InvalidInputError,
    MailroomError,
    StoreError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.parse import parse_safely
from mailroom.playbooks.cases.opening import open_case
from mailroom.playbooks.cases.working import link, set_alert_fields, set_fields
from mailroom.playbooks.known_playbooks import wanted_state
from mailroom.redact import one_line, scrub
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.mail_rules import DONE, FAILED, OPEN, Hit
from mailroom.store.playbook_runs import NewPlaybookRun

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 10
"""Times an action is tried whose trouble may go away by itself."""
_LONGEST = 300
_MAY_PASS = (TransientError, AccessError, BusyError)


@dataclass
class Carrier:
    """Carries out hits.

    Args:
        store: Where everything is.
        templates: Incident templates by name.
        account: The mailbox, for attachments of mails that are not kept in the store.
    """

    store: Store
    templates: Mapping[str, IncidentTemplate]
    account: MailAccount | None = None
    incidents: set[int] = field(default_factory=set)
    """Cases that were opened."""

    def must_wait(self, hit: Hit) -> bool:
        """Its mail may have to be read again, and this is not its mailbox: whoever has that goes on."""
        if all(one["do"] != "save_attachments" for one in hit.actions):
            return False
        event = self.store.alerts.get(hit.alert_id).event
        here = self.account is not None and event.get("mailbox") == self.account.name
        return bool(event.get("attachments")) and not event.get("eml_sha256") and not here

    def carry_out(self, hit: Hit) -> Hit:
        """Do what the hit wants done and write down what became of it.

        Effect: writes the store; reads the mailbox where a mail is needed again. Twice is harmless.

        Raises:
            StoreError: nothing can be written; the hit stays as it is.
        """
        alert = self.store.alerts.get(hit.alert_id)
        work = _Work(self, hit, alert)
        results: list[dict[str, Any]] = []
        later = False
        for action in hit.actions:
            result: dict[str, Any] = {"do": action["do"], "place": action["place"]}
            try:
                result |= work.do(action)
            except StoreError:
                raise
            except MailroomError as error:
                later = later or isinstance(error, _MAY_PASS)
                result |= {"outcome": "failed", "detail": one_line(scrub(str(error)), _LONGEST)}
            results.append(result)
            faultpoint("mail_rules.action")
        failed = [one for one in results if one["outcome"] == "failed"]
        again = later and hit.attempts + 1 < MOST_ATTEMPTS
        state = DONE if not failed else OPEN if again else FAILED
        detail = "; ".join(f"{one['do']}: {one['detail']}" for one in failed)
        settled = self.store.mail_rules.settle(hit.id, state, results, detail=detail[:1_000], who=work.who)
        faultpoint("mail_rules.settled")
        return settled


class _Work:
    """The actions of one hit; later ones work on the incident that earlier ones made or found."""

    def __init__(self, carrier: Carrier, hit: Hit, alert: Alert) -> None:
        self.carrier, self.store, self.hit, self.alert = carrier, carrier.store, hit, alert
        self.who = f"rule {hit.rule_id}"
        self.why = f"rule {hit.rule_id} version {hit.rule_version} holds for alert {alert.id}"
        self.case_id: int | None = None

    def do(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one action; returns `outcome` (done or nothing) and what is worth knowing."""
        doing: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "create_incident": self._create,
            "add_to_incident": self._add,
            "save_attachments": self._save,
            "run_playbook": self._run,
            "set_field": self._set,
        }
        return doing[action["do"]](action)

    # incidents ----------------------------------------------------------------------------------------------------

    def _create(self, action: Mapping[str, Any]) -> dict[str, Any]:
        name = action.get("template") or ""
        template = template_named(self.carrier.templates, name) if name else None
        fields, left_out = self._fitting(action.get("fields", {}), template)
        case = open_case(
            self.store, tenant=self.alert.tenant, title=action["title"], who=self.who, why=self.why, key=action["key"],
            template=template, priority=action.get("priority"), alert_ids=[self.alert.id], fields=fields,
            description=action.get("description", ""),
        )  # fmt: skip
        self.case_id = case.shown_id
        if case.created:
            self.carrier.incidents.add(case.id)
        return _done(case=case.shown_id, opened=case.created, left_out=left_out)

    def _add(self, action: Mapping[str, Any]) -> dict[str, Any]:
        case_id = action["case"] if "case" in action else self._fitting_case(action)
        if case_id is None:
            return {"outcome": "nothing", "detail": f"no open incident of this {action['by']}"}
        case = self.store.cases.get(case_id)
        shown = self.store.cases.get(case.shown_id)
        if shown.tenant != self.alert.tenant:
            raise InvalidInputError(f"Case {shown.id} belongs to another tenant; the mail was not added.")
        template = self.carrier.templates.get(shown.template)
        added = link(self.store, shown.id, [self.alert.id], who=self.who, why=self.why, template=template)
        self.case_id = shown.id
        fields, left_out = self._fitting(action.get("fields", {}), template)
        known = self.store.fields.get("case", shown.id)
        fresh = {name: value for name, value in fields.items() if name not in known}
        if fresh:
            set_fields(self.store, shown.id, fresh, who=self.who, why=self.why, template=template)
        return _done(case=shown.id, added=bool(added), left_out=left_out)

    def _fitting_case(self, action: Mapping[str, Any]) -> int | None:
        """The newest open incident with mail of the same conversation, campaign or sender.

        One the mail is in already comes first, so that a second try finds the same.
        """
        store, tenant = self.store, self.alert.tenant
        related: list[int] = []
        if action["by"] == "conversation":
            related = store.mail_rules.alerts_named(tenant, action.get("message_ids") or ())
        elif action["by"] == "campaign" and action.get("value"):
            related = store.campaigns.alert_ids(action["value"], limit=500)
        found = {one for many in store.cases.for_alerts(related).values() for one in many}
        if action.get("key") and (alike := store.cases.by_key(tenant, action["key"])) is not None:
            found.add(alike.shown_id)
        mine = set(store.cases.for_alerts([self.alert.id]).get(self.alert.id, ()))
        for case_id in sorted(found, key=lambda one: (one in mine, one), reverse=True):
            case = store.cases.get(case_id)
            if case.tenant == tenant and (case.state != CLOSED or case_id in mine):
                return case_id
        return None

    # files, playbooks, fields -------------------------------------------------------------------------------------

    def _save(self, action: Mapping[str, Any]) -> dict[str, Any]:
        rows = self._wanted_files(action)
        if not rows:
            return {"outcome": "nothing", "detail": "the mail has no such attachment"}
        kept = self._kept()
        if any(one.get("sha256") not in kept for one in rows):
            mail = parse_safely(mail_of_alert(self.store, self.carrier.account, self.alert))
            names = sorted({str(one.get("name") or "") for one in rows})
            inline = bool(action.get("inline"))
            saved = save_attachments(self.store, self.alert.id, mail, names=names, inline=inline, who=self.who)
            kept |= {one.sha256: one.as_json() for one in saved.files}
            faultpoint("mail_rules.saved")
        wanted = [str(one.get("sha256")) for one in rows if one.get("sha256") in kept]
        for sha256 in wanted if self.case_id is not None else ():
            one = kept[sha256]
            self.store.case_files.add_blob(
                self.case_id or 0, sha256, name=one["name"], size=one["size"], content_type=one.get("mime_type") or "",
                alert_id=self.alert.id, who=self.who, why=self.why,
            )  # fmt: skip
        result = _done(files=len(wanted), case=self.case_id)
        if len(wanted) < len(rows):
            result["detail"] = f"{len(rows) - len(wanted)} files are too large to be kept"
        return result

    def _wanted_files(self, action: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        patterns = [one.casefold() for one in action.get("names") or ()]
        return [
            one
            for one in self.alert.event.get("attachments") or ()
            if (action.get("inline") or not one.get("inline"))
            and (not patterns or any(fnmatchcase(str(one.get("name") or "").casefold(), each) for each in patterns))
        ]

    def _kept(self) -> dict[str, Mapping[str, Any]]:
        known = self.store.alerts.get(self.alert.id).event.get("saved_attachments") or ()
        return {one["sha256"]: one for one in known}

    def _run(self, action: Mapping[str, Any]) -> dict[str, Any]:
        name = action["playbook"]
        key = f"mail-rule:{self.hit.rule_id}:{self.alert.id}:{action['place']}"
        state = wanted_state(name, autorun=bool(action.get("autorun", True)))
        run = NewPlaybookRun(
            key=key, playbook=name, tenant=self.alert.tenant, case_id=self.case_id, alert_id=self.alert.id,
            parameters=dict(action.get("parameters") or {}), state=state, requested_by=self.who,
        )  # fmt: skip
        self.store.playbook_runs.want([run], why=self.why)
        wish = self.store.playbook_runs.by_key(key)
        return _done(playbook=name, run=wish.id if wish else None)

    def _set(self, action: Mapping[str, Any]) -> dict[str, Any]:
        if action["scope"] == "alert":
            fields, left_out = self._fitting(action["fields"], None)
            changed = set_alert_fields(self.store, self.alert.id, fields, who=self.who, why=self.why)
            return _done(fields=sorted(changed), left_out=left_out)
        if self.case_id is None:
            return {"outcome": "nothing", "detail": "there is no incident to set fields of"}
        template = self.carrier.templates.get(self.store.cases.get(self.case_id).template)
        fields, left_out = self._fitting(action["fields"], template)
        changed = set_fields(self.store, self.case_id, fields, who=self.who, why=self.why, template=template)
        return _done(case=self.case_id, fields=sorted(changed), left_out=left_out)

    def _fitting(
        self, values: Mapping[str, Any], template: IncidentTemplate | None
    ) -> tuple[dict[str, Any], list[str]]:
        types = template.fields if template else None
        fits: dict[str, Any] = {}
        left_out: list[str] = []
        for name, value in values.items():
            try:
                fits |= fitting({name: _plain(value, name, template)}, types)
            except InvalidInputError:
                left_out.append(name)
        return fits, left_out


def _plain(value: Any, name: str, template: IncidentTemplate | None) -> Any:
    """A list as one text where the template wants a text."""
    wanted = template.fields.get(name) if template else None
    if isinstance(value, list) and wanted is not None and wanted.type in ("text", "choice"):
        return ", ".join(map(str, value))
    return value


def _done(**known: Any) -> dict[str, Any]:
    return {"outcome": "done"} | {name: value for name, value in known.items() if value not in (None, [])}
