"""`mailroom archive ...` as an analyst uses it, on a tenant with an archive."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli import output
from mailroom.cli.exits import Exit
from sandbox import Tenant

Run = Callable[..., Any]
SUBJECT = "=cmd|'/c calc'!A1 <b>R&D</b> \x1b[31m[bold]x[/bold]"
MUSE = '<date select="last_month"/><text>subject: lunch</text>'
META = "<metadata archive='true' query-type='emailarchive'><return-fields><return-field>id</return-field>"
XML = f"<xmlquery>{META}<return-field>subject</return-field></return-fields></metadata><muse>{MUSE}</muse></xmlquery>"


@pytest.fixture
def archived(tenant: Tenant) -> Tenant:
    for subject in (SUBJECT, "Lunch", "Lunch again"):
        tenant.add_message(
            category="business", status="archived", to=["ann.one@northwind.example"], subject=subject,
            from_addr="billing@adatum.example",
        )  # fmt: skip
    return tenant


def test_a_search_shows_what_was_found_and_which_time_was_searched(mailroom: Run, archived: Tenant) -> None:
    shown = mailroom("archive", "search", "--from", "billing@adatum.example", "--time", "Last 24 Hours")
    assert shown.code == Exit.OK
    assert "Lunch again" in shown.text
    assert "Successfully found archive emails for the provided criteria in Mimecast" in shown.text
    assert "\x1b" not in shown.text
    assert "[bold]x[/bold]" in shown.text, "markup of a mail is text"


def test_half_a_character_in_an_answer_does_not_stop_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output.Lines(("a", 6), ("b", 10))
    lines.show([("\ud800x", "=1\n\x1b[31m"), ("漢字漢字", "[red]")])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["a", "b"]
    assert shown[1].startswith("\ufffdx")
    assert "\x1b" not in shown[1]
    assert shown[2].startswith("漢字漢  [red]")
    output.console.print(output.plain("\ud800"))


def test_json_is_one_object_with_every_key(mailroom: Run, archived: Tenant) -> None:
    found = mailroom("archive", "search", "--from", "adatum.example", "--limit", "2", "--json").json
    assert (found["is_success"], found["count"], found["limit_reached"]) == (True, 2, True)
    assert {"id", "subject", "displaytoaddresslist"} <= set(found["results"][0])
    assert "last hour up to now" in found["bounds"]


def test_nothing_found_is_said_and_is_no_failure(mailroom: Run, archived: Tenant) -> None:
    shown = mailroom("archive", "search", "--from", "nobody@nowhere.example")
    assert shown.code == Exit.OK
    assert "No archive emails were found for the provided criteria in Mimecast" in shown.text


def test_a_csv_file_holds_all_columns_and_runs_nothing(mailroom: Run, archived: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    assert mailroom("archive", "search", "--from", "adatum.example", "--csv", str(path)).code == Exit.OK
    with path.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert len(found) == 3
    assert {row["subject"][:5] for row in found} == {"'=cmd", "Lunch"}
    assert all("ann.one@northwind.example" in row["displaytoaddresslist"] for row in found)
    again = mailroom("archive", "search", "--from", "adatum.example", "--csv", str(path))
    assert again.code == Exit.USAGE
    assert "not overwritten" in again.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--time", "Custom"), '"Start Time" should be provided'),
        (("--start", "2025-01-02", "--end", "2025-01-01"), "is after"),
        (("--fields", "subject,body"), "'body'"),
        (("--zone", "Mars/Base", "--time", "Last Week"), "IANA"),
        (("--mailboxes", "northwind.example"), "Mailboxes"),
    ],
)
def test_what_cannot_be_meant_is_an_error_of_usage(mailroom: Run, arguments: tuple[str, ...], said: str) -> None:
    shown = mailroom("archive", "search", *arguments)
    assert shown.code == Exit.USAGE
    assert said in shown.text


def test_a_dry_run_asks_nothing(mailroom: Run, tenant: Tenant, tmp_path: Path) -> None:
    before = len(tenant.calls)
    shown = mailroom("archive", "search", "--subject", "a & b", "--from", "a.example,b.example", "--dry-run", "--json")
    assert len(shown.json["queries"]) == 2
    assert "a &amp; b" in shown.json["queries"][0]
    (tmp_path / "q.xml").write_text(XML)
    assert "&lt;" not in mailroom("archive", "advanced", str(tmp_path / "q.xml"), "--dry-run").text
    assert len(tenant.calls) == before


def test_an_advanced_search_warns_and_finds(mailroom: Run, archived: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "q.xml"
    path.write_text(XML.replace("<muse>", "<muse><recipient>x</recipient>"))
    found = mailroom("archive", "advanced", str(path), "--json").json
    assert {row["subject"] for row in found["results"]} == {"Lunch", "Lunch again"}
    assert "<recipient> is not known" in found["warnings"][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [("<!DOCTYPE x><xmlquery/>", "DOCTYPE"), ("<xmlquery>", "line 1, column 11"), (b"\xff\xfe", "not UTF-8")],
)
def test_xml_that_cannot_be_used_is_said_before_anything_is_sent(
    mailroom: Run, tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = tmp_path / "q.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    shown = mailroom("archive", "advanced", str(path))
    assert shown.code == Exit.USAGE
    assert said in shown.text
    assert mailroom("archive", "advanced", str(tmp_path / "none.xml")).code == Exit.USAGE


def test_one_mail_is_shown_saved_and_the_look_is_in_the_log(mailroom: Run, archived: Tenant, tmp_path: Path) -> None:
    (row,) = mailroom("archive", "search", "--subject", "again", "--limit", "1", "--json").json["results"]
    assert f"1 {row['id']}\n" in mailroom("archive", "search", "--subject", "again", "--ids").text
    shown = mailroom("archive", "show", row["id"])
    assert "billing@adatum.example" in shown.text
    assert mailroom("archive", "show", row["id"], "--json").json["message"]["id"] == row["id"]
    path = tmp_path / "mail.eml"
    written = mailroom("archive", "eml", row["id"], "-o", str(path), "--json").json
    assert b"Lunch again" in path.read_bytes()
    assert written == {
        "path": str(path), "size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip
    assert mailroom("archive", "eml", row["id"], "-o", str(path)).code == Exit.USAGE
    assert "Lunch again" in mailroom("archive", "eml", row["id"]).text
    assert "sha256" not in mailroom("archive", "eml", row["id"], "--json").text, "stdout is the mail alone"
    assert "Lunch again" in mailroom("archive", "logs", "--views").text
    assert mailroom("archive", "logs", "--json").json["lines"]


def test_parts_are_saved_and_never_shown(mailroom: Run, archived: Tenant, tmp_path: Path) -> None:
    (row,) = mailroom("archive", "search", "--subject", "again", "--limit", "1", "--json").json["results"]
    saved = mailroom("archive", "part", row["id"], "--part", "rfc822", "--to", str(tmp_path / "parts"), "--json").json
    assert b"Lunch again" in Path(saved["path"]).read_bytes()
    kept = mailroom("archive", "part", row["id"])
    assert kept.code == Exit.OK
    assert "kept in the blob store" in kept.text
    assert "Lunch" not in kept.text
    for wrong in ((), (row["id"], "--attachment", "x")):
        refused = mailroom("archive", "part", *wrong)
        assert (refused.code, "name one thing" in refused.text) == (Exit.USAGE, True)


def test_an_attachment_is_saved_by_its_id(mailroom: Run, tenant: Tenant, tmp_path: Path) -> None:
    tenant.add_message(category="malware", status="archived", to=["ann.one@northwind.example"], subject="Inv 7")
    (row,) = mailroom("archive", "search", "--subject", "Inv 7", "--limit", "1", "--json").json["results"]
    [attachment, *_] = mailroom("archive", "show", row["id"], "--json").json["message"]["attachments"]
    saved = mailroom("archive", "part", "--attachment", attachment["id"], "--to", str(tmp_path), "--json").json
    content = Path(saved["path"]).read_bytes()
    assert (saved["size"], saved["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert content


def test_an_id_that_is_none_leaves_no_file(mailroom: Run, archived: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    assert mailroom("archive", "eml", "no-such-id", "-o", str(path)).code != Exit.OK
    assert not path.exists()
