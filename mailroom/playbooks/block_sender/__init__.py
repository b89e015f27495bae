"""Block a sender: what would be blocked and why not, then each change once, with an end and a way back."""

from mailroom.playbooks.block_sender.approving import Approved, check_approved, propose, withdraw
from mailroom.playbooks.block_sender.doing import block, carry_out_step
from mailroom.playbooks.block_sender.form import COVERS, HOW, BlockForm
from mailroom.playbooks.block_sender.model import BlockPlan, BlockStep, Refusal
from mailroom.playbooks.block_sender.planning import plan_block, raise_if_refused
from mailroom.playbooks.block_sender.ruling import Ruled, rule
from mailroom.playbooks.block_sender.wide import ask_somebody_else, needs_somebody_else

__all__ = [
    "COVERS",
    "HOW",
    "Approved",
    "BlockForm",
    "BlockPlan",
    "BlockStep",
    "Refusal",
    "Ruled",
    "ask_somebody_else",
    "block",
    "carry_out_step",
    "check_approved",
    "needs_somebody_else",
    "plan_block",
    "propose",
    "raise_if_refused",
    "rule",
    "withdraw",
]
