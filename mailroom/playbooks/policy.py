"""The policy of a site: rules, lists, modes, rails, and how rejections are worded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mailroom import __version__
from mailroom.errors import InvalidInputError
from mailroom.playbooks.asking_settings import AskingSettings
from mailroom.rulelang.folders import content_of, is_folder, yaml_files_below
from mailroom.triage.packaged import starter_lists, starter_rules
from mailroom.triage.rails import RailSettings

if TYPE_CHECKING:
    from mailroom.triage.ruleset import RuleSet


_NO_REASON = "Select One"
_AS_WRITTEN = {"approval_ttl_hours": "approval_hours"}
"""Rails whose setting has another name."""


@dataclass(frozen=True)
class Policy:
    """What may happen by itself, and by which rules.

    Attributes:
        rails: Modes and limits.
        rules: Folders with rule files, the packaged ones included if they are used.
        lists: Folders with lists; later ones add to earlier ones.
        reject_parameters: Note and reason of rejections; the sender is never told of an automatic one.
        approvers: Who is asked for approvals by mail, as `Name / account <address>`.
        approval_mailbox: Name of the mailbox that asks them; empty: nobody is asked by mail.
    """

    rails: RailSettings
    rules: tuple[Path, ...]
    lists: tuple[Path, ...]
    reject_parameters: Mapping[str, Any] = field(default_factory=dict)
    approvers: tuple[str, ...] = ()
    approval_mailbox: str = ""
    asking: AskingSettings = field(default_factory=AskingSettings)
    """How recipients are asked about held messages."""

    @classmethod
    def build(
        cls,
        *,
        rules: tuple[Path, ...] = (),
        lists: tuple[Path, ...] = (),
        starter_rules: bool = True,
        reject_note: str = "",
        reject_reason: str = _NO_REASON,
        approvers: tuple[str, ...] = (),
        approval_mailbox: str = "",
        recipient_language: str = "en",
        recipient_languages: Mapping[str, str] = MappingProxyType({}),
        recipient_hours: float = 24.0,
        recipient_proof: bool = False,
        **rails: Any,
    ) -> Policy:
        """From the flat fields of a block or a settings file.

        Raises:
            InvalidInputError: a folder does not exist or cannot be read, a rail has an impossible value, or an
                approver is no address.
        """
        for folder in (*rules, *lists):
            if not is_folder(folder):
                msg = f"{folder} is not a folder: correct the rule or list folders of the policy."
                raise InvalidInputError(msg)
        if not starter_rules and not rules:
            msg = "The policy has no rules: name a rule folder, or use the starter rules."
            raise InvalidInputError(msg)
        try:
            settings = RailSettings(**rails)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name, *rest = (str(part) for part in first["loc"])
            msg = f"policy: {'.'.join((_AS_WRITTEN.get(name, name), *rest))}: {first['msg']}"
            raise InvalidInputError(msg) from None
        if approvers:
            from mailroom.playbooks.approvals.people import People  # only where there are any

            People.of(approvers)
        if reject_reason != _NO_REASON:
            from mailroom.mimecast.held import REJECT_REASONS  # only where there is one

            if reject_reason not in REJECT_REASONS:
                reasons = ", ".join(REJECT_REASONS)
                msg = f"policy: reject_reason: {reject_reason[:80]!r} is no reason of Mimecast's: use one of {reasons}"
                raise InvalidInputError(msg)
        asking = AskingSettings(recipient_language, dict(recipient_languages), recipient_hours, recipient_proof)
        return cls(
            rails=settings,
            asking=asking,
            rules=((_packaged_rules(),) if starter_rules else ()) + rules,
            lists=(starter_lists(), *lists),
            reject_parameters={"note": reject_note, "reason": reject_reason, "notify_sender": False},
            approvers=tuple(approvers),
            approval_mailbox=approval_mailbox,
        )

    def ruleset(self, today: date | None = None) -> RuleSet:
        """Rules and lists, read, checked and tested; kept as long as no file changes.

        Raises:
            InvalidInputError: names every wrong file and line.
        """
        today = today or datetime.now(UTC).date()
        return _load(self.rules, self.lists, today, self.fingerprint(today))

    def fingerprint(self, today: date) -> str:
        """Changes whenever the rule set could: with any byte of a rule or list file, with the day, with the version.

        Reading the files is quick; checking and testing them takes half a second, which a run with nothing to decide
        need not spend.
        """
        digest = hashlib.sha256(f"{__version__} {today.isoformat()}".encode())
        for folder in (*self.rules, *self.lists):
            for path in yaml_files_below(folder):
                digest.update(f"\0{path}\0".encode("utf-8", "surrogateescape") + content_of(path))
        return digest.hexdigest()


def _packaged_rules() -> Path:
    return starter_rules()


@lru_cache(maxsize=4)
def _load(rules: tuple[Path, ...], lists: tuple[Path, ...], today: date, _fingerprint: str) -> RuleSet:
    from mailroom.triage.ruleset import load_ruleset  # a run with nothing to decide does without

    return load_ruleset(rules, lists, today)
