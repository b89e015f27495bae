"""Link targets of HTML, which is where a link leads whatever it shows."""

from __future__ import annotations

from mailroom.indicators import from_html, targets

HTML = """
<base href="https://northwind.com/">
<a href="https://contoso.com/login">https://northwind.com/login</a>
<a href="mailto:jane@fabrikam.com?subject=x">mail</a>
<img src="//cdn.example.net/pixel.gif"><a href="rel/page.html">x</a>
<form action="http://192.0.2.7/gate.php"></form>
<div style="background:url('https://example.org/bg.png')"></div>
<meta http-equiv="refresh" content="0; url=https://example.com/next">
<a href="java\tscript:alert(1)">x</a><a href="#top">x</a><img src="cid:1"><a href="ht\ntps://exa\tmple.de/x y">x</a>
"""


def test_targets_of_every_sort_are_read() -> None:
    found = {target for _, target in targets(HTML)}
    assert {
        "https://contoso.com/login",
        "https://cdn.example.net/pixel.gif",
        "https://northwind.com/rel/page.html",
        "http://192.0.2.7/gate.php",
        "https://example.org/bg.png",
        "https://example.com/next",
        "https://example.de/x%20y",
    } <= found


def test_what_leads_nowhere_is_left_out() -> None:
    assert not [target for _, target in targets(HTML) if target.startswith(("#", "cid:", "javascript:"))]


def test_indicators_come_from_the_targets_not_from_the_text() -> None:
    found = {(one.kind, one.value) for one in from_html(HTML)}
    assert {
        ("url", "https://contoso.com/login"),
        ("domain", "contoso.com"),
        ("email", "jane@fabrikam.com"),
        ("ipv4", "192.0.2.7"),
    } <= found
    assert ("url", "https://northwind.com/login") not in found


def test_the_note_says_which_attribute_it_was() -> None:
    (url, _) = from_html('<form action="https://contoso.com/x.)">')
    assert url.value == "https://contoso.com/x.)"
    assert "html:action" in url.notes


def test_text_without_markup_has_no_targets() -> None:
    assert targets("https://northwind.com") == []
    assert from_html("") == []
