"""Rules on mail together with what they name: incident templates and playbooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mailroom.cases.mail_rules import MailRule, MailRuleSet, load_mail_rules
from mailroom.cases.templates import IncidentTemplate, load_templates
from mailroom.playbooks.known_playbooks import playbook_problem
from mailroom.rulelang.yaml_source import RuleError

Templates = Mapping[str, IncidentTemplate]


def load_checked(
    folders: Iterable[Path | str], lists: Iterable[Path | str] = (), *, templates: Templates | None = None
) -> tuple[MailRuleSet, Templates]:
    """The rules of these folders, tested, and the templates they may name.

    Args:
        folders: Folders of rules; `starter` names the packaged ones.
        lists: Folders of lists.
        templates: Incident templates; the packaged ones when left out.

    Raises:
        RuleError: every problem of every file, one `path:line: message` each.
    """
    known = load_templates() if templates is None else templates
    ruleset = load_mail_rules(folders, lists)
    check_references(ruleset, known)
    return ruleset, known


def check_references(ruleset: MailRuleSet, templates: Templates) -> None:
    """Whether every template and playbook that rules name exists and fits.

    Raises:
        RuleError: some do not, with file and line.
    """
    if problems := [problem for rule in ruleset.rules for problem in _problems(rule, templates)]:
        raise RuleError(*problems)


def _problems(rule: MailRule, templates: Templates) -> list[str]:
    found = []
    for index, one in enumerate(rule.actions):
        settings = one.settings
        path = ("actions", index, one.do)
        if "template" in settings and settings["template"] not in templates:
            known = ", ".join(sorted(templates)) or "there are none"
            where = rule.document.at(*path, "template")
            found.append(f"{where}: there is no incident template {settings['template']!r}; known: {known}")
        if one.do == "run_playbook":
            autorun = settings.get("autorun", True)
            problem = playbook_problem(settings["playbook"], settings.get("parameters", {}), autorun=autorun)
            if problem:
                found.append(f"{rule.document.at(*path, 'playbook')}: {problem}")
    return found
