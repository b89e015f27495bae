"""The tables of a report, the same in HTML, in a mail and as an artifact. Every text in them is harmless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.report import PRIORITY_NAMES
from mailroom.playbooks.triage_report.model import EXPIRY, ReportNumbers, RuleFigures, TopRow
from mailroom.triage.evaluation import interval

_MOST_RULES = 40
_CERTAIN = 20
"""With fewer labels an interval is too wide to say anything."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One table with its heading. `picture` names the picture that belongs to it; `note` says how to read it."""

    title: str
    columns: Row
    rows: tuple[Row, ...]
    note: str = ""
    picture: str = ""


def sections(numbers: ReportNumbers) -> list[Section]:
    """All tables of the report, in the order in which they are read; empty ones only where that says something."""
    made = [
        Section("Verdicts", ("verdict", "alerts", "share"), _shares(numbers.by_verdict), picture="volume"),
        Section("What became of the mail", ("state", "alerts", "share"), _shares(numbers.by_handling)),
        Section("Actions", ("action", "state", "number"), _pairs(numbers.actions),
                note=f"{numbers.by_itself} happened without a person."),
        Section("Times after arrival", ("until", "alerts", "half within", "nine of ten within", "longest"),
                _times(numbers), picture="times",
                note="First touch: somebody released, rejected, labelled or decided about it. Action: it was applied."),
        Section("Held and open: when the hold ends", ("hold ends in", "messages", "by verdict"), _expiry(numbers),
                picture="expiry", note=_risk(numbers)),
        Section("Ending first", ("alert", "ends", "verdict", "priority", "sender's domain"), _urgent(numbers)),
        Section("Rules", ("rule", "status", "points", "spoke", "labelled", "precision", "95 %", "acted", "overturned",
                          "95 %"), tuple(_rule(one) for one in numbers.rules[:_MOST_RULES]), picture="rules",
                note="Precision: share of the labelled mails for which the rule's points went the right way. "
                f"Below {_CERTAIN} labels it says little. Overturned: of what happened by itself through this rule."),
        Section("Proposals beside what people did", ("proposed", "mails", "agreed", "disagreed", "agreement", "95 %"),
                _proposals(numbers), note="Of what did not happen by itself. `mailroom rules shadow` names the mails."),
        Section("Verdicts and labels", ("verdict", "label", "alerts"), _pairs(numbers.agreement), picture="calibration",
                note="Labels are what people said, or what they did by hand."),
        Section("Senders", ("sender's domain", "alerts", "by verdict"), _top(numbers.senders)),
        Section("Campaigns", ("campaign", "alerts", "by verdict"), _top(numbers.campaigns)),
        Section("People", ("what", "state", "number"), _pairs(numbers.people)),
        Section("Where it came from", ("connector", "alerts", "share"), _shares(numbers.by_connector)),
    ]  # fmt: skip
    return [one for one in made if one.rows]


def headline(numbers: ReportNumbers) -> list[str]:
    """The report in a few sentences."""
    judged = numbers.judged
    said = [f"{numbers.alerts:,} alerts, {judged:,} judged, {sum(numbers.labels.values()):,} labelled."]
    if judged:
        said.append(f"{numbers.abstained:.0%} of the verdicts are undetermined.")
    for step, times in numbers.times.items():
        said.append(f"Half of {times.number:,} had their {step} within {lasting(times.median)}.")
    found, harmful = numbers.found
    if harmful:
        low, high = interval(found, harmful)
        said.append(
            f"Of {harmful:,} mails labelled malicious {found / harmful:.0%} were called malicious or suspicious "
            f"(95 %: {low:.0%} to {high:.0%})."
        )
    if numbers.expiry:
        said.append(_risk(numbers))
    return said


def lasting(seconds: float) -> str:
    """A span of time, as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def _risk(numbers: ReportNumbers) -> str:
    return f"{numbers.at_risk:,} held messages that nobody has dealt with leave the queue within a day."


def _shares(counted: Mapping[str, int]) -> tuple[Row, ...]:
    total = sum(counted.values())
    return tuple((harmless(name, 60), f"{number:,}", f"{number / total:.1%}") for name, number in counted.items())


def _pairs(counted: Mapping[str, Mapping[str, int]]) -> tuple[Row, ...]:
    return tuple(
        (harmless(outer, 60), harmless(inner, 60), f"{number:,}")
        for outer, found in counted.items()
        for inner, number in found.items()
    )


def _times(numbers: ReportNumbers) -> tuple[Row, ...]:
    return tuple(
        (step, f"{one.number:,}", lasting(one.median), lasting(one.p90), lasting(one.worst))
        for step, one in numbers.times.items()
    )


def _expiry(numbers: ReportNumbers) -> tuple[Row, ...]:
    names = (name for name in EXPIRY if name in numbers.expiry)
    return tuple((name, f"{sum(numbers.expiry[name].values()):,}", _mix(numbers.expiry[name])) for name in names)


def _proposals(numbers: ReportNumbers) -> tuple[Row, ...]:
    rows = []
    for action, (proposed, agreed, disagreed) in numbers.proposals.items():
        decided = agreed + disagreed
        share = (agreed / decided, *interval(agreed, decided)) if decided else None
        rows.append((action, f"{proposed:,}", f"{agreed:,}", f"{disagreed:,}", *_share(share)))
    return tuple(rows)


def _urgent(numbers: ReportNumbers) -> tuple[Row, ...]:
    soon = [row for row in numbers.urgent if row.expires_at - numbers.made_at < timedelta(days=1)]
    return tuple(
        (str(row.alert_id), f"in {lasting((row.expires_at - numbers.made_at).total_seconds())}", row.verdict,
         PRIORITY_NAMES.get(row.priority, str(row.priority)), harmless(row.domain, 60))
        for row in soon
    )  # fmt: skip


def _rule(one: RuleFigures) -> Row:
    return (
        harmless(f"{one.rule_id} v{one.version}", 60), harmless(one.status, 20), f"{one.points:+d}", f"{one.spoke:,}",
        f"{one.labelled:,}", *_share(one.precision), f"{one.acted:,}", *_share(one.overturn_rate),
    )  # fmt: skip


def _share(found: tuple[float, float, float] | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    share, low, high = found
    return f"{share:.1%}", f"{low:.1%} to {high:.1%}"


def _top(rows: Iterable[TopRow]) -> tuple[Row, ...]:
    return tuple((harmless(row.name, 60), f"{row.number:,}", _mix(row.verdicts)) for row in rows)


def _mix(verdicts: Mapping[str, int]) -> str:
    ordered = sorted(verdicts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{harmless(name, 30)} {number:,}" for name, number in ordered)
