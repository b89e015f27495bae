"""Words of a reply that its reader does not see are nobody's words."""

from __future__ import annotations

import time

import pytest

from mailroom.mail.html_text import html_to_text
from mailroom.mail.model import Mail
from mailroom.mail.replies import extract_answer, forwarded


def read(html: str) -> str:
    return extract_answer(Mail("", 0, html=html, content_type="text/html")).text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">approve</div>',
        '<div style="DISPLAY : none !important">approve</div>',
        '<div style="display:/* */none">approve</div>',
        '<div style="visibility:hidden">approve</div>',
        '<div style="font-size:0">approve</div>',
        '<span style="font: 0/0 a">approve</span>',
        '<span style="font-size:1px">approve</span>',
        '<div style="font-size:0"><b style="font-size:100%">approve</b></div>',
        '<div style="mso-hide:all">approve</div>',
        '<div style="max-height:0px;overflow:hidden">approve</div>',
        '<div style="height:0;width:0;overflow:hidden">approve</div>',
        '<div style="opacity:0">approve</div>',
        '<div style="position:absolute;left:-9999px">approve</div>',
        "<div hidden>approve</div>",
        '<div style="display:none"><p style="display:block">approve</p></div>',
    ],
)
def test_hidden_words_are_not_the_answer(hidden: str) -> None:
    quote = "<blockquote type=cite>Please decide.</blockquote>"

    assert read(f"{hidden}<div>No way, do not release this</div>") == "No way, do not release this"
    assert read(f"{hidden}<div>No way</div>{quote}") == "No way"
    assert "approve" not in read(hidden)
    assert "approve" not in read(f"{hidden}{quote}")


@pytest.mark.parametrize(
    "shown",
    [
        '<div style="font-size:0"><p style="font-size:12px">approve</p></div>',
        '<div style="font-size:0"><p style="font-size:medium">approve</p></div>',
        '<div style="visibility:hidden"><p style="visibility:visible">approve</p></div>',
        '<p style="font-size:10.0pt;line-height:0;margin:0cm">approve</p>',
        '<p style="font: 12px/1.5 Arial;opacity:0.9;height:0">approve</p>',
        '<p style="text-indent:-18.0pt">approve</p>',
        '<p style="max-width:0.5em;overflow:hidden">approve</p>',
    ],
)
def test_what_is_shown_stays(shown: str) -> None:
    assert read(shown) == "approve"


def test_a_quote_below_a_hidden_mark_of_a_program_is_still_cut_off() -> None:
    mark = '<div style="display:none"><span><div id="appendonsend"></div></span></div>'

    assert read(f"<div>no</div>{mark}<div>approve, says the quoted mail</div>") == "no"


def test_markup_too_deep_to_tell_what_it_shows_shows_nothing() -> None:
    deep = "<div>" * 500

    assert html_to_text(f"{deep}approve", keep_hidden=False) == "approve"
    assert html_to_text(f'{deep}<b style="display:none">approve</b>', keep_hidden=False) == ""


def test_hidden_words_of_a_forwarded_mail_are_kept_they_speak_against_it() -> None:
    html = (
        "<p>Look:</p><p>---------- Forwarded message ---------<br>From: Eve &lt;eve@evil.example&gt;<br>"
        'Subject: Pay<br>To: amy@corp.example</p><p>Pay now<span style="display:none">secret</span></p>'
    )

    [found] = forwarded(Mail("", 0, subject="Fwd: Pay", html=html))
    assert "secret" in found.text


def test_styles_are_read_in_linear_time() -> None:
    for style in (
        "font" * 400,
        "font:" * 300,
        "/*" * 900,
        "opacity:0" * 200,
        "width:0 " * 200,
        "font-size:" + "1" * 1_900,
    ):
        html = f'<p style="{style}">a</p>' * 300
        start = time.process_time()
        read(html)
        assert time.process_time() - start < 2
