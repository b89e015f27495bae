"""One row per figure: what was measured, what is promised, and the ratio of the two."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure. `at_least` says in which direction the promise goes."""

    name: str
    measured: float
    unit: str
    promised: float
    at_least: bool = True
    peak_mb: float = 0.0
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.measured >= self.promised if self.at_least else self.measured <= self.promised

    @property
    def ratio(self) -> float:
        """How many times better than promised (below 1: worse)."""
        if self.at_least:
            return self.measured / self.promised
        return self.promised / self.measured if self.measured else float("inf")


def show(figures: list[Figure]) -> None:
    """Print the table."""
    table = Table(title="Mailroom benchmarks", title_justify="left")
    for column in ("figure", "measured", "promised", "ratio", "peak MB", "kept", "note"):
        table.add_column(column, justify="right" if column in {"measured", "promised", "ratio", "peak MB"} else "left")
    for figure in figures:
        sign = "≥" if figure.at_least else "≤"
        table.add_row(
            figure.name,
            f"{figure.measured:,.2f} {figure.unit}"
            if figure.measured < 100
            else f"{figure.measured:,.0f} {figure.unit}",
            f"{sign} {figure.promised:,g} {figure.unit}",
            f"{figure.ratio:.2f}",
            f"{figure.peak_mb:,.0f}" if figure.peak_mb else "",
            "yes" if figure.kept else "NO",
            figure.note,
        )
    Console(width=150).print(table)
