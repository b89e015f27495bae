"""The demo's folder: settings, databases, sandbox memory and logs, nothing outside of it."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from mailroom.cli import output
from mailroom.cli.settings import FILE, load_settings
from mailroom.errors import BusyError, InvalidInputError
from mailroom.playbooks.report import CONSERVED, counts_of, folded, table_rows
from mailroom.triage.packaged import demo_lists

_SHOWN = 15
_PREFECT_PORT = 4200
RAILS: dict[str, Any] = {
    "per_run": 300,
    "per_hour": 1000,
    "per_sender_domain": 60,
    "max_release_share": 0.6,
    "require_evaluated_rules": False,
}
"""The demo acts by itself, because its tenant is fiction. The rails stay on, only wider than for a first day."""
MODES = {"release": "auto", "reject": "auto"}
MAILBOX = "soc@northwind.example"
"""The analysts' mailbox in the sandbox."""


class DemoHome:
    """Paths, settings and environment of one demo."""

    def __init__(self, folder: Path, messages: int, seed: int) -> None:
        self.folder, self.messages, self.seed = folder, messages, seed
        self.mails = max(20, messages // 5)
        self.logs, self.temporary = folder / "logs", folder / "tmp"
        try:
            for made in (self.folder, self.logs, self.temporary):
                made.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / "lock").touch()
        except OSError as error:
            msg = f"The demo cannot write into {self.folder} ({error.strerror}): name another folder with --state."
            raise InvalidInputError(msg) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One demo per folder at a time.

        Raises:
            BusyError: another one is running.
        """
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                msg = f"Another demo runs in {self.folder}. End it first, or use --state for a second one."
                raise BusyError(msg) from error
            yield

    @cached_property
    def port(self) -> int:
        """Prefect's usual port, or a free one when it is taken."""
        for port in (_PREFECT_PORT, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return int(probe.getsockname()[1])
        msg = "No free port on 127.0.0.1 for the Prefect server."
        raise InvalidInputError(msg)

    @property
    def api(self) -> str:
        """Address of the Prefect API."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def ui(self) -> str:
        """Address of the Prefect UI."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def root(self) -> Path:
        """The folder with `deployments.yaml`."""
        import flows

        root = Path(flows.__file__).resolve().parent.parent
        if not (root / "deployments.yaml").exists():
            msg = "The demo needs the project's folder (deployments.yaml lies there): run `make demo` in a clone."
            raise InvalidInputError(msg)
        return root

    def prefect_environment(self) -> dict[str, str]:
        """Settings of server, worker and client; nothing of the user's own Prefect is touched."""
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            del os.environ[name]
        recorder, persister = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER", "PREFECT_SERVER_SERVICES_EVENT_PERSISTER"
        return {
            "PREFECT_HOME": str(self.folder / "prefect"),
            "TMPDIR": str(self.temporary),  # Prefect's worker keeps a folder there that only its first user may write
            "PREFECT_API_URL": self.api,
            "PREFECT_API_SSL_CERT_FILE": str(self._one_authority()),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            f"{recorder}_BATCH_SIZE": "100",
            f"{recorder}_READ_BATCH_SIZE": "50",
            f"{recorder}_FLUSH_INTERVAL": "1",
            f"{persister}_BATCH_SIZE": "100",
            f"{persister}_READ_BATCH_SIZE": "50",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS": "8",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "mailroom",
            "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def _one_authority(self) -> Path:
        """Prefect's client reads all authorities of the world whenever it is made, also for plain HTTP, as here."""
        end = "-----END CERTIFICATE-----"
        path = self.folder / "authority.pem"
        path.write_text(f"{Path(DEFAULT_CA_BUNDLE_PATH).read_text('utf-8').partition(end)[0]}{end}\n")
        return path

    def mailbox(self, tenant: dict[str, Any]) -> dict[str, Any]:
        """The analysts' mailbox, in the words of the block and of `mailroom.toml`; the password apart."""
        mail = tenant["mail"]
        return {
            "address": MAILBOX,
            "imap_host": mail["host"],
            "imap_port": mail["imaps_port"],
            "smtp_host": mail["host"],
            "smtp_port": mail["smtps_port"],
            "ca_bundle": mail["ca_file"],
            "sender_name": "Northwind Mail Security",
            "trusted_authserv_ids": ["mx.northwind.example"],
        }

    def _secret(self, name: str, value: str) -> None:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(value)

    def write_settings(self, tenant: dict[str, Any]) -> None:
        """`mailroom.toml`, so that every other command works on the demo: `mailroom --home <folder> stats`."""
        self._secret("client_secret", tenant["credentials_v2"]["client_secret"])
        self._secret("mailbox_password", tenant["mail"]["accounts"][MAILBOX])
        mailbox = "\n".join(f"{name} = {_toml(value)}" for name, value in self.mailbox(tenant).items())
        modes = "\n".join(f'{name} = "{mode}"' for name, mode in MODES.items())
        rails = "\n".join(f"{name} = {str(value).lower()}" for name, value in RAILS.items())
        (self.folder / FILE).write_text(
            f"# Written by `mailroom demo`.\n[mimecast]\napi_root = {_quoted(tenant['url'])}\n"
            f"client_id = {_quoted(tenant['credentials_v2']['client_id'])}\nclient_secret_file = 'client_secret'\n\n"
            f"[mailbox]\n{mailbox}\npassword_file = 'mailbox_password'\n\n"
            f"[policy]\nlists = [{_quoted(str(demo_lists()))}]\n{rails}\n\n[policy.modes]\n{modes}\n"
        )

    @property
    def store_url(self) -> str:
        """The demo's database."""
        return f"sqlite:///{self.folder / 'mailroom.db'}"

    def counts(self, flow_run_id: str) -> dict[str, Any]:
        """What the run did, read from the store."""
        with load_settings(self.folder, {}).open_store() as store:
            ingested = next(run for run in store.runs.latest("ingest held", 5) if run.flow_run_id == flow_run_id)
            triaged = next(run for run in store.runs.latest("triage", 5) if run.flow_run_id == flow_run_id)
            unknown = len(store.ledger.open_effects(states=("unknown",)))
        counts = counts_of(ingested.counts, triaged.counts.get("verdicts", {}), [], unknown=unknown, seconds=0)
        return counts | {"actions": triaged.counts.get("actions", {})}

    def mailbox_counts(self, flow_run_id: str) -> dict[str, int]:
        """What became of the mailbox's mails in this run."""
        from mailroom.connectors.mailbox.folder import RUN_KIND

        with load_settings(self.folder, {}).open_store() as store:
            runs = [run for run in store.runs.latest(RUN_KIND, 20) if run.flow_run_id == flow_run_id]
        return {name: sum(run.counts.get(name, 0) for run in runs) for name in CONSERVED}

    def show(self, counts: dict[str, Any]) -> None:
        """The run as tables."""
        output.table("Held messages", CONSERVED, [[counts[name] for name in CONSERVED]])
        output.table("Mails of the mailbox", CONSERVED, [[counts["mailbox"][name] for name in CONSERVED]])
        if counts["verdicts"]:
            output.table("Verdicts of this run", ("verdict", "messages"), list(counts["verdicts"].items()))
        if counts["actions"]:
            output.table("Actions of this run", ("action", "messages"), list(counts["actions"].items()))
        with load_settings(self.folder, {}).open_store() as store:
            rows = folded(table_rows(store, [alert.id for alert in store.alerts.list(limit=2000)], 10 * _SHOWN), _SHOWN)
        if rows:
            columns = tuple(rows[0])
            output.table("The most urgent alerts", columns, [[_short(row[name]) for name in columns] for row in rows])
        command = sys.argv[0] if Path(sys.argv[0]).name == "mailroom" else "mailroom"
        output.console.print(f"More: {command} --home {self.folder} stats | explain ALERT | check | undo")


def _short(cell: object) -> object:
    """A cell of a table that is looked at, not studied: `explain` has the rest."""
    return textwrap.shorten(cell, 70, placeholder=" …") if isinstance(cell, str) else cell


def _toml(value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_quoted(one) for one in value)}]"
    return str(value) if isinstance(value, int) else _quoted(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "") + "'"
