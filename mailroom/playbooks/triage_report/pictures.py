"""The pictures of a report as SVG, drawn with Matplotlib: names of verdicts and rules, dates, numbers, nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mailroom.playbooks.triage_report.model import EXPIRY, NOT_JUDGED, ReportNumbers
from mailroom.playbooks.triage_report.tables import lasting
from mailroom.triage.decision import VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "malicious": "#b3261e", "suspicious": "#e8833a", "spam": "#b9a13a", "graymail": "#8a8f98", "benign": "#3a8f5c",
    "simulation": "#7b5ea7", "undetermined": "#5b8bc1", NOT_JUDGED: "#d5d8dc",
}  # fmt: skip
_ORDER = (*VERDICTS, NOT_JUDGED)
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none", "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e6e8eb", "text.parse_math": False,
    "text.usetex": False,
}  # fmt: skip
_MOST_RULES = 20
_TICKS = (1, 10, 60, 300, 1_800, 7_200, 28_800, 172_800, 604_800, 2_592_000, 31_536_000)
"""Seconds."""
_WIDTH, _BELOW, _ABOVE, _RIGHT = 9.0, 0.55, 0.5, 0.2


def pictures(numbers: ReportNumbers) -> dict[str, bytes]:
    """Each picture as an SVG document by its name; those without anything to show are left out."""
    made = {
        "volume": _draw(_volume, numbers) if numbers.by_day else b"",
        "times": _draw(_times, numbers) if numbers.times else b"",
        "expiry": _draw(_expiry, numbers) if numbers.expiry else b"",
        "rules": _draw(_rules, numbers, _height(numbers), 2.7) if _height(numbers) else b"",
        "calibration": _draw(_calibration, numbers) if numbers.calibration else b"",
    }
    return {name: picture for name, picture in made.items() if picture}


def _draw(
    what: Callable[[Axes, ReportNumbers], None], numbers: ReportNumbers, height: float = 2.8, left: float = 1.2
) -> bytes:
    import matplotlib  # half a second that nothing else need wait
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # The same numbers are the same picture: no date in it, and ids that do not depend on chance.
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": what.__name__}):
        figure = Figure(figsize=(_WIDTH, height))
        FigureCanvasSVG(figure)
        # Fixed margins in inches: finding them out would draw everything twice.
        sides = (left / _WIDTH, _BELOW / height, 1 - (left + _RIGHT) / _WIDTH, 1 - (_BELOW + _ABOVE) / height)
        what(figure.add_axes(sides), numbers)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def _volume(axes: Axes, numbers: ReportNumbers) -> None:
    days = list(numbers.by_day)
    places = range(len(days))
    bottom = [0] * len(days)
    for verdict in _ORDER:
        heights = [numbers.by_day[day].get(verdict, 0) for day in days]
        if any(heights):
            axes.bar(places, heights, bottom=bottom, color=_COLOURS[verdict], label=verdict, width=0.85)
            bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
    step = max(1, len(days) // 12)
    axes.set_xticks(list(places)[::step], [day[5:] for day in days][::step])
    axes.set_ylabel("alerts per day (UTC)")
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=4, fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(0, 1.28))


def _times(axes: Axes, numbers: ReportNumbers) -> None:
    steps = list(numbers.times)
    for place, step in enumerate(reversed(steps)):
        one = numbers.times[step]
        median, p90, worst = (max(1.0, seconds) for seconds in (one.median, one.p90, one.worst))
        axes.plot([median, worst], [place, place], color="#c4c8cd", linewidth=2, zorder=1)
        axes.plot([median, p90], [place, place], color="#5b8bc1", linewidth=7, zorder=2)
        axes.plot([median], [place], marker="o", color="#1d4e89", zorder=3)
    axes.set_yticks(range(len(steps)), list(reversed(steps)))
    axes.set_ylim(-0.6, len(steps) - 0.4)
    axes.set_xscale("log")
    least, most = axes.get_xlim()
    first = max([tick for tick in _TICKS if tick <= least], default=_TICKS[0])
    last = min([tick for tick in _TICKS if tick >= most], default=_TICKS[-1])
    ticks = [tick for tick in _TICKS if first <= tick <= last]
    axes.set_xticks(ticks, [lasting(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(min(first, least), max(last, most))
    axes.set_xlabel("after arrival: median (dot), nine of ten (bar), longest (line)")


def _expiry(axes: Axes, numbers: ReportNumbers) -> None:
    names = [name for name in reversed(EXPIRY) if name in numbers.expiry]
    left = [0] * len(names)
    for verdict in _ORDER:
        widths = [numbers.expiry[name].get(verdict, 0) for name in names]
        if any(widths):
            axes.barh(names, widths, left=left, color=_COLOURS[verdict], label=verdict, height=0.7)
            left = [low + wide for low, wide in zip(left, widths, strict=True)]
    axes.set_xlabel("held messages that nobody has dealt with, by the end of their hold")
    axes.grid(visible=False, axis="y")
    axes.legend(ncols=4, fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(0, 1.28))


def _height(numbers: ReportNumbers) -> float:
    number = min(_MOST_RULES, sum(one.labelled > 0 for one in numbers.rules))
    return 1.2 + 0.22 * number if number else 0.0


def _rules(axes: Axes, numbers: ReportNumbers) -> None:
    chosen = [one for one in numbers.rules if one.labelled][:_MOST_RULES][::-1]
    for place, one in enumerate(chosen):
        found = one.precision
        if found is not None:
            share, low, high = found
            colour = "#8a8f98" if one.status == "shadow" else "#1d4e89"
            axes.plot([low, high], [place, place], color=colour, linewidth=2)
            axes.plot([share], [place], marker="o", markersize=4, color=colour)
    axes.set_yticks(range(len(chosen)), [f"{one.rule_id[:40]} ({one.labelled})" for one in chosen])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("precision with its 95 % interval (labelled mails in brackets; grey: in shadow)")


def _calibration(axes: Axes, numbers: ReportNumbers) -> None:
    bins = [entry for entry in numbers.calibration if entry[1]]
    axes.plot([0, 100], [0, 1], color="#c4c8cd", linestyle="--", linewidth=1)
    axes.plot([low + 5 for low, _, _ in bins], [bad / all_ for _, all_, bad in bins], marker="o", color="#b3261e")
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("risk by the rules")
    axes.set_ylabel("labelled harmful")
