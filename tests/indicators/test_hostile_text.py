"""No text makes the search slow, whatever it is made of."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.indicators import find, from_html, refang, unwrap

SIZE = 100_000
LIMIT = 0.9
"""Seconds of processor time for 100 KB; typical are 0.05, the worst 0.3 on an idle machine."""

PIECES = [
    "a.", "1.", "a[.]", "a-", "(", "[", "[.", ".]", "\\.", " ", "\n", "@", "a@", "a@a.", " @ ", "a @ ", " dot ",
    "a dot ", "a AT a.", " at a(", "hxxp:", "http://", "http://a,", "http://a$", "http://?", "http[s]://", "'http://a.com/'",
    "(http://a.com/", "a.com ", "a.com/", ".com", "xn--a.", "1.2.3.4/", "1:", ":", "abcd:", "1111 ", "1-",
    "4111111111111111 ", "2020-01-01 ", "CVE-2020-", "0123456789abcdef", "http%3A%2F%2F", "aHR0cDovL", "687474703a2f2f",
    "a\u200b", "请访问northwind.com网站", "😀", "é", "=?", "tp[", "a.exe ", "words of an ordinary mail ", "\x00", "%",
    "或a.com", "或a@a.com", "a.com或a@", "a.1或", "a.com/或", "a/b或c.com/", "合1.docx", "https://a.com或",
    "📧a@a.com", "📧.", "a.com-b.", "a.com-", "a%40a.", "%40", "&#46;", "a&#64;", " (a) a.", "a.b (a) a.", "(точка)",
    " -at- a -dot- ", "_~", "http://a.com/或", "http://a.com/或http:/", "/路👉",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    find("http://größe.de jane@northwind.com")


@pytest.mark.parametrize("piece", PIECES)
def test_a_hundred_kilobytes_of_anything_take_a_moment(piece: str) -> None:
    text = piece * (SIZE // len(piece))
    begin = time.process_time()
    find(text)
    assert time.process_time() - begin < LIMIT


@pytest.mark.parametrize("html", ["<a href='http://a.com/'>", "<", "<div style='url(", "<a href='" + "a" * 90_000])
def test_a_hundred_kilobytes_of_markup_take_a_moment(html: str) -> None:
    text = html * max(1, SIZE // len(html))
    begin = time.process_time()
    from_html(text)
    assert time.process_time() - begin < LIMIT * 2


@pytest.mark.parametrize("piece", ["/v3/__", "__;", "__;a!", "%2F", "*"])
def test_a_wrapped_link_of_any_length_is_read_once(piece: str) -> None:
    begin = time.process_time()
    unwrap("https://urldefense.com/v3/__" + piece * (16_000 // len(piece)))
    assert time.process_time() - begin < LIMIT / 4


_SIGNS = st.sampled_from([
    "http://", "hxxp", "[.]", "(at)", " dot ", "northwind.com", "192.0.2.1", "jane@contoso.com", "://", "[", "]", "(",
    ")", ".", "/", "@", " ", "\n", "\u200b", "é", "日本", "%2F", "::1", "4111 1111 1111 1111", "<", "'", '"', ",",
    "\\", "\x00", "%40", "&#46;", "(a)", "-", "_", "📍", "þ", "÷", "×", "１",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_SIGNS, st.text(max_size=5)), max_size=30).map("".join))
def test_every_finding_stands_where_it_says(text: str) -> None:
    for found in find(text, unique=False):
        assert text[found.start : found.end] == found.raw
        assert found.value
        assert found.key
        if found.kind == "url":
            unwrap(found.value)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_refanging_twice_changes_nothing_more(text: str) -> None:
    once = refang(text)
    assert refang(once) == refang(refang(once))


def test_a_name_as_long_as_a_mail_is_not_remembered() -> None:
    find("warm up: northwind.com")
    tracemalloc.start()
    try:
        for number in range(5):
            find(f"x{number}.{'ab.' * 100_000}com")
        assert tracemalloc.get_traced_memory()[0] < 300_000
    finally:
        tracemalloc.stop()
