"""Whether what somebody typed into one field is meant as HTML or as text."""

from __future__ import annotations

import re

_BEGINNING = re.compile(r"\s*<(?:!doctype\s+html\b|!--|\?xml\b)", re.IGNORECASE)
_TAG = re.compile(
    r"""\s*<([a-z][a-z0-9]*)((?:\s+[^\s<>="'/@]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*/?>""", re.I
)
"""A whole start tag: `<user@example.org>` and `<https://...>` are none."""

_ALONE = frozenset(
    {
        "a", "abbr", "acronym", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "body", "br", "caption",
        "center", "cite", "col", "colgroup", "dd", "del", "dfn", "dir", "div", "dl", "dt", "em", "fieldset",
        "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup",
        "hr", "html", "i", "img", "ins", "kbd", "li", "main", "nav", "nobr", "ol", "optgroup", "p", "pre", "q", "s",
        "samp", "small", "span", "strike", "strong", "style", "sub", "sup", "table", "tbody", "td", "template",
        "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr"
    }
)  # fmt: skip
"""Names of elements by which nobody means anything else when they stand in angle brackets."""
_WORDS = frozenset(
    {
        "address", "area", "audio", "base", "button", "canvas", "code", "data", "datalist", "details", "dialog",
        "embed", "form", "iframe", "input", "label", "legend", "link", "map", "mark", "menu", "meta", "meter",
        "noscript", "object", "option", "output", "param", "picture", "progress", "script", "search", "section",
        "select", "source", "summary", "svg", "textarea", "time", "title", "track", "video"
    }
)  # fmt: skip
"""Also words that people put in angle brackets (`<address>`): they need an attribute with a value, or an end tag."""


def looks_like_html(content: str) -> bool:
    """Whether a text begins as HTML does: with a doctype, a comment, or the tag of an element of HTML."""
    if _BEGINNING.match(content):
        return True
    found = _TAG.match(content)
    if found is None:
        return False
    name, attributes = found[1].lower(), found[2]
    if name not in _ALONE | _WORDS:
        return False
    if "=" in attributes or (name in _ALONE and not attributes):
        return True
    return f"</{name}" in content.lower()
