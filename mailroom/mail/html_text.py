"""HTML to readable text, in linear time and without fetching anything."""

from __future__ import annotations

import html as html_entities
import re
from collections.abc import Mapping
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailroom.mail.html_hidden import Shown, inside

_LIMIT = 2 * 1024 * 1024
_DEPTH = 400
"""Open elements inside each other: from here on the HTML parser's time grows with the square of the depth."""
_NODES = 200_000
_SKIP = frozenset(
    {"script", "style", "head", "title", "noscript", "template", "svg", "math", "object", "iframe", "meta", "link"}
)
_BREAK = frozenset({"br"})
_BLOCK = frozenset(
    {
        "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
        "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
        "body", "html", "caption", "option",
    }
)  # fmt: skip
_PARAGRAPH = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "table"})
_TIGHT_CLASS = re.compile(r"(?:^|\s)(?:x_)*Mso(?:Normal|PlainText|NoSpacing|ListParagraph)")
"""Outlook's paragraphs: no space between them, an empty one for every empty line."""
_MARGIN = re.compile(r"(?<![\w-])margin(-top|-bottom)?\s{0,4}:\s{0,4}([^;]{1,60})", re.IGNORECASE)
_LENGTH = re.compile(r"\d{0,6}\.?\d{1,6}")
_PIECES_OF_NOTHING = 6
_LONGEST_EMOJI = 40
_LONGEST_STYLE = 1_000
_CELLS = frozenset({"td", "th"})
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MAY_HIDE = re.compile(r"""[\s"'/](?:style\s{0,9}=|hidden)""", re.IGNORECASE)
"""Mail without any of these need not be asked element by element."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NEVER_OPEN = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
        "p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd", "option", "colgroup", "html", "head",
        "body",
    }
)  # fmt: skip
_TARGET = re.compile(
    r"""\b(?:href|src|action)\s{0,9}=\s{0,9}(?:"([^"<>]{1,4096})"|'([^'<>]{1,4096})'|([^\s"'<>]{1,4096}))""",
    re.IGNORECASE,
)


class Link(NamedTuple):
    """A link: where it leads and what it says."""

    target: str
    text: str


def parse_html(html: str) -> LexborHTMLParser | None:
    """The tree of the first 2 MiB; None when elements are nested so deeply that building it could take minutes."""
    html = html[:_LIMIT]
    if html.count("<") > _DEPTH:
        depth = 0
        opened: dict[str, int] = {}
        for closing, name in _TAG.findall(html):
            name = name.lower()
            if name in _NEVER_OPEN:
                continue
            if not closing:
                opened[name] = opened.get(name, 0) + 1
                depth += 1
                if depth > _DEPTH:
                    return None
            elif opened.get(name):  # an end tag without its start tag closes nothing
                opened[name] -= 1
                depth -= 1
    return LexborHTMLParser(html)


def html_to_text(html: str, *, keep_hidden: bool = True) -> str:
    """Readable text: blocks on lines of their own, one empty line between paragraphs, list items with `- `.

    Args:
        html: Any markup; only the first 2 MiB are read.
        keep_hidden: False leaves out elements that are styled not to be shown. Where markup may hide something and is
            nested too deeply to tell what, nothing is left.
    """
    tree = parse_html(html)
    all_shown = keep_hidden or not _MAY_HIDE.search(html, 0, _LIMIT)
    if tree is None:
        return _without_tags(html[:_LIMIT]) if all_shown else ""
    root = tree.body or tree.root
    if root is None:
        return ""
    writer = _Writer()
    _walk(root, writer, keep_hidden=all_shown)
    return writer.text()


def html_links(html: str, *, limit: int = 2_000) -> list[Link]:
    """Targets of links, forms and images with the text shown, in order."""
    tree = parse_html(html)
    found: list[Link] = []
    if tree is None:
        for match in _TARGET.finditer(html, 0, _LIMIT):
            found.append(Link(html_entities.unescape(match.group(1) or match.group(2) or match.group(3)).strip(), ""))
            if len(found) >= limit:
                break
        return found
    for node in tree.css("a[href], area[href], form[action], img[src], link[href], iframe[src], base[href]"):
        attributes = node.attributes
        target = (attributes.get("href") or attributes.get("action") or attributes.get("src") or "").strip()
        if target:
            found.append(Link(target, _BLANKS.sub(" ", node.text(deep=True)).strip() if node.tag == "a" else ""))
        if len(found) >= limit:
            break
    return found


def _without_tags(html: str) -> str:
    """The plain way, for markup nobody should build a tree from: tags become line ends or nothing."""
    out: list[str] = []
    position = 0
    while (start := html.find("<", position)) != -1:
        out.append(html[position:start])
        comment = html.startswith("<!--", start)
        end = html.find("-->" if comment else ">", start)
        if end == -1:
            break
        tag = _TAG.match(html, start)
        name = tag.group(2).lower() if tag else ""
        if name in _BLOCK or name in _BREAK:
            out.append("\n")
        position = end + (3 if comment else 1)
        if name in {"script", "style"} and tag and not tag.group(1):
            close = html.find(f"</{name}", position)
            if close == -1:
                break  # nothing after it would be shown
            position = close
    else:
        out.append(html[position:])
    text = html_entities.unescape("".join(out)).replace("\u00a0", " ").replace("\x00", "")
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


class _Writer:
    """Collects words and remembers how much room is due before the next one."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._room = 0  # line breaks due
        self._blank = False
        self._prefix = ""
        self._paragraphs: list[int] = []  # where each open one began

    def words(self, text: str) -> None:
        if not text:
            return
        collapsed = _BLANKS.sub(" ", text)
        if collapsed == " ":
            self._blank = self._blank or bool(self._out)
            return
        if self._room and self._out:
            self._out.append("\n" * self._room)
            collapsed = collapsed.lstrip(" ")
        elif self._blank and self._out and not collapsed.startswith(" "):
            self._out.append(" ")
        elif not self._out:
            collapsed = collapsed.lstrip(" ")
        if self._prefix:
            self._out.append(self._prefix)
            self._prefix = ""
            collapsed = collapsed.lstrip(" ")
        self._room = 0
        self._blank = collapsed.endswith(" ")
        self._out.append(collapsed.rstrip(" "))

    def lines(self, text: str) -> None:
        """Preformatted text."""
        if self._room and self._out:
            self._out.append("\n" * self._room)
        self._room = 0
        self._blank = False
        self._out.append(text)

    def room(self, number: int) -> None:
        self._room = max(self._room, number)
        self._blank = False

    def line_break(self) -> None:
        self._room = min(self._room + 1, 3)
        self._blank = False

    def cell(self) -> None:
        if not self._room:
            self._blank = True

    def bullet(self) -> None:
        self._prefix = "- "

    def paragraph(self, number: int) -> None:
        """A paragraph begins, `number` line breaks below what stands above it."""
        self.room(number)
        self._paragraphs.append(len(self._out))

    def paragraph_ends(self, number: int) -> None:
        """Nothing in it, or a blank that may not break, makes one empty line, however many such paragraphs follow."""
        start = self._paragraphs.pop()
        if start and len(self._out) - start <= _PIECES_OF_NOTHING and not "".join(self._out[start:]).strip():
            del self._out[start:]
            self._room, self._blank = 2, False
        else:
            self.room(number)

    def text(self) -> str:
        text = "".join(self._out).replace("\u00a0", " ")
        return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


_TIGHT_OR_LOOSE = {"tight p": 1, "p": 2}
"""Line breaks around a paragraph without margins, and around one with them."""


def _is_tight(attributes: Mapping[str, str | None]) -> bool:
    """Whether no space stands above and below a paragraph."""
    space: dict[str, float | None] = dict.fromkeys(("top", "bottom"))
    if _TIGHT_CLASS.search(attributes.get("class") or ""):
        space = dict.fromkeys(space, 0.0)
    for found in _MARGIN.finditer((attributes.get("style") or "")[:_LONGEST_STYLE]):
        lengths = [_LENGTH.match(word) for word in found[2].split()]
        top, bottom = (lengths[0], lengths[2 if len(lengths) > 2 else 0]) if lengths else (None, None)
        for side, length in (("top", top), ("bottom", bottom)):
            if found[1] is None or found[1][1:].lower() == side:
                space[side] = float(length[0]) if length else None
    return all(length is not None and length < 1 for length in space.values())


def _walk(root: LexborNode, writer: _Writer, *, keep_hidden: bool) -> None:
    """Depth first with a stack of our own: markup may be nested deeper than Python recurses."""
    stack: list[tuple[LexborNode | None, str, bool, Shown]] = [(root, "", False, Shown())]
    seen = 0
    while stack:
        node, closing, in_pre, above = stack.pop()
        if node is None:
            if closing in _TIGHT_OR_LOOSE:
                writer.paragraph_ends(_TIGHT_OR_LOOSE[closing])
            elif closing in _BLOCK:
                writer.room(2 if closing in _PARAGRAPH else 1)
            continue
        seen += 1
        if seen > _NODES:
            return
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or "" if above.readable else ""
            if in_pre:
                writer.lines(text)
            else:
                writer.words(text)
            continue
        if tag.startswith("-") or tag in _SKIP:
            continue
        shown = above if keep_hidden else inside(above, node.attributes)
        if shown is None:
            continue
        if tag in _BREAK:
            writer.line_break()
            continue
        if tag == "img" and "data-emoji" in node.attributes and shown.readable:
            writer.words((node.attributes.get("alt") or "")[:_LONGEST_EMOJI])
        if tag in _CELLS:
            writer.cell()
        if tag == "p":
            kind = "tight p" if _is_tight(node.attributes) else "p"
            writer.paragraph(_TIGHT_OR_LOOSE[kind])
            stack.append((None, kind, False, shown))
        elif tag in _BLOCK:
            writer.room(2 if tag in _PARAGRAPH else 1)
            if tag == "li":
                writer.bullet()
            stack.append((None, tag, False, shown))
        preformatted = in_pre or tag in {"pre", "textarea"}
        children = list(node.iter(include_text=True))
        stack.extend((child, "", preformatted, shown) for child in reversed(children))
