"""Choices that the forms of several playbooks offer."""

from __future__ import annotations

from typing import Literal

LowestRisk = Literal["everything", "negligible", "low", "medium", "high"]
