"""What is typed into one field goes out as HTML when it begins as HTML does, and as text otherwise."""

from __future__ import annotations

import pytest

from mailroom.mail.compose import looks_like_html


@pytest.mark.parametrize(
    "content",
    [
        "<h1>Hello</h1>", "<b>Hello</b>", "<span>x</span>", '<a href="mailto:ann@example.org">write</a>', "<P>x</P>",
        "<style>p { color: red }</style><p>Hello</p>", "<p class=note>Hello", "<br>Hello", "<br/>", "<!-- note --><p>x",
        "<!DOCTYPE html>\n<html>", '<?xml version="1.0"?><html>', "\n  <DIV style='a:b'>", "<title>x</title><p>Hello",
        '<meta charset="utf-8"><p>Hello', "<img src=https://example.org/a.png alt>", "<td colspan=2 nowrap>x</td>",
    ],
)  # fmt: skip
def test_content_that_begins_with_a_tag_is_html(content: str) -> None:
    assert looks_like_html(content)


@pytest.mark.parametrize(
    "content",
    [
        "", "Hello", "a <b>b</b> word", "<ann@example.org> wrote:", "<b@example.org> wrote", "<https://x.example> is",
        "<address> is yours?", "<time> we met", "<name>, please", "<Ann Smith> said", "< b>", "<3", "<-- see here",
        "<i.e. nobody>", "<a", "<>", "<i am away>",
    ],
)  # fmt: skip
def test_content_that_begins_with_something_else_in_angle_brackets_is_text(content: str) -> None:
    assert not looks_like_html(content)


def test_the_longest_beginning_is_judged_at_once() -> None:
    for tail in ("x " * 200_000, "x= " * 200_000, "x =" * 200_000, " " * 400_000):
        assert not looks_like_html(f"<a {tail}")
