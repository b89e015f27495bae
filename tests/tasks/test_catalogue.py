"""The catalogue: one file per documented action, found by its documented name, and what every task promises."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from pathlib import Path
from types import ModuleType

import pytest
from prefect import Flow, Task
from prefect.blocks.core import Block
from prefect.cache_policies import NO_CACHE, Inputs
from pydantic import SecretStr

import flows
import tasks

TASKS = Path(tasks.__file__).parent
FLOWS = Path(flows.__file__).parent
PRODUCTS = {"cases": "Cases", "mail": "Email", "mimecast": "Mimecast"}
"""Folder -> the product's name in task names. Folders that are no product hold steps of playbooks."""

STEPS = {"watch_replies"}
"""Steps of playbooks that lie with the actions they belong to."""

TENANT = """
    add_group_member block_file_hash block_sender create_block_sender_policy create_managed_url
    create_remediation_incident delete_block_sender_policy delete_managed_url expire_changes permit_sender
    reject_message release_message remove_group_member report_message retry_changes undo_action
    update_block_sender_policy
"""
EFFECTS = (
    dict.fromkeys(TENANT.split(), "changes the tenant")
    | dict.fromkeys(
        ("apply_sender_block", "block_harmful_content", "pull_back_mail", "end_block"), "changes the tenant"
    )
    | dict.fromkeys(("carry_out_approved", "request_approvals"), "changes the tenant")
    | dict.fromkeys(
        (
            "ask_approvers",
            "ask_recipient",
            "ask_recipients",
            "tell_recipients",
            "handle_reports",
            "mail_triage_report",
            "send_email",
            "send_email_and_wait",
            "send_thread_reply",
            "forward_email",
        ),
        "sends mail",
    )
    | dict.fromkeys(("delete_email", "mark_email", "move_email_to_folder"), "changes the mailbox")
)
"""Tasks that change the world outside our store and must not be repeated -> how they say so."""

MUST_BE_FILLED_IN = {
    "approve_action": {"approval"},
    "ask_recipient_about_held_message": {"alert"},
    "ingest_tracked_messages": {"domains"},
    "send_email_and_wait_for_reply": {"recipients", "subject", "content"},
}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _module(path: Path) -> ModuleType:
    return importlib.import_module(".".join(path.relative_to(TASKS.parent).with_suffix("").parts))


ACTION_FILES = [path for folder in sorted(TASKS.iterdir()) if folder.is_dir() for path in _files(folder)]
FLOW_FILES = _files(FLOWS)
in_every_action = pytest.mark.parametrize("path", ACTION_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
in_every_flow = pytest.mark.parametrize("path", FLOW_FILES, ids=lambda path: path.stem)


def _task(path: Path) -> Task:  # type: ignore[type-arg]
    found = getattr(_module(path), path.stem)
    assert isinstance(found, Task)
    return found


def _flow(path: Path) -> Flow:  # type: ignore[type-arg]
    found = getattr(_module(path), path.stem)
    assert isinstance(found, Flow)
    return found


def _product(path: Path) -> str | None:
    return None if path.stem in STEPS else PRODUCTS.get(path.parent.name)


def _as_stem(documented: str) -> str:
    """The file name of an action: its documented name in lower case, whatever stands between the words a line."""
    return re.sub(r"[^a-z0-9]+", "_", documented.lower())


def test_there_is_a_catalogue() -> None:
    assert {path.stem for path in ACTION_FILES} >= {"triage_alerts", *EFFECTS}
    assert {path.stem for path in FLOW_FILES} == {
        "approve_action",
        "archive_search",
        "ask_recipient_about_held_message",
        "ask_recipients",
        "block_sender",
        "check_connections",
        "expire_blocks",
        "handle_reported_phish",
        "ingest_held_messages_then_triage",
        "ingest_mailbox",
        "ingest_tracked_messages",
        "investigate_sender",
        "remediate",
        "request_approvals",
        "retry_failed_triage",
        "send_email_and_wait_for_reply",
        "start_wanted_playbooks",
        "triage_report",
        "watch_replies",
    }


def test_every_documented_email_action_is_there() -> None:
    documented = (
        "Ping", "Send Email", "Send Email and Wait", "Wait for Email from User", "Download Email Attachments",
        "Get Mail EML File", "Search Email", "Move Email To Folder", "Delete Email", "Mark Email", "Forward Email",
        "Send Thread Reply", "Save Attachments to Alert", "Analyze EML/MSG", "Email Body Regex", "Email Header Regex",
        "List Emails",
    )  # fmt: skip
    found = {_task(path).name for path in ACTION_FILES if path.parent.name == "mail" and path.stem not in STEPS}
    assert found == {f"Email: {name}" for name in documented}


@in_every_action
def test_a_file_holds_the_one_task_of_its_name(path: Path) -> None:
    module = _module(path)
    defined = [name for name, value in vars(module).items() if isinstance(value, Task)]
    assert defined == [path.stem]
    assert _task(path).fn.__name__ == path.stem


@in_every_action
def test_a_task_bears_the_documented_name(path: Path) -> None:
    product = _product(path)
    name = _task(path).name
    documented = name.removeprefix(f"{product}: ")
    assert name == (f"{product}: {documented}" if product else documented)
    assert _as_stem(documented) == path.stem
    assert documented in inspect.getdoc(_module(path))  # type: ignore[operator]


@pytest.mark.parametrize("folder", sorted({path.parent for path in ACTION_FILES}), ids=lambda path: path.name)
def test_a_folder_offers_exactly_its_tasks(folder: Path) -> None:
    package = importlib.import_module(f"tasks.{folder.name}")
    offered = {name for name in package.__all__ if isinstance(getattr(package, name), Task)}
    assert offered == {path.stem for path in _files(folder)}


@in_every_action
def test_a_task_says_its_effect_and_its_source(path: Path) -> None:
    text = inspect.getdoc(_task(path).fn) or ""
    assert "\nEffect: " in text
    assert "\nSource: https://" in text
    for parameter in inspect.signature(_task(path).fn).parameters:
        assert f"\n    {parameter}: " in text, f"{parameter} is not explained"


@in_every_action
def test_the_first_line_of_a_task_file_says_what_it_is(path: Path) -> None:
    kind = "action" if _product(path) else "Step"
    assert kind in (_module(path).__doc__ or "").splitlines()[0]


@in_every_action
def test_no_result_is_shared_by_equal_inputs(path: Path) -> None:
    """Two tasks with equal inputs would share one result, and the second effect would silently not happen."""
    task = _task(path)
    assert not isinstance(task.cache_policy, Inputs)
    assert task.cache_policy is NO_CACHE or task.cache_key_fn is not None


@in_every_action
def test_a_result_is_kept_only_under_a_key_of_our_own(path: Path) -> None:
    task = _task(path)
    assert not task.persist_result or task.cache_key_fn is not None


@pytest.mark.parametrize("path", [path for path in ACTION_FILES if path.stem in EFFECTS], ids=lambda path: path.stem)
def test_an_effect_is_never_repeated_or_cached_by_prefect(path: Path) -> None:
    task = _task(path)
    assert task.cache_policy is NO_CACHE
    assert task.retries == 0
    assert f"Effect: {EFFECTS[path.stem]}" in (inspect.getdoc(task.fn) or "")


@pytest.mark.parametrize(
    "path", [path for path in ACTION_FILES if path.stem not in EFFECTS], ids=lambda path: path.stem
)
def test_a_repeated_read_repeats_only_what_may_go_away_by_itself(path: Path) -> None:
    task = _task(path)
    assert not task.retries or task.retry_condition_fn is not None
    assert not re.search("Effect: (changes the (tenant|mailbox)|sends mail)", inspect.getdoc(task.fn) or "")


@pytest.mark.parametrize("path", [*ACTION_FILES, *FLOW_FILES], ids=lambda path: path.stem)
def test_no_secret_and_no_block_travels_as_a_parameter(path: Path) -> None:
    """Prefect stores parameters in clear; names of blocks travel instead."""
    function = getattr(_module(path), path.stem).fn
    for name, hint in typing.get_type_hints(function).items():
        kinds = {hint, *typing.get_args(hint)}
        assert SecretStr not in kinds, name
        assert not any(inspect.isclass(kind) and issubclass(kind, Block) for kind in kinds), name


@pytest.mark.parametrize("path", [p for p in ACTION_FILES if p.parent.name == "mail"], ids=lambda path: path.stem)
def test_no_mail_is_kept_in_prefect(path: Path) -> None:
    assert _task(path).persist_result is False


@in_every_flow
def test_a_flow_is_named_like_its_file_and_explains_every_parameter(path: Path) -> None:
    flow = _flow(path)
    assert flow.name == path.stem.replace("_", " ")
    shown = flow.parameters.properties
    assert all(entry.get("description") for entry in shown.values()), "the form has a field without help"
    empty = {name for name, entry in shown.items() if "default" not in entry}
    assert empty == MUST_BE_FILLED_IN.get(path.stem, set()), "the form has a field that must be filled in"


@in_every_flow
def test_a_flow_keeps_no_result_and_prints_nothing_into_the_log(path: Path) -> None:
    flow = _flow(path)
    assert flow.persist_result is False
    assert flow.result_serializer == "json", "the error of a failed run is written to disk, else as a pickle"
    assert not flow.log_prints
    assert not flow.retries, "a flow that retries by itself would act again without anybody having asked"
