"""Which elements of a mail's HTML are not shown, by the style written on them.

Style sheets are not applied, and colours are not compared: text in the colour of its background counts as shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_LONGEST = 2_000
_COMMENT = re.compile(r"/\*.{0,500}?\*/", re.DOTALL)
_GONE = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|mso-hide\s*:\s*all|content-visibility\s*:\s*hidden|"
    r"opacity\s*:\s*0*\.?0+%?\s*(?:;|!|$)|transform\s*:[^;]{0,60}scale[xy]?\(\s*0*\.?0*\s*[,)]|"
    r"(?:left|right|top|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*0)",
    re.IGNORECASE,
)
_NO_SIZE = re.compile(
    r"(?<![\w-])(?:max-)?(?:height|width)\s*:\s*0*\.?0+\s*(?:px|pt|em|rem|%|in|cm|mm)?\s*(?:;|!|$)", re.I
)
_CLIPPED = re.compile(r"(?<![\w-])overflow(?:-[xy])?\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_VISIBILITY = re.compile(r"(?<![\w-])visibility\s*:\s*(hidden|collapse|visible)", re.IGNORECASE)
_FONT_SIZE = re.compile(
    r"(?<![\w-])font(?:-size)?\s*:[^;]{0,80}?(?<![\w.#-])(\d{0,6}\.?\d{1,6})(px|pt|em|%|\w{0,4})", re.I
)
_FONT_WORD = re.compile(r"(?<![\w-])font(?:-size)?\s*:[^;]{0,80}?\b(?:small|medium|large)\b", re.IGNORECASE)
_SMALLEST = {"px": 1.5, "pt": 1.0}
"""What is smaller nobody can read."""
_OF_THE_PARENT = ("em", "%", "ex", "ch")


class Shown(NamedTuple):
    """What elements inside hand on: whether letters are too small to be seen, and whether visibility is off."""

    tiny: bool = False
    invisible: bool = False

    @property
    def readable(self) -> bool:
        """Whether text right here is shown."""
        return not (self.tiny or self.invisible)


def inside(above: Shown, attributes: Mapping[str, str | None]) -> Shown | None:
    """What is shown inside an element; None when nothing is, whatever stands in it.

    Args:
        above: What is handed on by the element around it.
        attributes: Of the element.
    """
    if "hidden" in attributes:
        return None
    style = attributes.get("style")
    if not style:
        return above
    style = style[:_LONGEST]
    if "/*" in style:
        style = _COMMENT.sub("", style)
    if _GONE.search(style) or (_CLIPPED.search(style) and _NO_SIZE.search(style)):
        return None
    tiny, invisible = above
    if tiny and _FONT_WORD.search(style):
        tiny = False
    for found in _FONT_SIZE.finditer(style):
        size, unit = float(found[1]), found[2].lower()
        if size == 0 or size < _SMALLEST.get(unit, 0):
            tiny = True
        elif unit not in _OF_THE_PARENT:
            tiny = False
    for found in _VISIBILITY.finditer(style):
        invisible = found[1].lower() != "visible"
    return Shown(tiny, invisible)
