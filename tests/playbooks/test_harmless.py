"""Hostile text in artifacts renders as itself and as nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailroom.playbooks.harmless import harmless


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src="http://127.0.0.1:9/pixel.png">',
        "![x](http://127.0.0.1:9/pixel.png)",
        "[click](javascript:alert(1))",
        "```mermaid\ngraph TD\n```",
        "| a | b |\n|---|---|",
        "**bold** _it_ ~~s~~ # h",
        "&lt;img src=x&gt;",
        "\x1b[31mred\x1b[0m",
        "invoice\u202egpj.exe",
        "www.evil.example and https://evil.example/a?b=c",
        "$x^2$ \\(y\\)",
        "{{7*7}} {0.__class__} %s ${jndi:ldap://x}",
    ],
)
def test_markup_links_and_control_characters_lose_their_meaning(text: str) -> None:
    shown = harmless(text)

    assert not set(shown.replace("[.]", "")) & set("<>[]`|*~\\{}\x1b\u202e\n\r")
    assert not re.search(r"https?:|javascript:|\w\.\w|&\w|&#", shown)
    assert not re.search(r"(?<![^\W_])_|_(?![^\W_])", shown)


def test_ordinary_subjects_stay_readable() -> None:
    assert harmless("Rechnung Nr. 5: Grüße aus Zürich (2 Seiten)") == "Rechnung Nr. 5: Grüße aus Zürich (2 Seiten)"
    assert harmless("請求書 4711") == "請求書 4711"
    assert harmless("Order_4711 & more!") == "Order_4711 & more!"
    assert harmless("login.example") == "login[.]example"


def test_long_text_is_cut_with_a_sign() -> None:
    assert len(harmless("x" * 1_000_000, 50)) == 50
    assert harmless("x" * 60, 50).endswith("…")


@given(st.text())
def test_any_text_becomes_one_short_printable_line(text: str) -> None:
    shown = harmless(text, 80)

    assert len(shown) <= 80
    assert shown.isprintable()
    assert not set(shown.replace("[.]", "")) & set("<>[]`|*\\")
