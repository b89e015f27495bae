"""Checks of our own side: the store, the rules, the rails. Each says what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from mailroom.errors import MailroomError
from mailroom.playbooks.check_rows import CheckRow, failed
from mailroom.playbooks.policy import Policy
from mailroom.redact import one_line, scrub
from mailroom.rulelang.yaml_source import RuleError
from mailroom.store import Store


def check_store(open_store: Callable[[], Store]) -> list[CheckRow]:
    """Open the store, check its integrity, its schema, and that no fetched message went missing."""
    try:
        store = open_store()
        problems = store.check().problems
    except MailroomError as error:
        return [failed("store", error)]
    rows = [CheckRow("store", "failed", problem, "Stop the workers and restore a backup.") for problem in problems]
    if not rows:
        rows = [CheckRow("store", "ok", "schema and integrity are in order")]
    lost = store.runs.conservation_violations()
    if lost:
        text = f"runs {[run.id for run in lost[:5]]} fetched more or fewer messages than they settled"
        rows.append(CheckRow("conservation", "failed", text, "Keep the database and report this."))
    else:
        rows.append(CheckRow("conservation", "ok", "every fetched message has exactly one outcome"))
    open_effects = store.ledger.open_effects()
    if open_effects:
        text = f"{len(open_effects)} actions have an outcome that nobody saw"
        rows.append(CheckRow("ledger", "warning", text, "Run `mailroom retry` or the flow `retry failed triage`."))
    else:
        rows.append(CheckRow("ledger", "ok", "no action with an unknown outcome"))
    return rows


def check_policy(read_policy: Callable[[], Policy]) -> list[CheckRow]:
    """Read rules and lists, run the tests inside the rule files, and say what may happen by itself."""
    try:
        policy = read_policy()
        rules = policy.ruleset()
    except RuleError as error:
        return [CheckRow("rules", "failed", one_line(scrub(problem))) for problem in error.lines]
    except MailroomError as error:
        return [failed("rules", error)]
    rows = [CheckRow("rules", "ok", f"{len(rules.rules)} rules, digest {rules.digest[:12]}")]
    rows += [CheckRow("rules", "warning", warning) for warning in rules.warnings]
    modes = ", ".join(f"{name}: {mode}" for name, mode in sorted(policy.rails.modes.items())) or "everything: observe"
    rows.append(CheckRow("modes", "ok", modes))
    if policy.rails.kill_switch:
        rows.append(CheckRow("kill switch", "warning", "on: nothing is changed in the tenant", "Switch it off to act."))
    if not policy.rails.require_evaluated_rules:
        text = "rules without an evaluation record may act by themselves"
        rows.append(CheckRow("evaluation gate", "warning", text, "Leave require_evaluated_rules on for a real tenant."))
    return rows


def check_records(open_store: Callable[[], Store], read_policy: Callable[[], Policy]) -> list[CheckRow]:
    """Compare the records by which rules act by themselves with what the store shows. Effect: reads both."""
    try:
        rules = read_policy().ruleset()
        if all(rule.status != "auto" for rule in rules.rules):
            return []
        from mailroom.playbooks.workbench import unproven_records  # pandas; only where a rule has earned something

        hints = unproven_records(open_store(), rules)
    except MailroomError:
        return []  # said by the stages of the store and of the rules
    rows = [
        CheckRow("evaluation records", "warning", f"{hint.where}: {hint.rule_id}: {hint.text}", "Evaluate it again.")
        for hint in hints
    ]
    return rows or [CheckRow("evaluation records", "ok", "the store shows the decisions that they name")]
