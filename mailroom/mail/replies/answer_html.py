"""The HTML half of answer extraction: quotes recognised by the marks mail programs leave in their markup.

Quotes are replaced by marker lines (`QUOTE_MARK`, `CUT_MARK`) before the HTML becomes text, so that the text rules see
where they were: an attribution line above a quote goes with it, and text below it stays.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailroom.mail.html_text import html_to_text
from mailroom.mail.replies.answer_text import CUT_MARK, QUOTE_MARK
from mailroom.mail.replies.separators import is_forward

_QUOTE_SELECTORS = (
    "div.yahoo_quoted",
    "div.protonmail_quote",
    "blockquote.protonmail_quote",
    "div.zmail_extra",
    "div.yahoo-quoted-begin",
    "div.tutanota_quote",
    "blockquote.tutanota_quote",
    "div.moz-cite-prefix",
    "div.moz-email-headers-table",
    "div.gmail_attr",
    "div.mail_ru_quote",
    "#olk_src_body_section",
    "#OLK_SRC_BODY_SECTION",
    "div.front-blockquote",
    "blockquote.front-blockquote",
    "div.zmail_extra_hr",
    "div.quoted-reply",
    "blockquote[type=cite]",
    "blockquote[type=CITE]",
    "#reply-intro",
    "div.hcswrapper",
    "div.yqt",
    "div[id*=yahoo_quoted]",
    "div[class*=yahoo_quoted]",
    "div.quote_container",
    "div.mcntmcntquote",
    "div.WordSection1 ~ div.gmail_quote",
    "div.gmail_extra > blockquote",
    "div.ms-outlook-mobile-reference-message",
    "#mail-editor-reference-message-container",
    "div.outlook_quote",
    "blockquote.iosymail",
    "blockquote.quoted",
    "div.replyforwardcontainer",
    "div.freshdesk_quote",
    "div.fd-quoted",
    "div.missive_quote",
    "blockquote.missive_quote",
    "div.helpscout-quote",
    "div.zendesk-quote",
    "div.quoted_text",
    "div.moz-forward-container + blockquote",
)
_CUT_SELECTORS = (
    "#divRplyFwdMsg",
    "#appendonsend",
    "#stopSpelling",
    "#stopspelling",
    "div.OutlookMessageHeader",
    "#divTaskStatus",
    "div#ms-outlook-mobile-body-separator-line + div",
    "#replySplit",
    "#msgReplyBlock",
    "div.x_divRplyFwdMsg",
    "#x_divRplyFwdMsg",
    "hr#EC_stopSpelling",
    "#divtagdefaultwrapper + hr",
    "#lineBreakAtBeginningOfMessage ~ hr",
)
_BORDER = re.compile(
    r"border(?:-top)?:\s*(?:none;\s*border-top:\s*)?solid\s+(?:#e1e1e1|#b5c4df|rgb\(225,\s*225,\s*225\)|"
    r"rgb\(181,\s*196,\s*223\)|windowtext)|border-top:\s*(?:#e1e1e1|#b5c4df)\s",
    re.IGNORECASE,
)
_HAS_BORDER = re.compile(r"border-top|border:\s*none", re.IGNORECASE)
_HEADERISH = re.compile(r"[^\n:：]{1,30}\s?[:：]")
_MAX_NODES = 20_000


def html_lines(html: str, *, structure: bool = True) -> tuple[list[str], bool]:
    """Lines of text of an HTML body, with quotes replaced by marker lines, and whether any was found.

    Args:
        html: The body. Anything is accepted.
        structure: Set False for the plain conversion without markers.
    """
    html = html.replace(QUOTE_MARK, "").replace(CUT_MARK, "")
    if not structure:
        return _to_lines(html), False
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        return _to_lines(html), False
    found = _mark_gmail(tree)
    for selector in _QUOTE_SELECTORS:
        for node in tree.css(selector):
            if _is_forwarded(node):
                continue
            _replace(node, QUOTE_MARK)
            found = True
    found = _mark_cuts(tree) or found
    found = _mark_blockquotes(tree) or found
    if not found:
        return _to_lines(html), False
    return _to_lines(tree.html or ""), True


def _to_lines(html: str) -> list[str]:
    return html_to_text(html).replace("\r\n", "\n").replace("\xa0", " ").split("\n")


def _replace(node: LexborNode, mark: str) -> None:
    """Put a paragraph holding the mark in the node's place."""
    fresh = LexborHTMLParser(f"<div>{mark}</div>").css_first("div")
    if node.parent is not None and fresh is not None:
        node.insert_before(fresh)
        node.decompose()


def _is_forwarded(node: LexborNode) -> bool:
    start = (node.text(deep=True) or "").lstrip()[:120].split("\n", 1)[0]
    dashed = re.match(r"-{2,}[^-]{2,60}-{2,}", start)
    return is_forward(dashed[0] if dashed else start)


def _mark_gmail(tree: LexborHTMLParser) -> bool:
    """`div.gmail_quote`: with blockquotes inside, only these and what stands above the first are quoted."""
    found = False
    for node in tree.css("div.gmail_quote, div.gmail_quote_container"):
        if node.parent is None or _inside_marked(node) or _is_forwarded(node):
            continue
        inner = node.css("blockquote.gmail_quote")
        if not inner:
            _replace(node, QUOTE_MARK)
            found = True
            continue
        found = True
        for attribution in node.css("div.gmail_attr"):
            _replace(attribution, QUOTE_MARK)
        _drop_text_before(node, inner[0])
        for quote in inner:
            if not _has_ancestor(quote, "blockquote", node):
                _replace(quote, QUOTE_MARK)
    return found


def _inside_marked(node: LexborNode) -> bool:
    return not (node.text(deep=True) or "").strip()


def _drop_text_before(container: LexborNode, quote: LexborNode) -> None:
    """Remove the attribution in front of the first quote when both are children of the container."""
    if quote.parent is None or quote.parent != container:
        return
    before: list[LexborNode] = []
    node = quote.prev
    while node is not None and len(before) < 50:
        before.append(node)
        node = node.prev
    if sum(len(item.text(deep=True) or "") for item in before) > 400:
        return
    for item in before:
        item.decompose()


def _has_ancestor(node: LexborNode, tag: str, stop: LexborNode) -> bool:
    above = node.parent
    for _ in range(300):
        if above is None or above == stop:
            return False
        if above.tag == tag:
            return True
        above = above.parent
    return False


def _mark_cuts(tree: LexborHTMLParser) -> bool:
    """Marks after which everything is the mail that is answered."""
    for selector in _CUT_SELECTORS:
        node = tree.css_first(selector)
        if node is not None and not _is_forwarded(node):
            _insert_cut(node)
            return True
    for node in tree.css("div[style], p[style], table[style]")[:_MAX_NODES]:
        style = node.attributes.get("style") or ""
        if _BORDER.search(style) and _looks_like_headers(node):
            _insert_cut(node)
            return True
    return False


def _looks_like_headers(node: LexborNode) -> bool:
    text = (node.text(deep=True, separator="\n") or "").strip()[:400]
    return len(_HEADERISH.findall(text)) >= 2


def _insert_cut(node: LexborNode) -> None:
    fresh = LexborHTMLParser(f"<div>{CUT_MARK}</div>").css_first("div")
    if fresh is not None:
        node.insert_before(fresh)


def _mark_blockquotes(tree: LexborHTMLParser) -> bool:
    """Blockquotes without a class of their own: the last one of the top level is the quote, as in most programs."""
    plain = [
        node
        for node in tree.css("blockquote")[:_MAX_NODES]
        if "gmail_quote" not in (node.attributes.get("class") or "") and not _nested(node)
    ]
    if not plain:
        return False
    last = plain[-1]
    if _is_forwarded(last):
        return False
    _replace(last, QUOTE_MARK)
    return True


def _nested(node: LexborNode) -> bool:
    above = node.parent
    for _ in range(300):
        if above is None:
            return False
        if above.tag == "blockquote":
            return True
        above = above.parent
    return False
