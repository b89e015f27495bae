"""What is installed is what runs: packages, entry point, data files, pins, names that clash with nothing."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import mailroom
from mailroom.mail.parse.compiled import fast

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
REQUIREMENTS = {r.name: r for r in map(Requirement, PROJECT["project"]["dependencies"])}
EXTRAS = {Requirement(line).name for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines}


def test_the_wheel_holds_exactly_the_packages_of_the_project() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - {"benchmarks"} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_code_is_a_package(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_the_version_is_said_once_and_the_same() -> None:
    assert mailroom.__version__ == PROJECT["project"]["version"] == version("mailroom")


def test_it_can_not_be_published_by_accident() -> None:
    """The distribution owns the import names `flows`, `tasks` and `blocks`, which belong to nobody."""
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_no_other_installed_distribution_owns_our_import_names() -> None:
    for distribution in distributions():
        if distribution.metadata["Name"] == "mailroom":
            continue
        tops = {path.parts[0] for path in distribution.files or () if path.suffix == ".py"}
        assert not tops & set(PACKAGES), distribution.metadata["Name"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_imported_distribution_is_declared(package: str) -> None:
    names = {"google-re2": "re2", "pyyaml": "yaml", "google-auth": "google"}
    declared = {names.get(name, name.replace("-", "_")) for name in {*REQUIREMENTS, *EXTRAS}}
    brought = {"httpx", "urllib3", "pydantic_core", "proxyprotocol", "pysasl"}  # by what is declared, on purpose
    allowed = declared | brought | set(PACKAGES) | set(sys.stdlib_module_names)
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            imported = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            foreign = {name.partition(".")[0] for name in imported} - allowed
            assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("prefect", "3.8.8", "3.10.0"),
        ("fastapi", "0.150.0", "0.155.0"),  # newer ones: the server of Prefect 3.8.8 does not start
        ("sqlalchemy", "2.0.58", "2.1.9"),  # newer ones: Prefect 3.8.8 schedules nothing
    ],
)
def test_the_pins_that_keep_prefect_alive(name: str, good: str, bad: str) -> None:
    assert REQUIREMENTS[name].specifier.contains(good)
    assert not REQUIREMENTS[name].specifier.contains(bad)
    assert REQUIREMENTS[name].specifier.contains(version(name))


@pytest.mark.slow
def test_flows_and_command_line_work_from_any_folder(tmp_path: Path) -> None:
    """A worker starts runs in a folder of their own, so nothing may depend on the project's."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    code = (
        "from mailroom.triage.packaged import starter_rules, starter_lists;"
        "from mailroom.triage.ruleset import load_ruleset; import datetime;"
        "assert load_ruleset((starter_rules(),), (starter_lists(),), datetime.date.today()).rules;"
        "import flows.ingest_held_messages_then_triage, flows.retry_failed_triage, flows.check_connections, blocks;"
        "import flows.ingest_mailbox, flows.send_email_and_wait_for_reply, flows.watch_replies"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    program = Path(sys.executable).with_name("mailroom")
    done = subprocess.run([program, "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == f"mailroom {mailroom.__version__}", done.stderr
    assert done.stderr.startswith("usual mail is read in C" if fast else "usual mail is read in Python"), done.stderr
    assert not list(tmp_path.iterdir())


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5, which Debian 12 has, finds the wrong end of them; an atomic group means the same."""
    repeated = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")
    patterns = [
        (path.relative_to(ROOT), node.value)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]
    said = [(path, one if isinstance(one, str) else one.decode("latin-1")) for path, one in patterns]
    assert len(said) > 10_000
    assert [(path, text) for path, text in said if repeated.search(text)] == []
