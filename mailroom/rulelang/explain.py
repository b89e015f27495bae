"""Sentences with `{field}` in them. Values come from mail, so they are looked up, cut and escaped, never formatted."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.rulelang.text import shown

_PLACE = re.compile(r"\{([^{}]*)\}")
Fill = Callable[[Mapping[str, Any]], str]


def compile_sentence(template: str, fields: Container[str]) -> Fill:
    """A function that fills a sentence from facts. The result is one line.

    Raises:
        ValueError: A place names no known field, or braces do not match.
    """
    pieces: list[tuple[str, str]] = []
    end = 0
    for match in _PLACE.finditer(template):
        name = match.group(1)
        if name not in fields:
            raise ValueError(f"names {{{name}}}, which is not a field")
        pieces.append((template[end : match.start()], name))
        end = match.end()
    tail = template[end:]
    if any(brace in text for text in (tail, *(piece for piece, _ in pieces)) for brace in "{}"):
        raise ValueError("has a brace without its partner")

    def fill(facts: Mapping[str, Any]) -> str:
        parts = []
        for text, name in pieces:
            value = facts.get(name, UNKNOWN)
            parts += [text, "(not known)" if value is UNKNOWN else shown(value)]
        return "".join(parts) + tail

    return fill
