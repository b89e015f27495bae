"""HTML to text and links, whatever the markup."""

from __future__ import annotations

import time

import pytest

from mailroom.mail.html_text import html_links, html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("  much \n white   space ", "much white space"),
        ("<b>wo</b>rd", "word"),
        ("<ul><li>x<li>y</ul>", "- x\n- y"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<title>no</title><style>no</style><script>no</script>yes", "yes"),
        ("a&nbsp;b &lt;c&gt; &euro;", "a b <c> €"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<!-- no -->yes", "yes"),
        ("unclosed <b>bold", "unclosed bold"),
        ("", ""),
        ('<p class="MsoNormal">Hi,</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class=MsoNormal>a</p>', "Hi,\n\na"),
        ('<p class="MsoNormal">a</p><p class="x_MsoPlainText">b</p><p style="margin:0cm 0cm .0001pt">c</p>', "a\nb\nc"),
        (
            '<p style="margin-top:0;margin-bottom:0">a</p><p style="margin:0"><br></p><p style="margin: 0px">b</p>',
            "a\n\nb",
        ),
        ('<p style="margin:0 0 10px">a</p><p class="MsoNormal" style="margin-bottom:8.0pt">b</p>c', "a\n\nb\n\nc"),
        ('yes <img data-emoji="👍" alt="👍" src="https://x.example/1f44d.png"><img alt="logo">', "yes 👍"),
        ("<p>a</p><p>&nbsp;</p><p><br></p><p>b</p>", "a\n\nb"),
    ],
)
def test_markup_becomes_readable_text(html, text):
    assert html_to_text(html) == text


def test_hidden_text_is_shown_unless_it_is_not_wanted():
    html = '<p>seen</p><p style="display: none">hidden</p>'
    assert "hidden" in html_to_text(html)
    assert html_to_text(html, keep_hidden=False) == "seen"


def test_links_have_a_target_and_a_text():
    html = '<a href="https://evil.example/x?a=1&amp;b=2">www.good.example</a><img src=cid:1><form action=/post>'
    assert [tuple(link) for link in html_links(html)] == [
        ("https://evil.example/x?a=1&b=2", "www.good.example"),
        ("cid:1", ""),
        ("/post", ""),
    ]


@pytest.mark.parametrize(
    "html",
    ["<div>" * 20_000, "<ul><li>" * 12_000, "<style>" * 14_000, "<" * 100_000, "<!--" * 25_000, "<b><i></div>" * 8_000,
     "<a href=x>" * 10_000, "<table><tr><td>" * 7_000, "&amp;" * 20_000, "<p " + "a=b " * 25_000 + ">"],
)  # fmt: skip
def test_hostile_markup_of_100_kb_takes_no_time(html):
    started = time.process_time()
    html_to_text(html)
    html_links(html)
    assert time.process_time() - started < 1.0


def test_text_and_links_survive_nesting_without_end():
    html = "<div>" * 5_000 + 'deep <a href="https://x.example/">link</a>'
    assert "deep link" in html_to_text(html)
    assert html_links(html)[0].target == "https://x.example/"
