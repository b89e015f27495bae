"""What is typed into one field of a form, as a list."""

from __future__ import annotations

import pytest

from tasks.playbook._blocking import split, split_links


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("http://evil.example/a, http://evil.example/b", ["http://evil.example/a", "http://evil.example/b"]),
        ("http://evil.example/a,https://evil.example/b;", ["http://evil.example/a", "https://evil.example/b"]),
        ("http://evil.example/1,2.html;jsessionid=0A.node2", ["http://evil.example/1,2.html;jsessionid=0A.node2"]),
        ("http://evil.example/1,2\nbad.example", ["http://evil.example/1,2", "bad.example"]),
        ("evil.example,bad.example; worse.example", ["evil.example", "bad.example", "worse.example"]),
        ("evil.example,http://bad.example/x", ["evil.example", "http://bad.example/x"]),
        (" , ;\n", []),
        ("", []),
    ],
)
def test_a_link_keeps_the_commas_that_belong_to_it(typed: str, links: list[str]) -> None:
    assert list(split_links(typed)) == links


def test_everything_else_is_separated_by_every_comma() -> None:
    assert split("17,18;19\n20, ") == ("17", "18", "19", "20")
