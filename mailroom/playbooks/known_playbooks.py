"""The playbooks that templates and rules may name: which deployment each is, and how it runs without Prefect.

A deployment is handed numbers of alerts and cases, never addresses or words of a mail: Prefect keeps parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailroom.cases.templates import IncidentTemplate
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.playbooks.act import Desk
from mailroom.store import Store
from mailroom.store.playbook_runs import PlaybookRun

_TENANT = ("mimecast", "store", "policy")


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a playbook that runs here works with; the tenant is connected when it is first asked for."""

    store: Store
    desk: Callable[[], Desk]
    mailbox: Callable[[], Any] | None = None
    """The mailbox's account, where there is one."""


@dataclass(frozen=True, slots=True)
class KnownPlaybook:
    """One playbook."""

    name: str
    deployment: str
    """As `flow/deployment`."""
    about: Callable[[PlaybookRun], dict[str, Any]]
    """Parameters that say what it is about."""
    blocks: tuple[str, ...] = _TENANT
    allowed: frozenset[str] = frozenset()
    """Parameters that a template or rule may set."""
    forced: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that nobody may set otherwise: what runs by itself asks a person before it changes anything."""
    autorun: bool = True
    """False: it changes the tenant without asking once more, so only a person starts it."""
    in_place: Callable[[Workplace, PlaybookRun], dict[str, Any]] | None = None
    """The same without Prefect."""
    needs_alert: bool = True

    def parameters(self, run: PlaybookRun) -> dict[str, Any]:
        """Everything the deployment is given, but for the names of blocks.

        Raises:
            InvalidInputError: the template or rule gives a parameter that it may not, or no alert.
        """
        if self.needs_alert and run.alert_id is None:
            msg = f"Playbook {self.name!r} needs an alert: write `for: first alert` or `for: each alert`."
            raise InvalidInputError(msg)
        if problem := self.problem(run.parameters):
            raise InvalidInputError(problem)
        return {**run.parameters, **self.about(run), **self.forced}

    def problem(self, parameters: Mapping[str, Any]) -> str:
        """What is wrong with these parameters of a template or rule; empty: nothing."""
        if extra := sorted(set(parameters) - self.allowed):
            known = ", ".join(sorted(self.allowed)) or "no other"
            return (
                f"Playbook {self.name!r} takes no parameter {', '.join(extra)} from templates and rules, but {known}."
            )
        return ""


_LONGEST_NAME = 60
"""As the forms take it; the name of a rule may be longer."""


def _alert(run: PlaybookRun) -> dict[str, Any]:
    return {"alert": str(run.alert_id)}


def _alert_and_case(run: PlaybookRun) -> dict[str, Any]:
    return {**_alert_and_who(run), "case": str(run.case_id or "")}


def _alert_and_who(run: PlaybookRun) -> dict[str, Any]:
    return {**_alert(run), "requested_by": run.requested_by[:_LONGEST_NAME]}


def _harmful(run: PlaybookRun) -> dict[str, Any]:
    asked = _alert_and_case(run)
    return {"look_for": "alert", "values": asked.pop("alert"), **asked}


def _investigate(place: Workplace, run: PlaybookRun) -> dict[str, Any]:
    from mailroom.playbooks.investigate import inquiry_about, investigate, sentence

    alert = place.store.alerts.get(int(run.alert_id or 0))
    if not alert.sender:
        raise NotFoundError(f"Alert {alert.id} names no sender; there is nobody to investigate.")
    found = investigate(place.desk(), inquiry_about(sender=alert.sender), details=5)
    return {
        "sentence": sentence(found, named=False), "people": found.people, "received": len(found.received_by),
        "clicked": len(found.clicked_by), "not_asked": [row.name for row in found.unanswered],
    }  # fmt: skip


def _block_sender(place: Workplace, run: PlaybookRun) -> dict[str, Any]:
    from mailroom.playbooks import block_sender as blocking

    form = blocking.BlockForm(**(run.parameters | _alert_and_case(run)))
    desk = place.desk()
    plan = blocking.plan_block(desk, form)
    blocking.raise_if_refused(plan)
    if not plan.steps:
        return {"state": "already blocked", "actions": []}
    numbers, _ = blocking.propose(desk, plan)
    return {"state": "proposed", "actions": numbers}


def _handle_report(place: Workplace, run: PlaybookRun) -> dict[str, Any]:
    from mailroom.playbooks.reported import ReportDesk, handle_report
    from mailroom.playbooks.tenants import names_of, tenant_of

    if place.mailbox is None:
        raise InvalidInputError("Handling a report needs the mailbox that it came to: configure it.")
    desk = place.desk()
    tenant = run.tenant if run.tenant in names_of(desk.client, place.store) else tenant_of(desk.client)
    here = ReportDesk(desk, place.mailbox(), tenant, answer=bool(run.parameters.get("answer_reporters", True)))
    return handle_report(here, int(run.alert_id or 0)).row()


def _ask_recipient(place: Workplace, run: PlaybookRun) -> dict[str, Any]:
    from mailroom.playbooks.ask import PostDesk
    from mailroom.playbooks.ask_recipient import RecipientDesk, ask_recipient

    if place.mailbox is None:
        raise InvalidInputError("Asking a recipient needs a mailbox that asks: configure it.")
    desk, form = place.desk(), run.parameters
    here = RecipientDesk(PostDesk(place.store, place.mailbox()), desk.policy, desk.client)
    language = str(form.get("language", "")).replace("as known", "")
    wait = ask_recipient(
        here, str(run.alert_id), by=run.requested_by, language=language, hours=float(form.get("hours", 0))
    )
    return {"state": wait.state, "question": wait.id}


KNOWN: dict[str, KnownPlaybook] = {
    one.name: one
    for one in (
        KnownPlaybook(
            "investigate sender", "investigate sender/on demand", _alert, allowed=frozenset({"period"}),
            in_place=_investigate,
        ),
        KnownPlaybook(
            "block sender", "block sender/on demand", _alert_and_case,
            allowed=frozenset({"covers", "how", "days", "most_wanted_mail"}),
            forced={"ask_first": True, "automatic": False}, in_place=_block_sender,
        ),
        KnownPlaybook(
            "remediate", "remediate/on demand", _harmful, blocks=(*_TENANT, "mailbox"),
            allowed=frozenset({"days_back", "most_messages", "follow_minutes"}), autorun=False,
        ),
        KnownPlaybook(
            "handle reported phish", "handle reported phish/on demand", _alert, blocks=(*_TENANT, "mailbox"),
            allowed=frozenset({"answer_reporters"}), in_place=_handle_report,
        ),
        KnownPlaybook(
            "ask recipient about held message", "ask recipient about held message/on demand", _alert_and_who,
            blocks=(*_TENANT, "mailbox"), allowed=frozenset({"language", "hours"}), autorun=False,
            in_place=_ask_recipient,
        ),
    )
}  # fmt: skip
"""By name."""


def known(name: str) -> KnownPlaybook:
    """The playbook of this name. Raises NotFoundError, which names those there are."""
    if name not in KNOWN:
        raise NotFoundError(f"There is no playbook {name[:80]!r}; known: {', '.join(sorted(KNOWN))}.")
    return KNOWN[name]


def playbook_problem(name: str, parameters: Mapping[str, Any], *, autorun: bool) -> str:
    """What is wrong with a playbook as a template or rule names it; empty: nothing."""
    if name not in KNOWN:
        return f"There is no playbook {name[:80]!r}; known: {', '.join(sorted(KNOWN))}."
    if autorun and not KNOWN[name].autorun:
        return f"Playbook {name!r} changes the tenant without asking once more: write `autorun: false`."
    return KNOWN[name].problem(parameters)


def template_problems(template: IncidentTemplate) -> list[str]:
    """What is wrong with the playbooks of a template, as `path:line: message`."""
    found: list[str] = []
    for plan in template.playbooks:
        problem = playbook_problem(plan.playbook, plan.parameters, autorun=plan.autorun)
        if not problem and KNOWN[plan.playbook].needs_alert and plan.scope == "case":
            problem = f"Playbook {plan.playbook!r} needs an alert: write `for: first alert` or `for: each alert`."
        if problem:
            found.append(f"{template.where}: template {template.name!r}: {problem}")
    return found


def wanted_state(name: str, *, autorun: bool) -> str:
    """`wanted`, or `offered` where a person starts it: what changes the tenant without asking never runs by itself."""
    return "wanted" if autorun and (name not in KNOWN or KNOWN[name].autorun) else "offered"
