"""The report as one HTML file that needs no network, as plain text for a mail, and as Markdown for the Prefect UI."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from textwrap import wrap

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.triage_report.model import ReportNumbers
from mailroom.playbooks.triage_report.pictures import pictures
from mailroom.playbooks.triage_report.tables import Section, headline, sections

_ALTERNATIVES = {
    "volume": "Alerts per day by verdict",
    "times": "Times after arrival",
    "expiry": "Held messages by the end of their hold",
    "rules": "Precision of the rules with intervals",
    "calibration": "Share of harmful mail by risk",
}
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c1f23; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem }
table { border-collapse: collapse; font-size: .9rem } img { max-width: 100%; height: auto }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #e6e8eb; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums } .note { color: #5a6169; font-size: .9rem }
""".strip()
# Nothing may be loaded from anywhere and nothing may run, whatever a text in it says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MAIL_SECTIONS = ("Verdicts", "Times after arrival", "Held and open: when the hold ends", "Rules")
_MOST_MAIL_ROWS = 12
_MOST_MARKDOWN_ROWS = 20


def html_page(numbers: ReportNumbers) -> str:
    """One self-contained HTML document: no script, no link, no address of a person."""
    drawn = pictures(numbers)
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in headline(numbers))
    body = "".join(_section(one, drawn) for one in sections(numbers))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title(numbers))}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{escape(title(numbers))}</h1><p class="note">{escape(_made(numbers))}</p>{said}{body}</body></html>\n'
    )


def title(numbers: ReportNumbers) -> str:
    """What the report is called; also the subject of its mail."""
    whose = f"{harmless(numbers.tenant, 40)}, " if numbers.tenant else ""
    return f"Triage report: {whose}{numbers.since:%Y-%m-%d} to {numbers.until:%Y-%m-%d}"


def plain_text(numbers: ReportNumbers) -> str:
    """The report in short, for people who read mail as text."""
    lines = [title(numbers), "", *_wrapped(headline(numbers))]
    for one in sections(numbers):
        if one.title in _MAIL_SECTIONS:
            lines += ["", one.title, *_columns(one)]
    return "\n".join([*lines, "", "The attached file has all tables and pictures.", _made(numbers), ""])


def markdown(numbers: ReportNumbers) -> str:
    """The report for the Prefect UI, without pictures."""
    lines = [f"# {title(numbers)}", "", *(f"- {sentence}" for sentence in headline(numbers)), ""]
    for one in sections(numbers):
        lines += [f"## {one.title}", "", "| " + " | ".join(one.columns) + " |", "|" + " --- |" * len(one.columns)]
        lines += ["| " + " | ".join(row) + " |" for row in one.rows[:_MOST_MARKDOWN_ROWS]]
        if len(one.rows) > _MOST_MARKDOWN_ROWS:
            lines += ["", f"{len(one.rows) - _MOST_MARKDOWN_ROWS} more in the file."]
        lines += ["", one.note, ""] if one.note else [""]
    return "\n".join([*lines, _made(numbers)])


def _made(numbers: ReportNumbers) -> str:
    events, head = numbers.wall
    return f"Made {numbers.made_at:%Y-%m-%d %H:%M} UTC. The wall then: {events:,} events, head {head[:16] or 'none'}."


def _section(one: Section, drawn: dict[str, bytes]) -> str:
    picture = ""
    if one.picture in drawn:
        data = base64.b64encode(drawn[one.picture]).decode()
        picture = f'<img alt="{_ALTERNATIVES[one.picture]}" src="data:image/svg+xml;base64,{data}">'
    note = f'<p class="note">{escape(one.note)}</p>' if one.note else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in one.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in one.rows)
    return f"<h2>{escape(one.title)}</h2>{note}{picture}<table><tr>{head}</tr>{rows}</table>"


def _cell(text: str) -> str:
    kind = ' class="n"' if text[:1].isdigit() and text.replace(",", "").replace(".", "").rstrip("%").isdigit() else ""
    return f"<td{kind}>{escape(text)}</td>"


def _wrapped(sentences: Iterable[str]) -> list[str]:
    return [line for sentence in sentences for line in wrap(sentence, 76)]


def _columns(one: Section) -> list[str]:
    rows = [one.columns, *one.rows[:_MOST_MAIL_ROWS]]
    widths = [max(len(row[place]) for row in rows) for place in range(len(one.columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
