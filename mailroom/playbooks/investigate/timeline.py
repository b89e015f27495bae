"""The timeline as a picture: days on x, one bar per day, its parts by status, marks at first and last.

An SVG that needs nothing from anywhere: no script, no link, no font, no picture. Built by an XML library, so text in it
is text. Colours follow the reader's light or dark page; the parts of a bar stand in the order of the legend.
The same investigation makes the same bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.investigate.result import Investigation
from mailroom.playbooks.investigate.sightings import STATUSES
from mailroom.playbooks.investigate.words import MONTHS, about, moment

WIDTH, HEIGHT = 880, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 74, 250
_MOST_BARS = 62
_STYLE = """
text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}
.small{font-size:11px;fill:#57606a}.axis{stroke:#8c959f;stroke-width:1}.grid{stroke:#d0d7de;stroke-width:1}
.mark{stroke:#24292f;stroke-width:1.5;stroke-dasharray:4 3}
.s0{fill:#cf222e}.s1{fill:#9a6700}.s2{fill:#1a7f37}.s3{fill:#8250df}.s4{fill:#0969da}.s5{fill:#8c959f}.clicks{fill:#24292f}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.axis{stroke:#656c76}.grid{stroke:#30363d}
.mark{stroke:#e6edf3}.s0{fill:#ff7b72}.s1{fill:#e3b341}.s2{fill:#56d364}.s3{fill:#d2a8ff}.s4{fill:#79c0ff}.s5{fill:#9198a1}
.clicks{fill:#e6edf3}}
"""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ElementTree.register_namespace("", "http://www.w3.org/2000/svg")


def timeline(found: Investigation, *, named: bool = True) -> str:
    """The picture as SVG text. Without names it shows of the sender his domain, and harmless words."""
    days, width = _bins(found)
    bars = [Counter[str]() for _ in days]
    for day, counts in found.by_day.items():
        if days[0] <= day:
            bars[min((day - days[0]).days // width, len(bars) - 1)].update(counts)
    highest = max((bar.total() for bar in bars), default=0)
    root = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": str(WIDTH),
        "height": str(HEIGHT), "role": "img", "aria-labelledby": "title what",
    })  # fmt: skip
    said = _text(about(found, named=named), 110)
    _add(root, "title", {"id": "title"}, f"Timeline: {said}")
    words = ", ".join(f"{count} {status}" for status, count in found.by_status.items()) or "no messages"
    _add(root, "desc", {"id": "what"}, f"{words}; {found.period}")
    SubElement(root, "style").text = _STYLE.replace("\n", "")
    _add(root, "text", {"x": str(_LEFT), "y": "22", "class": "title"}, said)
    _legend(root, found)
    _axes(root, days, width, highest)
    _bars(root, days, bars, highest)
    _clicks(root, found, days, width)
    _marks(root, found, days, width)
    return ElementTree.tostring(root, encoding="unicode")


def _bins(found: Investigation) -> tuple[list[date], int]:
    """First day of each bar, and how many days a bar stands for."""
    first, last = found.period.start.date(), found.period.end.date()
    count = (last - first).days + 1
    width = -(-count // _MOST_BARS)
    return [first + timedelta(days=width * number) for number in range(-(-count // width))], width


def _legend(root: Element, found: Investigation) -> None:
    x = float(_LEFT)
    for status, count in found.by_status.items():
        _add(root, "rect", {"x": _n(x), "y": "38", "width": "11", "height": "11", "class": _class(status)})
        words = f"{status} {count}"
        _add(root, "text", {"x": _n(x + 16), "y": "48"}, words)
        x += 34 + 7.2 * len(words)
    if found.clicks:
        _add(root, "circle", {"cx": _n(x + 5), "cy": "44", "r": "4", "class": "clicks"})
        _add(root, "text", {"x": _n(x + 16), "y": "48"}, f"clicks {len(found.clicks)}")
    if not found.by_status:
        _add(root, "text", {"x": _n(x), "y": "48", "class": "small"}, "no messages in this period")


def _axes(root: Element, days: list[date], width: int, highest: int) -> None:
    for share in (0.0, 0.5, 1.0) if highest > 1 else (0.0, 1.0):
        count = round(highest * share)
        y = _height(count, highest)
        _add(root, "line", {
            "x1": str(_LEFT), "x2": str(WIDTH - _RIGHT), "y1": _n(y), "y2": _n(y), "class": "grid" if share else "axis",
        })  # fmt: skip
        _add(root, "text", {"x": str(_LEFT - 8), "y": _n(y + 4), "class": "small", "text-anchor": "end"}, f"{count:,}")
    step = _step(days)
    every = max(1, -(-len(days) // 12))
    for number in range(0, len(days), every):
        x = _LEFT + step * (number + 0.5)
        text = f"{days[number].day} {MONTHS[days[number].month - 1]}"
        _add(root, "text", {"x": _n(x), "y": str(_BOTTOM + 18), "class": "small", "text-anchor": "middle"}, text)
    meaning = "days (UTC)" if width == 1 else f"each bar is {width} days (UTC)"
    _add(root, "text", {"x": str(WIDTH - _RIGHT), "y": "48", "class": "small", "text-anchor": "end"}, meaning)


def _bars(root: Element, days: list[date], bars: list[Counter[str]], highest: int) -> None:
    step = _step(days)
    for number, bar in enumerate(bars):
        below = 0
        for status in STATUSES:
            if not bar[status]:
                continue
            top, bottom = _height(below + bar[status], highest), _height(below, highest)
            _add(root, "rect", {
                "x": _n(_LEFT + step * number + step * 0.12), "width": _n(step * 0.76), "y": _n(top),
                "height": _n(max(bottom - top, 1.0)), "class": _class(status),
            })  # fmt: skip
            below += bar[status]


def _clicks(root: Element, found: Investigation, days: list[date], width: int) -> None:
    clicked = Counter((click.at.date() - days[0]).days // width for click in found.clicks if click.at)
    for number in sorted(clicked):
        if 0 <= number < len(days):
            x = _LEFT + _step(days) * (number + 0.5)
            _add(root, "circle", {"cx": _n(x), "cy": str(_BOTTOM + 28), "r": "4", "class": "clicks"})


def _marks(root: Element, found: Investigation, days: list[date], width: int) -> None:
    first, last = found.first_seen, found.last_seen
    for name, at, anchor in (("first", first, "start"), ("last", last if last != first else None, "end")):
        if at is None:
            continue
        place = (at.date() - days[0]).days + (at.hour * 60 + at.minute) / 1_440
        x = min(max(_LEFT + _step(days) * place / width, _LEFT), WIDTH - _RIGHT)
        _add(root, "line", {"x1": _n(x), "x2": _n(x), "y1": str(_TOP - 8), "y2": str(_BOTTOM), "class": "mark"})
        y = str(_BOTTOM + 44)
        near = "start" if x < WIDTH / 2 else "end"
        where = {"x": _n(x), "y": y if anchor == "start" else str(_BOTTOM + 58), "class": "small", "text-anchor": near}
        _add(root, "text", where, f"{name} {moment(at)}")


def _step(days: list[date]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / len(days)


def _height(count: int, highest: int) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * count / max(highest, 1)


def _class(status: str) -> str:
    return f"s{STATUSES.index(status)}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(words: str, limit: int) -> str:
    """Harmless words, with what no XML may contain taken out; addresses and domains stay readable."""
    return _NO_XML.sub("", harmless(words, limit))


def _add(parent: Element, name: str, attributes: dict[str, str], text: str = "") -> None:
    made = SubElement(parent, name, attributes)
    if text:
        made.text = text
