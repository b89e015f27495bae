"""Block "Triage Policy": what may happen by itself, and where the rules are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, field_validator, model_validator

from mailroom.errors import InvalidInputError
from mailroom.playbooks.asking_settings import LANGUAGES
from mailroom.playbooks.policy import Policy
from mailroom.triage.rails import Action, Count, RailSettings

Mode = Literal["observe", "advise", "auto"]
_MODE = "observe: only record what would be done. advise: propose it to an analyst. auto: do it, within the rails."


class TriagePolicy(Block):
    """How far Mailroom may go by itself.

    A new policy observes: verdicts are recorded and nothing in the tenant changes.

    Example:
        Load the stored policy and read its rules:
        ```python
        from blocks import TriagePolicy

        policy = TriagePolicy.load("BLOCK_NAME").get_policy()
        print(policy.ruleset().digest)
        ```
    """

    _block_type_name = "Triage Policy"
    _block_type_slug = "mailroom-triage-policy"  # never change: stored blocks refer to it
    _description = "Modes, safety rails, rules and lists of the triage."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    model_config = ConfigDict(hide_input_in_errors=True)

    kill_switch: bool = Field(
        default=False, title="Kill Switch", description="Stops every action at once; triage goes on."
    )
    release: Mode = Field(default="observe", title="Release", description=_MODE)
    reject: Mode = Field(default="observe", title="Reject", description=_MODE)
    release_to_sandbox: Mode = Field(default="observe", title="Release To Sandbox", description=_MODE)
    block_sender: Mode = Field(
        default="observe", title="Block Sender", description=f"For blocks that nobody asked for. {_MODE}"
    )
    ask_recipient: Mode = Field(
        default="observe",
        title="Ask Recipient",
        description="Asking the recipient of a held message by mail whether they expect it. observe, advise: only when "
        "a person wants it. auto: whenever the rules propose it, within the limits.",
    )
    per_run: int = Field(default=20, ge=0, title="Most Actions Per Run", description="Then acting stops for the run.")
    per_hour: int = Field(default=100, ge=0, title="Most Actions Per Hour", description="Over all runs.")
    per_sender_domain: int = Field(
        default=10, ge=0, title="Most Actions Per Sender Domain", description="Per hour, for one sender domain."
    )
    max_release_share: float = Field(
        default=0.30,
        ge=0,
        le=1,
        title="Largest Share Released",
        description="Of what a run triaged, at most this share is released by itself (0 to 1).",
    )
    per_action: dict[Action, Count] = Field(
        default={},
        title="Most Per Action",
        description='Automatic actions per run, of one kind: {"release": 5}. Kinds: release, reject, '
        "release_to_sandbox, block_sender, ask_recipient.",
    )
    breaker_window: int = Field(
        default=200,
        ge=1,
        title="Decisions The Breaker Looks At",
        description="The last automatic decisions of each rule.",
    )
    breaker_overturn: float = Field(
        default=0.02,
        ge=0,
        le=1,
        title="Share That May Be Overturned",
        description="A rule of whose decisions people overturn more (0 to 1) causes nothing by itself any more.",
    )
    own_senders: list[str] = Field(
        default=[],
        title="Own Senders",
        description="Addresses that this system sends from: their mail is never released, rejected or asked about.",
    )
    require_evaluated_rules: bool = Field(
        default=True,
        title="Require Evaluated Rules",
        description="Act by itself only on rules of status auto, which need an evaluation record. Leave this on.",
    )
    wide_changes_need_approval: bool = Field(
        default=False,
        title="Wide Changes Need Approval",
        description="Permits and block policies that a person asks for become proposals that somebody else approves.",
    )
    starter_rules: bool = Field(
        default=True, title="Use The Starter Rules", description="Load the rules and lists that come with Mailroom."
    )
    rules: list[str] = Field(
        default=[], title="Rule Folders", description="Absolute paths of folders with your own rule files."
    )
    lists: list[str] = Field(
        default=[], title="List Folders", description="Absolute paths of folders with your own lists."
    )
    reject_note: str = Field(default="", title="Rejection Note", description="Text of the rejection notice.")
    reject_reason: Literal[
        "Select One",
        "Inappropriate Communication",
        "Confidential Information",
        "Against Email Policy",
        "Restricted Content",
    ] = Field(default="Select One", title="Rejection Reason", description="Reason shown in the product.")

    approvers: list[str] = Field(
        default=[],
        title="Approvers",
        description="Who may approve by mail: Name / account <address>. The account tells that somebody who proposes "
        "on the command line is the same person.",
    )
    approval_mailbox: str = Field(
        default="",
        title="Approval Mailbox",
        description='Name of the "Mailbox Credentials" block that asks the approvers; empty: nobody is asked by mail.',
    )
    approval_hours: float = Field(
        default=4.0, gt=0, le=72, title="Approval Hours", description="How long an approval can be given and used."
    )

    recipient_language: str = Field(
        default="en",
        title="Recipients' Language",
        description=f"Of questions to recipients whose language nobody knows: {', '.join(LANGUAGES)}.",
    )
    recipient_languages: dict[str, str] = Field(
        default={},
        title="Languages Of Recipients",
        description='Address, or "@domain", and the language of questions to whoever it is.',
    )
    recipient_hours: float = Field(
        default=24.0, ge=1, le=336, title="Hours To Answer", description="The end of the hold comes first."
    )
    recipient_proof: bool = Field(
        default=False,
        title="Only Proven Answers",
        description="Count an answer only if a trusted server has proven its sender (DMARC pass). Leave it off where "
        "internal mail carries no such result.",
    )

    @field_validator("own_senders")
    @classmethod
    def _are_addresses(cls, own_senders: list[str]) -> list[str]:
        RailSettings(own_senders=frozenset(own_senders))
        return own_senders

    @model_validator(mode="after")
    def _folders_are_absolute(self) -> Self:
        for path in (*self.rules, *self.lists):
            if not Path(path).expanduser().is_absolute():
                msg = f"{path}: write an absolute path; a flow runs in a folder of its own."
                raise InvalidInputError(msg)
        return self

    def get_policy(self) -> Policy:
        """The policy for the core library.

        Raises:
            InvalidInputError: a folder does not exist on this machine, or there are no rules.
        """
        return Policy.build(
            rules=tuple(Path(path).expanduser() for path in self.rules),
            lists=tuple(Path(path).expanduser() for path in self.lists),
            starter_rules=self.starter_rules,
            kill_switch=self.kill_switch,
            require_evaluated_rules=self.require_evaluated_rules,
            wide_changes_need_approval=self.wide_changes_need_approval,
            modes={
                "release": self.release,
                "reject": self.reject,
                "release_to_sandbox": self.release_to_sandbox,
                "block_sender": self.block_sender,
                "ask_recipient": self.ask_recipient,
            },
            per_run=self.per_run,
            per_hour=self.per_hour,
            per_sender_domain=self.per_sender_domain,
            max_release_share=self.max_release_share,
            per_action=self.per_action,
            breaker_window=self.breaker_window,
            breaker_overturn=self.breaker_overturn,
            own_senders=self.own_senders,
            reject_note=self.reject_note,
            reject_reason=self.reject_reason,
            recipient_language=self.recipient_language,
            recipient_languages=self.recipient_languages,
            recipient_hours=self.recipient_hours,
            recipient_proof=self.recipient_proof,
            approvers=tuple(self.approvers),
            approval_mailbox=self.approval_mailbox,
            approval_ttl_hours=self.approval_hours,
        )
