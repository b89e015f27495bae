"""Make `.venv` from the lock file, needing nothing but this Python and a package index.

Used by every `make` target. Finds `uv`, or brings it into `.uv/` first (three ways, because some distributions ship
Python without `venv` or without `pip`). Does nothing when `.venv` already matches `uv.lock`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UV_HOME = ROOT / ".uv"
STAMP = VENV / ".mailroom-lock"
UV_VERSION = "uv>=0.8,<1"
COMPILED = ROOT / "mailroom" / "mail" / "parse" / "fast"


def fingerprint() -> str:
    """What the environment is made of; a change means: sync again."""
    digest = hashlib.sha256(sys.version.encode() + str(ROOT).encode())
    compiled = sorted(COMPILED.glob("*.[ch]"))
    for path in (ROOT / "uv.lock", ROOT / "pyproject.toml", ROOT / "hatch_build.py", *compiled):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(*command: str | Path) -> bool:
    """Run quietly; show what it said only when it failed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
    return done.returncode == 0


def run_quietly(*command: str | Path) -> bool:
    """Whether the command ends well; it says nothing."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, check=False).returncode == 0


def bring_uv() -> list[str]:
    """The command that runs uv, installed into `.uv/` if the machine has none."""
    if found := shutil.which("uv"):
        return [found]
    for candidate in (UV_HOME / "bin" / "uv", UV_HOME / "target" / "bin" / "uv"):
        if candidate.exists():
            return [str(candidate)]
    print("setup: bringing uv into .uv/", flush=True)
    if run(sys.executable, "-m", "venv", UV_HOME) and run(UV_HOME / "bin" / "pip", "install", "-q", UV_VERSION):
        return [str(UV_HOME / "bin" / "uv")]
    shutil.rmtree(UV_HOME, ignore_errors=True)
    target = UV_HOME / "target"
    if run(sys.executable, "-m", "pip", "install", "-q", "--target", target, UV_VERSION):
        return [str(target / "bin" / "uv")]
    sys.exit(
        "setup: this Python has neither a working `venv` nor `pip`, and `uv` is not installed.\n"
        "       Install one of them (Debian: apt install python3-venv) and run the same command again."
    )


def main() -> int:
    """Sync `.venv` with the lock file."""
    if sys.version_info < (3, 11) or sys.version_info >= (3, 14):
        sys.exit(
            f"setup: Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]}. "
            "Use PYTHON=python3.12 make ..."
        )
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and (VENV / "bin" / "python").exists():
        return 0
    uv = bring_uv()
    print("setup: making .venv from uv.lock (once; a minute or two)", flush=True)
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.pop("VIRTUAL_ENV", None)
    # Compiled once here: a worker starts a process per run, and not every user may write into .venv later.
    command = [*uv, "sync", "--frozen", "--quiet", "--compile-bytecode", "--python", sys.executable]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit("setup: the environment could not be made; the lines above say why. Is a package index reachable?")
    if not run_quietly(VENV / "bin" / "python", "-c", "import mailroom.mail.parse._fast"):
        print(
            "setup: SKIPPED: nothing was compiled; mail is read in Python alone: the same result in twice the time.\n"
            "       For the quick way install a C compiler and Python's headers (Debian: gcc, python3-dev), then run\n"
            "       make clean setup",
            flush=True,
        )
    STAMP.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
