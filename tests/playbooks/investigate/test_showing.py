"""Hostile text in an investigation stays text: in the picture, on the page, in files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from mailroom_tests_small_tenant import PEOPLE, Workbench, empty_tenant

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.investigate import (
    Investigation,
    as_json,
    inquiry_about,
    investigate,
    markdown,
    page_rows,
    sentence,
    timeline,
)
from sandbox import Tenant

Ask = Callable[..., Investigation]
SUBJECTS = (
    "=HYPERLINK(\"http://evil.example\")", "<script>alert(1)</script> & ]]>", "![a](http://evil.example/x.png)",
    "| broken | table `code` \x00\x07\u202e", "+1 @SUM(A1) ann@northwind.example",
)  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tenant() -> Tenant:
    made = empty_tenant()
    for number, subject in enumerate(SUBJECTS):
        made.add_message(
            category="phish", status=("archived", "held")[number % 2], to=PEOPLE[:1], subject=subject,
            from_addr="o'news+<b>@evil.example", from_env="news@evil.example", from_name=subject,
        )  # fmt: skip
    return made


@pytest.fixture
def found(bench_for: Callable[..., Workbench], tenant: Tenant) -> Investigation:
    return investigate(bench_for(tenant).desk, inquiry_about(domain="evil.example"))


def test_the_page_shows_nobodys_address_and_no_markup(found: Investigation) -> None:
    page = markdown(found) + "".join(harmless(value) for row in page_rows(found) for value in row.values())
    assert "northwind.example" not in page
    assert "@evil" not in page
    assert not {"<script", "![a]", "](http"} & {word for word in ("<script", "![a]", "](http") if word in page}
    assert "Evil[.]example wrote five messages" in page


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_hostile_subject_that_is_investigated_stays_data(
    bench_for: Callable[..., Workbench], tenant: Tenant, subject: str
) -> None:
    found = investigate(bench_for(tenant).desk, inquiry_about(subject=subject, url=""))
    for picture in (timeline(found), timeline(found, named=False)):
        root = ElementTree.fromstring(picture)  # noqa: S314 - our own text
        assert {element.tag for element in root.iter()} <= {
            SVG + name for name in ("svg", "title", "desc", "style", "text", "line", "rect", "circle")
        }
    assert "<script" not in markdown(found)
    assert "](http" not in sentence(found, named=False)


def test_a_hostile_link_stays_data(bench_for: Callable[..., Workbench], tenant: Tenant) -> None:
    inquiry = inquiry_about(url="http://evil.example/<script>'\"&$(id)")
    found = investigate(bench_for(tenant).desk, inquiry)
    ElementTree.fromstring(timeline(found))  # noqa: S314 - our own text
    assert "<" not in sentence(found, named=False)
    assert all("$(id)" not in step.command or "'" in step.command for step in found.suggestions)


def test_the_picture_needs_nothing_from_anywhere_and_fits_light_and_dark(found: Investigation) -> None:
    picture = timeline(found)
    assert "<script" not in picture
    assert "href" not in picture
    assert "url(" not in picture
    assert picture.count("http") == 1, "the namespace, and nothing else"
    assert "prefers-color-scheme:dark" in picture


def test_the_same_investigation_makes_the_same_picture(bench_for: Callable[..., Workbench], tenant: Tenant) -> None:
    bench = bench_for(tenant)
    pictures = {timeline(investigate(bench.desk, inquiry_about(domain="evil.example"))) for _ in range(3)}
    assert len(pictures) == 1


def test_the_bars_stand_for_the_numbers(found: Investigation) -> None:
    root = ElementTree.fromstring(timeline(found))  # noqa: S314 - our own text
    bars = [element for element in root.iter(SVG + "rect") if float(element.get("y", "0")) > 60]
    tall = {element.get("class"): float(element.get("height", "0")) for element in bars}
    assert set(tall) == {"s0", "s1"}
    assert tall["s0"] == pytest.approx(tall["s1"] * 3 / 2, rel=0.02)


@pytest.mark.parametrize("days", [1, 29, 90, 365])
def test_a_picture_of_any_period_has_a_readable_number_of_bars(
    bench_for: Callable[..., Workbench], tenant: Tenant, days: int
) -> None:
    found = investigate(bench_for(tenant).desk, inquiry_about(domain="evil.example"), days=days)
    root = ElementTree.fromstring(timeline(found))  # noqa: S314 - our own text
    assert len(list(root.iter(SVG + "text"))) < 40


def test_a_file_runs_no_formula_and_has_everything(found: Investigation, tmp_path: Path) -> None:
    with found.save_csv(tmp_path).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 5
    assert not any(value.startswith(("=", "+", "@", "-")) for row in rows for value in row.values())
    assert {row["to"] for row in rows} == {PEOPLE[0]}


def test_json_has_everything(found: Investigation) -> None:
    said: dict[str, Any] = json.loads(json.dumps(as_json(found)))
    assert said["by_status"] == {"delivered": 3, "held": 2}
    assert len(said["messages"]) == 5
    assert said["sentence"].startswith("evil.example wrote five messages") or said["sentence"].startswith(
        "Evil.example"
    )
    assert {row["name"] for row in said["sources"]} >= {"message tracking", "our store"}
