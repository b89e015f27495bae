"""The HTML half of answer extraction: quotes recognised by the marks mail programs leave in their markup.

Quotes are replaced by marker lines (`QUOTE_MARK`, `CUT_MARK`) before the HTML becomes text, so that the text rules see
where they were: an attribution line above a quote goes with it, and text below it stays.
"""

from __future__ import annotations

import re
from typing import cast

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailroom.mail.html_hidden import Shown, inside
from mailroom.mail.html_text import html_to_text
from mailroom.mail.replies.answer_text import CUT_MARK, QUOTE_MARK
from mailroom.mail.replies.separators import is_forward
from mailroom.mail.replies.signature import SIGNATURE_BEGINS, SIGNATURE_ENDS

_QUOTE_SELECTORS = ", ".join(
    (
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
        "div.gmail_extra > blockquote",
        "div.ms-outlook-mobile-reference-message",
        "#mail-editor-reference-message-container",
        "#x_mail-editor-reference-message-container",
        "div.skiff_quote",
        "[data-o-mail-quote]",
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
        "div[name=quote]",
        "blockquote.spark_quote",
        "div.history-quote-wrapper",
        "div[id^=lark-mail-quote]",
        "#isReplyContent",
        "#ntes-pcmail-quote",
        "#origbody",
        "#reply139content",
        "#oriMsgHtmlSeperator",
    )
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
    "#zwchr",
    "[data-marker=__HEADERS__]",
)
_ANY_CUT = ", ".join(_CUT_SELECTORS)
_SIGNATURES = (
    "div.gmail_signature, #Signature, #x_Signature, #ms-outlook-mobile-signature, .moz-signature, "
    "div.protonmail_signature_block, #protonmail_signature_block, #protonmail_mobile_signature_block, "
    "#MAC_OUTLOOK_SIGNATURE, div[apple-content-edited=true], div[name=messageSignatureSection], "
    "div[data-signatureblock], div.bloop_sign, div.front-signature, div[fairemail=signature], "
    "#composer_signature, #ymail_android_signature, [data-smartmail=gmail_signature], "
    "[data-signature-widget=container], div.io-ox-signature, #_rc_sig, signature, #CanarySig, #edo-signature, "
    '[id="Zm-_Id_-Sgn"], [data-marker=__SIG_PRE__], [data-marker=__SIG_POST__]'
)
_SIGNATURE_BELOW = "hr#FMSigSeperator"
"""Foxmail's line: down to the quote, what follows is the signature."""
_LONGEST_SIGNATURE = 1_500
"""In more than this somebody may have written the answer."""
_INDENT = re.compile(r"border:\s{0,9}(?:none|0)", re.IGNORECASE)
"""How programs indent a person's own words: a blockquote without any line beside it."""
_BORDER = re.compile(
    r"border(?:-top)?:\s*(?:none;\s*border-top:\s*)?solid\s+(?:#e1e1e1|#b5c4df|rgb\(225,\s*225,\s*225\)|"
    r"rgb\(181,\s*196,\s*223\)|windowtext)|border-top:\s*(?:#e1e1e1|#b5c4df)\s|"
    r"border-top:\s*[\d.]{1,5}pt\s+solid\s+(?:#e1e1e1|#b5c4df|rgb\(225,\s*225,\s*225\)|rgb\(181,\s*196,\s*223\))",
    re.IGNORECASE,
)
_HEADERISH = re.compile(r"[^\n:：]{1,30}\s?[:：]")
_MAX_NODES = 5_000
_MOST_TAGS = 15_000
_MOST_CONTAINERS = 200
_MOST_QUOTES = 50
_DEEPEST = 400
_LONGEST_LINE = 30
_LONGEST_ATTRIBUTION = 400
_LINE_BREAKS = frozenset({"br", "div", "p", "table", "ul", "ol", "hr", "blockquote"})
_SAID = re.compile(r"[\d@].*[:：]\s*$|\d.*@.*>\s*$", re.DOTALL)
"""An attribution has a date or an address, and ends with a colon or the address."""
_FLAG = "data-mailroom-quote"
_MARKS = re.compile(f"[{QUOTE_MARK}{CUT_MARK}{SIGNATURE_BEGINS}{SIGNATURE_ENDS}]")


def html_lines(html: str, *, structure: bool = True, keep_hidden: bool = False) -> tuple[list[str], bool]:
    """Lines of text of an HTML body, and whether its markup told quotes or signatures.

    Marker lines stand for quotes, and above and below a signature.

    What is not shown to whoever reads the mail is nobody's word and is left out.

    Args:
        html: The body. Anything is accepted.
        structure: Set False for the plain conversion without markers.
        keep_hidden: Set True for the text of a mail under suspicion, where hidden words tell something, too.
    """
    html = _MARKS.sub("", _bounded(html)).replace(_FLAG, "")
    if not structure:
        return _to_lines(html, keep_hidden), False
    tree = LexborHTMLParser(html)
    if tree.body is None:
        return _to_lines(html, keep_hidden), False
    # Elements are only flagged here: an element must not be removed while another one inside it is still to be visited.
    _flag_gmail(tree)
    for node in tree.css(_QUOTE_SELECTORS)[:_MAX_NODES]:
        if not _is_forwarded(node):
            _flag(node)
    cut = _insert_cut(tree)
    _flag_plain_blockquotes(tree)
    marked = _replace_flagged(tree)
    signed = _mark_signatures(tree)
    found = cut or marked or signed
    return (_to_lines(tree.html or "", keep_hidden), True) if found else (_to_lines(html, keep_hidden), False)


def _bounded(html: str) -> str:
    """The part before the 15,000th tag: parsers slow down on tens of thousands of tags that are never closed."""
    if html.count("<") <= _MOST_TAGS:
        return html
    at = -1
    for _ in range(_MOST_TAGS):
        at = html.find("<", at + 1)
    return html[:at]


def _to_lines(html: str, keep_hidden: bool) -> list[str]:
    return html_to_text(html, keep_hidden=keep_hidden).replace("\r\n", "\n").replace("\xa0", " ").split("\n")


def _flag(node: LexborNode) -> None:
    node.attrs[_FLAG] = "outer"


def _replace_flagged(tree: LexborHTMLParser) -> bool:
    """Put a marker line in the place of every flagged element that is not inside another one."""
    for node in tree.css(f"[{_FLAG}] [{_FLAG}]"):
        node.attrs[_FLAG] = "inner"
    outer = tree.css(f'[{_FLAG}="outer"]')
    for node in outer[:_MAX_NODES]:
        node.insert_before(_marker(QUOTE_MARK))
        node.decompose()
    return bool(outer)


def _marker(mark: str) -> LexborNode:
    return cast("LexborNode", LexborHTMLParser(f"<div>{mark}</div>").css_first("div"))


def _mark_signatures(tree: LexborHTMLParser) -> bool:
    """Put marker lines around the signatures that mail programs mark, unless something else stands in them as well."""
    found = False
    for node in tree.css(_SIGNATURES)[:_MOST_CONTAINERS]:
        start = _head(node, _LONGEST_SIGNATURE)
        if len(start) == _LONGEST_SIGNATURE or QUOTE_MARK in start or CUT_MARK in start:
            continue
        node.insert_before(_marker(SIGNATURE_BEGINS))
        node.insert_after(_marker(SIGNATURE_ENDS))
        found = True
    line = tree.css_first(_SIGNATURE_BELOW)
    return (line is not None and _mark_below(line)) or found


def _mark_below(line: LexborNode) -> bool:
    """Put marker lines around what stands below the line, down to the next quote."""
    last, length = line, 0
    for _ in range(_LONGEST_LINE):
        following = last.next
        text = _head(following, _LONGEST_SIGNATURE) if following is not None else QUOTE_MARK
        if following is None or QUOTE_MARK in text or CUT_MARK in text:
            last.insert_after(_marker(SIGNATURE_ENDS))
            line.insert_before(_marker(SIGNATURE_BEGINS))
            return True
        last, length = following, length + len(text)
        if length >= _LONGEST_SIGNATURE:
            break
    return False


def _head(node: LexborNode, limit: int) -> str:
    """About the first `limit` characters of an element's text."""
    pieces: list[str] = []
    length = 0
    for seen, child in enumerate(node.traverse(include_text=True)):
        if seen > 300:
            break
        if child.tag == "-text":
            text = child.text_content or ""
            pieces.append(text[:limit])
            length += len(text)
            if length >= limit:
                break
        elif child.tag in {"br", "div", "p", "tr"}:
            pieces.append("\n")
            length += 1
    return "".join(pieces)[:limit]


def _is_forwarded(node: LexborNode) -> bool:
    start = _head(node, 400).lstrip()[:120].split("\n", 1)[0]
    dashed = re.match(r"-{2,}[^-]{2,60}-{2,}", start)
    return is_forward(dashed[0] if dashed else start)


def _flag_gmail(tree: LexborHTMLParser) -> None:
    """`div.gmail_quote`: with blockquotes as children, only these and what stands above the first are quoted."""
    for node in tree.css("div.gmail_quote, div.gmail_quote_container")[:_MOST_CONTAINERS]:
        if _is_forwarded(node):
            continue
        quote = _first_child_quote(node)
        if quote is None:
            if node.css_first("blockquote.gmail_quote") is None:
                _flag(node)
            continue
        _take_attribution(quote)
    for node in tree.css("div.gmail_quote blockquote.gmail_quote, div.gmail_attr")[:_MAX_NODES]:
        if node.tag != "div" or not _is_forwarded(node):
            _flag(node)


def _first_child_quote(container: LexborNode) -> LexborNode | None:
    child = container.child
    for _ in range(60):
        if child is None:
            return None
        if child.tag == "blockquote" and "gmail_quote" in (child.attributes.get("class") or ""):
            return child
        child = child.next
    return None


def _take_attribution(quote: LexborNode) -> None:
    """The line in front of a Gmail quote in its container is the attribution, in whatever language."""
    line: list[LexborNode] = []
    said = ""
    node = quote.prev
    while node is not None and len(line) < _LONGEST_LINE:
        text = _shown(node)
        if said and (node.tag in _LINE_BREAKS):
            break
        line.append(node)
        said = text + said
        if text.strip() and node.tag in _LINE_BREAKS:
            break
        node = node.prev
    if len(said) > _LONGEST_ATTRIBUTION or not _SAID.search(said):
        return
    for item in line:
        if item.tag in {"-text", "br"}:
            item.decompose()
        elif not (item.tag or "-").startswith("-"):
            _flag(item)


def _shown(node: LexborNode) -> str:
    text = (node.text_content or "") if node.tag == "-text" else _head(node, _LONGEST_ATTRIBUTION + 1)
    return text if text.strip() else ""


def _insert_cut(tree: LexborHTMLParser) -> bool:
    """Put a marker line above the first element after which everything is the mail that is answered."""
    place = None
    if tree.css_first(_ANY_CUT) is not None:
        place = next(
            (
                node
                for selector in _CUT_SELECTORS
                if (node := tree.css_first(selector)) is not None and not _is_forwarded(node)
            ),
            None,
        )
    if place is None:
        place = next(
            (
                node
                for node in tree.css("div[style], p[style], table[style]")[:_MAX_NODES]
                if _BORDER.search((node.attributes.get("style") or "")[:500]) and _looks_like_headers(node)
            ),
            None,
        )
    if place is None:
        return False
    _shown_place(place).insert_before(_marker(CUT_MARK))
    return True


def _shown_place(node: LexborNode) -> LexborNode:
    """The element, or the hidden one around it: a marker inside that would go with it."""
    place, above = node, node.parent
    for _ in range(_DEEPEST):
        if above is None or above.tag in {"body", "html"}:
            break
        if inside(Shown(), above.attributes) != Shown():
            place = above
        above = above.parent
    return place


def _looks_like_headers(node: LexborNode) -> bool:
    return len(_HEADERISH.findall(_head(node, 400).strip())) >= 2


def _flag_plain_blockquotes(tree: LexborHTMLParser) -> None:
    """Of blockquotes that nothing else marks: those with a line beside them, and the last of the top level.

    So are those right above the last when nothing of the person's own stands between and below.
    """
    quotes = [node for node in tree.css("blockquote")[-_MOST_QUOTES:] if _is_plain_quote(node)]
    if not quotes:
        return
    chosen = [_outermost(quotes[-1])]
    if len(quotes) > 1:
        chosen += _at_the_end(tree)
        chosen += [node for node in quotes if "border-left" in _style(node)]
    for node in chosen:
        if _FLAG not in node.attributes and not _is_forwarded(node):
            _flag(node)


def _style(node: LexborNode) -> str:
    return (node.attributes.get("style") or "")[:500].lower()


def _is_plain_quote(node: LexborNode) -> bool:
    style = _style(node)
    indented = _INDENT.search(style) is not None and "border-left" not in style
    return not indented and "gmail_quote" not in (node.attributes.get("class") or "")


def _outermost(node: LexborNode) -> LexborNode:
    """The quote, or the one it stands in."""
    outermost, above = node, node.parent
    for _ in range(_DEEPEST):
        if above is None:
            break
        if above.tag == "blockquote" and _is_plain_quote(above):
            outermost = above
        above = above.parent
    return outermost


def _at_the_end(tree: LexborHTMLParser) -> list[LexborNode]:
    """The plain quotes of the top level below which the body has no words of its own."""
    found: list[LexborNode] = []
    stack = [tree.body] if tree.body is not None else []
    for _ in range(_MOST_TAGS * 2):
        if not stack:
            break
        node = stack.pop()
        if node.tag == "-text":
            if (node.text_content or "").strip():
                found.clear()
        elif node.tag == "blockquote" and _is_plain_quote(node):
            found.append(node)
        elif _FLAG not in node.attributes and node.tag not in {"style", "script"}:
            stack.extend(reversed(list(node.iter(include_text=True))))
    return found[-_MOST_QUOTES:]
