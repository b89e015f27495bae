"""How the command line speaks: tables and progress for people on stderr/stdout, one JSON object for programs.

Every text from a mail passes `plain` before it reaches the terminal: no markup, no control or direction characters.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mailroom.redact import one_line, scrub

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from mailroom.connectors.report import Progress as ProgressCall

_PIPED_WIDTH = 160  # a pipe has no width; 80 would fold every table


class _Terminal:
    """A console for people, made when something is first printed: a program that reads JSON does not wait for it."""

    def __init__(self, *, stderr: bool) -> None:
        self._stderr = stderr

    @cached_property
    def made(self) -> Console:
        """The console itself."""
        from rich.console import Console

        width = None if self._stderr or sys.stdout.isatty() else _PIPED_WIDTH
        return Console(stderr=self._stderr, highlight=False, width=width)

    def print(self, *what: object, **how: Any) -> None:
        """As `Console.print`."""
        self.made.print(*what, **how)


console = _Terminal(stderr=False)
errors = _Terminal(stderr=True)


def plain(value: object, limit: int = 200) -> Text:
    """Hostile text, harmless: one line, no markup; where a new line began stands a sign for it."""
    from rich.text import Text

    lines = [line for line in str(value).splitlines() if line.strip()] if "\n" in str(value) else [str(value)]
    return Text(_printable(one_line(scrub(" ⏎ ".join(lines)), limit)))


def _printable(text: str) -> str:
    """Without half characters, which JSON may carry and no terminal takes."""
    return text.encode("utf-8", "replace").decode()


def print_json(value: Any, *, beside: bool = False) -> None:
    """One JSON object on one line; `beside` puts it on stderr, because stdout is the content itself."""
    stream = sys.stderr if beside else sys.stdout
    stream.write(json.dumps(value, ensure_ascii=True, default=str) + "\n")
    stream.flush()


def tell(values: Mapping[str, Any], said: str, *, as_json: bool, beside: bool = False) -> None:
    """What became of something: a sentence for people, one JSON object for programs.

    Args:
        values: For programs.
        said: For people.
        as_json: Which of both.
        beside: As for `print_json`.
    """
    if as_json:
        print_json(values, beside=beside)
    else:
        note(said)


_LONG = frozenset(
    {"why", "subject", "title", "name", "sender", "detail", "advice", "evidence", "undo", "value", "answer", "text",
     "summary", "action", "actions", "by", "proposer", "approver", "reason", "message", "file", "path"}
)  # fmt: skip
"""Columns whose cells may take several lines; numbers, states and the like are never cut or broken."""
_LEAST = 16
"""Characters that such a column needs at least, if it has as many."""


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int = 200) -> None:
    """A table for people; a cell shows at most `limit` characters.

    Where the terminal is too narrow for it, each row is a block of lines instead: no cell is ever cut by the table.
    """
    from rich.table import Table

    cells = [[plain(_shown(cell), limit) for cell in row] for row in rows]
    widths = [_needed(name, [row[at].cell_len for row in cells]) for at, name in enumerate(columns)]
    if sum(widths) + 3 * len(columns) + 1 > console.made.width and cells:
        _blocks(title, columns, cells)
        return
    made = Table(title=plain(title), title_justify="left", header_style="bold", expand=False)
    for column, width in zip(columns, widths, strict=True):
        made.add_column(column, overflow="fold", no_wrap=column not in _LONG, min_width=width)
    for row in cells:
        made.add_row(*row)
    console.print(made)


def _shown(cell: object) -> object:
    """Times to the second and in UTC, yes and no."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if isinstance(cell, datetime) and cell.tzinfo else cell


def _needed(column: str, lengths: Sequence[int]) -> int:
    """Characters that a column needs at least."""
    longest = max([len(column), *lengths])
    return min(longest, max(_LEAST, len(column))) if column in _LONG else longest


def _blocks(title: str, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    from rich.table import Table
    from rich.text import Text

    console.print(plain(title), style="italic")
    for row in rows:
        made = Table.grid(padding=(0, 2))
        made.add_column(no_wrap=True, style="bold")
        made.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                made.add_row(name, cell)
        console.print(made, Text(""), sep="")


class Lines:
    """Rows shown one by one while more are loading; a table would have to know them all, and costs thirty times more.

    Args:
        columns: Name and width of each column; the last one takes what is left of the line.
    """

    def __init__(self, *columns: tuple[str, int]) -> None:
        used = sum(width + 2 for _, width in columns[:-1])
        self._widths = [*(width for _, width in columns[:-1]), max(columns[-1][1], console.made.width - used)]
        self._header: Sequence[object] = [name for name, _ in columns]

    def show(self, rows: Iterable[Sequence[object]]) -> None:
        """Print rows; before the first one, the header. What does not fit is cut."""
        for row in rows:
            if self._header:
                self._print(self._header)
                self._header = ()
            self._print(row)
        sys.stdout.flush()

    def _print(self, row: Sequence[object]) -> None:
        from rich.cells import set_cell_size

        cells = (
            set_cell_size(one_line(scrub(str(cell)), 4 * width), width)
            for cell, width in zip(row, self._widths, strict=True)
        )
        sys.stdout.write(_printable("  ".join(cells).rstrip()) + "\n")


def fail(text: str) -> None:
    """Say what went wrong."""
    from rich.text import Text

    errors.print(Text("mailroom: ", style="bold red") + plain(text, 2_000))


def note(text: str) -> None:
    """Say something beside the result."""
    errors.print(plain(text, 2_000), style="dim")


def show_wait(seconds: float, function: str, reason: str) -> None:
    """Shown before each wait of the client."""
    if seconds >= 1:
        note(f"waiting {seconds:.1f} s before {function}: {reason}")


@contextmanager
def progress(quiet: bool) -> Iterator[ProgressCall]:
    """Progress bars on stderr, one per step; silent when asked or when nobody looks."""
    if quiet or not errors.made.is_terminal:
        yield lambda _step, _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors.made, transient=False) as bars:
        steps: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=total)
            bars.update(steps[step], completed=done, total=total)

        yield show
