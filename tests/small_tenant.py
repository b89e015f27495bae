"""A small tenant that a test can oversee, and a workbench: tenant, client and store in one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailroom.connectors.held import HeldSettings, IngestReport, ingest_held
from mailroom.connectors.tracked import Preview, TrackedReport, TrackedSettings, ingest_tracked, preview_tracked
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.playbooks import act
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import TriageReport, triage_alerts
from mailroom.store import Store
from mailroom.store.actions import ActionResult
from mailroom.triage.packaged import demo_lists
from sandbox import Tenant

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PEOPLE = [f"{name}@northwind.example" for name in ("ann", "bob", "cy", "dee", "eve")]
SUBJECTS = ("wanted", "junk", "note", "wanted", "junk", "note", "wanted", "junk", "note", "junk")
"""Of the messages of a small tenant: `RULES` release the wanted ones and reject the junk."""
RULES = Path(__file__).with_name("rules")

HOLD_LIST = "/api/gateway/get-hold-message-list"
RELEASE = "/api/gateway/hold-release"
REJECT = "/api/gateway/hold-reject"
LOGS = "/api/gateway/get-held-release-logs"
SEARCH = "/api/message-finder/search"
INFO = "/api/message-finder/get-message-info"
ACCOUNT = "/api/account/get-account"


def empty_tenant(**switches: Any) -> Tenant:
    """No message at all; time stands still."""
    return Tenant.generate(messages=0, history=0, now=NOON, frozen=True, **{"seed": 7} | switches)


def small_tenant(**switches: Any) -> Tenant:
    """Ten messages, thirteen hold entries: three messages have two recipients."""
    tenant = empty_tenant(**switches)
    for number, subject in enumerate(SUBJECTS):
        people = PEOPLE[:2] if number in {0, 1, 5} else PEOPLE[number % 5 : number % 5 + 1]
        add(tenant, f"{subject} {number}", minutes=600 - 50 * number, to=people)
    return tenant


def add(tenant: Tenant, subject: str, *, minutes: float = 0.0, to: Sequence[str] = (), **fields: Any) -> list[str]:
    """A plain, authenticated mail without attachments, received so many minutes ago; returns its hold ids."""
    plain = {
        "from_addr": "ann@contoso-logistics.example", "from_env": "ann@contoso-logistics.example", "from_name": "Ann",
        "components": [], "hold": "spam", "risk": None, "categories": [], "raw_from": None, "reply_to": None,
        "impersonation": None, "foreign_auth": [], "extra_headers": [], "no_auth_header": False, "size": 4_000,
        "spf": "pass", "dkim": "pass", "dmarc": "pass", "dkim_domain": "contoso-logistics.example",
        "null_from_header": False, "double_escaped": False,
    }  # fmt: skip
    received = tenant.clock.now() - timedelta(minutes=minutes)
    return tenant.add_message(received=received, to=to or PEOPLE[:1], subject=subject, **plain | fields)


def policy(**changes: Any) -> Policy:
    """Everything automatic, by rules that look at the subject only: "junk" is rejected, "wanted" released."""
    rails = {
        "modes": {"release": "auto", "reject": "auto"}, "require_evaluated_rules": False, "per_run": 500,
        "per_hour": 1_000, "per_sender_domain": 500, "max_release_share": 0.4,
    }  # fmt: skip
    return Policy.build(rules=(RULES,), lists=(demo_lists(),), starter_rules=False, **rails | changes)


def tracked_settings(**changes: Any) -> TrackedSettings:
    """Our own domain, as far back as a day, no limits."""
    plain: dict[str, Any] = {
        "domains": ("northwind.example",), "max_hours_backwards": 24, "max_messages": 0, "time_limit": 0.0,
    }  # fmt: skip
    return TrackedSettings(**plain | changes)


class Workbench:
    """One tenant on loopback and one store, in this process."""

    def __init__(self, tenant: Tenant, url: str, store: Store, generation: str = "2.0", **options: Any) -> None:
        self.tenant, self.url, self.store = tenant, url, store
        self.client = self.new_client(generation, **options)
        self.policy = policy()

    def new_client(self, generation: str = "2.0", **options: Any) -> MimecastClient:
        one, two = self.tenant.credentials_v1, self.tenant.credentials_v2
        credentials: ApplicationKeys | ClientCredentials = ClientCredentials(two.client_id, two.client_secret)
        if generation == "1.0":
            credentials = ApplicationKeys(one.app_id, one.app_key, one.access_key, one.secret_key)
        return MimecastClient(self.url, credentials, **{"clock": self.tenant.clock} | options)

    @property
    def desk(self) -> act.Desk:
        return act.Desk(self.client, self.store, lambda: self.policy)

    def ingest(self, **settings: Any) -> IngestReport:
        """One cycle of the held connector."""
        return ingest_held(self.client, self.store, HeldSettings(**settings), clock=self.tenant.clock)

    def track(self, *, catch_up: bool = False, progress: Any = lambda *_: None, **settings: Any) -> TrackedReport:
        """One cycle of the tracking connector, without limits unless given."""
        return ingest_tracked(
            self.client, self.store, tracked_settings(**settings), clock=self.tenant.clock, catch_up=catch_up,
            progress=progress,
        )  # fmt: skip

    def preview(self, **settings: Any) -> list[Preview]:
        """What the tracking connector would do."""
        return preview_tracked(self.client, self.store, tracked_settings(**settings))

    def calls(self, path: str) -> int:
        """How often a function was called."""
        return sum(call.path == path for call in self.tenant.calls)

    def triage(self) -> TriageReport:
        return triage_alerts(self.store, self.policy)

    def act(self, *, only: str = "") -> list[ActionResult]:
        """Decide, and carry out what is wanted (`only` one kind of it)."""
        to_do = [one.action_id for one in self.triage().to_do if only in ("", one.kind)]
        return act.carry_out_wanted(self.desk, to_do)

    def alert_of(self, hold_id: str) -> Any:
        return self.store.alerts.find(hold_id)

    def states(self) -> dict[str, int]:
        """Items by state, over all sources."""
        return self.store.items.counts()

    def times(self, hold_id: str) -> int:
        """How often the entry was released or rejected by this program."""
        return sum(self.tenant.times_applied(kind, hold_id) for kind in ("release", "reject", "release_to_sandbox"))
