"""A real PostgreSQL for the tests: the distribution's programs, on loopback, in a temporary folder, never as root.

One server per pytest process. Each test gets a database of its own, copied from a template, which takes some tens of
milliseconds. Durability is off by default: the tests kill clients, and a restarted server replays what it was told.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pg8000.native

_PROGRAMS = ("initdb", "postgres", "pg_ctl", "pg_isready")
_QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def find_programs() -> Path | None:
    """The folder with PostgreSQL's programs, the newest version first; None when they are not installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    places += [Path("/usr/pgsql/bin"), Path("/opt/homebrew/bin"), Path("/usr/local/bin"), Path("/usr/bin")]
    for place in places:
        if all((place / program).exists() for program in _PROGRAMS):
            return place
    return None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A running server; `url(database)` reaches it. `tls`: its certificate and key."""

    def __init__(self, programs: Path, *, max_connections: int = 200, tls: tuple[Path, Path] | None = None) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # socket names must stay short
        self._data = self._folder / "data"
        self._version = _number(programs.parent.name)
        self._max_connections = max_connections
        self._count = 0
        self._tls: list[str] = []
        self._one_at_a_time = threading.Lock()
        self._administrator: pg8000.native.Connection | None = None
        self.port = _free_port()
        self._drop: list[str] = []
        if os.geteuid() == 0:
            user = _ordinary_user()
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._do("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        if tls is not None:
            self._take_certificate(*tls)
        self._process = self._start()

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's address of one database."""
        return f"postgresql+pg8000://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database, a copy of `template`; returns its name."""
        self._count += 1
        name = f"t{self._count}"
        # Copying files takes less than half of writing every page to the log; older servers know no other way.
        how = "STRATEGY file_copy" if self._version >= 15 else ""
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, disconnecting whoever is left in it."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> list[list[object]]:
        """Run one statement as the administrator, outside a transaction."""
        if database == "postgres":
            with self._one_at_a_time:
                if self._administrator is None:
                    self._administrator = self._connect(database)
                return self._administrator.run(statement) or []
        connection = self._connect(database)
        try:
            return connection.run(statement) or []
        finally:
            connection.close()

    def kill_backends(self, database: str) -> int:
        """Terminate every connection to a database, as an administrator or a failing network would."""
        rows = self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")  # noqa: S608
        return len(rows)

    def stop_immediately(self) -> None:
        """Crash the server: no goodbye to anyone, recovery at the next start."""
        self._administrator = None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def start_again(self) -> None:
        """Start a stopped server on the same port."""
        self._process = self._start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take_certificate(self, certificate: Path, key: Path) -> None:
        self._tls = ["-c", "ssl=on"]
        for name, source in (("ssl_cert_file", certificate), ("ssl_key_file", key)):
            mine = self._folder / source.name
            mine.write_bytes(source.read_bytes())
            mine.chmod(0o600)  # the server refuses a key that others may read
            os.chown(mine, self._folder.stat().st_uid, self._folder.stat().st_gid)
            self._tls += ["-c", f"{name}={mine}"]

    def _connect(self, database: str) -> pg8000.native.Connection:
        # Without TLS: else the driver would read all authorities of the machine first.
        return pg8000.native.Connection(
            "postgres", host="127.0.0.1", port=self.port, database=database, ssl_context=False
        )

    def _start(self) -> subprocess.Popen[bytes]:
        options = [
            "-c",
            f"port={self.port}",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"max_connections={self._max_connections}",
        ]
        options += [
            "-c",
            f"unix_socket_directories={self._folder}",
            "-c",
            "shared_buffers=32MB",
            *_QUICK,
            *self._tls,
        ]
        command = [*self._drop, str(self._programs / "postgres"), "-D", str(self._data), *options]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        deadline = time.monotonic() + 60
        while self._do_quietly("pg_isready", "-h", "127.0.0.1", "-p", str(self.port)) != 0:
            if process.poll() is not None or time.monotonic() > deadline:
                text = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PostgreSQL did not start:\n{text[-2_000:]}")
            time.sleep(0.02)
        return process

    def _do(self, program: str, *arguments: str | Path) -> None:
        command = [*self._drop, str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=120)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2_000:]}")

    def _do_quietly(self, program: str, *arguments: str) -> int:
        command = [str(self._programs / program), *arguments]
        return subprocess.run(command, capture_output=True, check=False, cwd="/", timeout=60).returncode


def _ordinary_user() -> pwd.struct_passwd:
    """Someone without rights: PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
