"""A real IMAP server for the tests: the distribution's Dovecot, privately configured, on loopback, never as root.

One server per pytest process; each test takes a user of its own. Besides IMAP it takes mail by LMTP, and by SMTP with
OAuth (submission), which it hands on to `relay_port`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from mailroom_tests_certificates import Certificates
from mailroom_tests_dovecot_config import configuration, oauth_configuration

DOMAIN = "northwind.example"
_PREPARED_USERS = 2_000
_OAUTH_SECRET = b"the secret that only these tests share"


def find_programs() -> str | None:
    """The path of the `dovecot` program; None when it or one of its parts is not installed."""
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if program is None or shutil.which("doveadm", path=f"{Path(program).parent}:/usr/bin:/usr/local/bin") is None:
        return None
    parts = [Path("/usr/lib/dovecot"), Path("/usr/libexec/dovecot"), Path("/opt/homebrew/libexec/dovecot")]
    return program if any((part / "imap").exists() and (part / "lmtp").exists() for part in parts) else None


@dataclass(frozen=True)
class MailUser:
    """An account. `address` and `name` both work as login."""

    name: str
    password: str
    address: str


class Dovecot:
    """A running server.

    Args:
        program: From `find_programs`.
        certificates: Which authority signed the server's certificate.
        kind: Which certificate it shows, a kind of `certificates.KINDS`.
        prefix: Of the personal namespace, for example `INBOX.`.
        separator: Between folder names.
        extra: More configuration, at the end.

    Attributes:
        host: To connect to; the certificate is for it.
        imap_port: STARTTLS, or plain text.
        imaps_port: TLS from the first byte.
        lmtp_port: Takes mail for our users, without login.
        submission_port: SMTP with STARTTLS and OAuth; hands on to `relay_port`.
        submissions_port: The same with TLS from the first byte.
        relay_port: Where submission hands mail on to; a test server must listen there.
        ca_file: What a client must trust.
    """

    host = "127.0.0.1"
    domain = DOMAIN

    def __init__(
        self,
        program: str,
        certificates: Certificates,
        *,
        kind: str = "good",
        prefix: str = "",
        separator: str = "/",
        extra: str = "",
    ) -> None:
        self._program = program
        self.ca_file = certificates.ca_file
        ports = _free_ports(6)
        self.imap_port, self.imaps_port, self.lmtp_port = ports[:3]
        self.submission_port, self.submissions_port, self.relay_port = ports[3:]
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path("/tmp")
        self.folder = Path(tempfile.mkdtemp(prefix="ml-", dir=place))  # socket names must stay short
        self._users = [MailUser(f"u{n:04}", f"pw-{n:04}", f"u{n:04}@{DOMAIN}") for n in range(1, _PREPARED_USERS)]
        self._next_user = iter(self._users)
        self._names = {user.name for user in self._users}
        self._options = {"prefix": prefix, "separator": separator, "extra": extra}
        self._drop = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._write_files(certificates, kind)
        self._process = self._start()

    # Accounts and mail

    def new_user(self) -> MailUser:
        """An account nobody has used, with the folders INBOX, Sent, Drafts, Junk, Trash and Archive."""
        return next(self._next_user)

    def knows(self, address: str) -> bool:
        """Whether mail to this address reaches one of our accounts; plus parts do not count."""
        local, _, domain = address.lower().rpartition("@")
        return (domain == DOMAIN or not local) and (local or domain).partition("+")[0] in self._names

    def password_is_right(self, login: str, password: str) -> bool:
        """Whether this would log in; for servers that share our accounts."""
        name = login.partition("@")[0]
        return any(user.name == name and user.password == password for user in self._users)

    def deliver(self, user: MailUser, raw: bytes, *, sender: str = "someone@example.org", to: str = "") -> None:
        """Hand in a mail by LMTP, as a mail server does: it arrives with Return-Path, Delivered-To and Received.

        Args:
            user: Whose INBOX it goes to.
            raw: The mail.
            sender: Envelope sender; empty for the null sender.
            to: Envelope recipient when it is not the plain address, for example with a plus part.
        """
        with smtplib.LMTP(self.host, self.lmtp_port, timeout=20) as client:
            client.sendmail(sender, [to or user.address], raw)

    def append(
        self,
        user: MailUser,
        folder: str,
        *mails: bytes,
        flags: Sequence[bytes] = (),
        internal_date: datetime | None = None,
    ) -> list[int]:
        """Put mails into a folder, byte for byte, ten thousand small ones a second; the folder is made when missing.

        Returns:
            Their UIDs.
        """
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            before = client.folder_status(folder, ["UIDNEXT"])[b"UIDNEXT"]
            date = {} if internal_date is None else {"date": internal_date}
            for at in range(0, len(mails), 100):
                batch: list[Any] = [{"flags": flags, **date, "msg": raw} for raw in mails[at : at + 100]]
                client.multiappend(folder, batch)
            return list(range(before, before + len(mails)))

    @contextmanager
    def client(self, user: MailUser) -> Iterator[IMAPClient]:
        """A second, independent IMAP client, logged in."""
        with IMAPClient(self.host, self.imap_port, ssl=False, timeout=60) as client:
            client._imap.debug = 0  # otherwise it keeps a text of everything, five times slower
            client.normalise_times = False
            client.login(user.name, user.password)
            yield client

    def oauth_token(
        self, user: MailUser, expires_in: float = 3600, *, forged: bool = False, audience: str = "mail"
    ) -> str:
        """An access token for this user; `forged` is signed with another secret, a negative time has expired."""
        now = int(time.time())
        claims = {
            "sub": user.name,
            "aud": audience,
            "iat": now - 60 + min(0, int(expires_in)),
            "nbf": now - 60 + min(0, int(expires_in)),
            "exp": now + int(expires_in),
        }
        text = b".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        secret = b"another secret" if forged else _OAUTH_SECRET
        return (text + b"." + _base64url(hmac.new(secret, text, hashlib.sha256).digest())).decode()

    # What goes wrong

    def kick(self, user: MailUser) -> None:
        """Cut every session of a user."""
        self.doveadm("kick", user.name)

    def set_uidvalidity(self, user: MailUser, folder: str, number: int) -> None:
        """Give a folder another UIDVALIDITY, as after a restore; the mails and their UIDs stay."""
        self.doveadm("mailbox", "update", "-u", user.name, "--uid-validity", str(number), folder)

    def expunge(self, user: MailUser, folder: str, *query: str) -> None:
        """Remove mails behind every client's back; `query` in doveadm's words, for example "uid", "3"."""
        self.doveadm("expunge", "-u", user.name, "mailbox", folder, *(query or ("all",)))

    def doveadm(self, *arguments: str) -> str:
        """Run the administrator's program against this server; its output."""
        command = [*self._drop, "doveadm", "-c", str(self.folder / "dovecot.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=60)
        if done.returncode:
            raise RuntimeError(f"doveadm {' '.join(arguments)} failed: {done.stderr[-1_000:]}")
        return done.stdout

    def stop_imap(self) -> None:
        """Freeze every IMAP session: connections stay open, nothing answers."""
        self._tell_imap(signal.SIGSTOP)

    def continue_imap(self) -> None:
        """Wake the sessions again."""
        self._tell_imap(signal.SIGCONT)

    def _tell_imap(self, what: signal.Signals) -> None:
        for pid in self._imap_processes():
            with suppress(ProcessLookupError):  # a session may end meanwhile
                os.kill(pid, what)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """`stop_imap` for the length of a block."""
        self.stop_imap()
        try:
            yield
        finally:
            self.continue_imap()

    def stop(self) -> None:
        """Shut down in good order; mailboxes, accounts and ports are kept for `start`."""
        if self._process.poll() is None:
            self.continue_imap()
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(20)

    def start(self) -> None:
        """Start again after `stop`, on the same ports."""
        if self._process.poll() is not None:
            self._process = self._start()

    def restart(self) -> None:
        """`stop` and `start`: every connection is lost, nothing else."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server at once and remove its folder."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """What the server wrote down."""
        path = self.folder / "dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    # Inside

    def _write_files(self, certificates: Certificates, kind: str) -> None:
        owner = pwd.getpwuid(os.geteuid())
        if os.geteuid() == 0:
            owner = _ordinary_user()
            self._drop += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        pair = certificates.pair(kind)
        files = {
            "server.pem": pair.certificate.read_text(),
            "server.key": pair.key.read_text(),
            "users": "".join(f"{user.name}:{{PLAIN}}{user.password}::::::\n" for user in self._users),
            "oauth2.conf": oauth_configuration(self.folder),
            "keys/default/HS256/default": base64.b64encode(_OAUTH_SECRET).decode(),
            "dovecot.conf": configuration(self, owner, self._version(), **self._options),
        }
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (self.folder / "mail").mkdir()
        if os.geteuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def _version(self) -> str:
        done = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True, timeout=20)
        return done.stdout.split()[0]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [*self._drop, self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        with (self.folder / "output").open("ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True
            )
        deadline = time.monotonic() + 60
        while not _greets(self.host, self.imap_port):
            if process.poll() is not None or time.monotonic() > deadline:
                output_text = (self.folder / "output").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"Dovecot did not start:\n{output_text[-2_000:]}\n{self.log[-2_000:]}")
            time.sleep(0.01)
        return process

    def _imap_processes(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                title = (entry / "cmdline").read_bytes().split(b"\0")[0]
            except OSError:
                continue
            if parent == self._process.pid and title.split(b" ")[0] in (b"dovecot/imap", b"imap"):
                found.append(int(entry.name))
        return found


def _greets(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            return connection.recv(100).startswith(b"* OK")
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _ordinary_user() -> pwd.struct_passwd:
    """Someone without rights: Dovecot refuses mail access as root."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
