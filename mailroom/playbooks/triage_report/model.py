"""The numbers of a triage report: plain data, without a subject, an address or a body."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from mailroom.triage.evaluation import interval

MOST_DAYS = 3_660
STEPS = ("first touch", "verdict", "action")
"""What is timed from the arrival of a mail: somebody dealt with it, it was judged, something was done."""
EXPIRY = ("over", "under 4 hours", "under 24 hours", "under 3 days", "later", "not known")
"""How long what is still held and open will be held."""


@dataclass(frozen=True)
class Times:
    """How long it took after arrival; seconds. `number` is how many alerts got so far."""

    number: int
    median: float
    p90: float
    worst: float


@dataclass
class RuleFigures:
    """What is known of one version of one rule.

    Attributes:
        rule_id: Name.
        version: Version.
        title: For people.
        status: shadow, advise or auto, as it was when it last spoke.
        points: What it was worth then.
        spoke: Decisions that it took part in.
        labelled: How many of these have a label.
        right: How many of these went the right way for it.
        acted: Messages with an action that happened by itself, with this rule behind it.
        overturned: How many of these people found wrong.
    """

    rule_id: str
    version: int
    title: str = ""
    status: str = ""
    points: int = 0
    spoke: int = 0
    labelled: int = 0
    right: int = 0
    acted: int = 0
    overturned: int = 0

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """Share that was right, with the ends of its 95 % interval; None without labels."""
        if not self.labelled:
            return None
        return (self.right / self.labelled, *interval(self.right, self.labelled))

    @property
    def overturn_rate(self) -> tuple[float, float, float] | None:
        """Share that was overturned, with the ends of its 95 % interval; None when nothing happened by itself."""
        if not self.acted:
            return None
        return (self.overturned / self.acted, *interval(self.overturned, self.acted))


@dataclass(frozen=True)
class TopRow:
    """One sender's domain or one campaign."""

    name: str
    number: int
    verdicts: dict[str, int]


@dataclass(frozen=True)
class UrgentRow:
    """One held message whose hold ends soon."""

    alert_id: int
    expires_at: datetime
    verdict: str
    priority: int
    domain: str


@dataclass
class ReportNumbers:
    """Everything that a report shows.

    Attributes:
        since, until: Arrival of the mail it is about.
        made_at: When it was made; the holds are as of then.
        tenant: Only this tenant; all when empty.
        alerts: How many alerts.
        by_day: day -> verdict -> alerts.
        by_connector, by_verdict, by_handling, by_level: Alerts.
        actions: kind -> state -> actions.
        by_itself: Actions that happened without a person.
        times: For each of `STEPS`.
        expiry: bucket of `EXPIRY` -> verdict -> held messages.
        urgent: Those whose hold ends first.
        rules: Rules that spoke, the most labelled first.
        proposals: proposed action -> (mails for which it did not happen by itself, people agreed, disagreed).
        labels: label -> alerts.
        agreement: verdict -> label -> alerts.
        calibration: (lowest risk of the bin, labelled alerts, harmful ones), for bins of ten points.
        senders, campaigns: The most frequent.
        people: What people were asked and told us.
        wall: Number of events on the wall and the hash of the last, when the report was made.
    """

    since: datetime
    until: datetime
    made_at: datetime
    tenant: str = ""
    alerts: int = 0
    by_day: dict[str, dict[str, int]] = field(default_factory=dict)
    by_connector: dict[str, int] = field(default_factory=dict)
    by_verdict: dict[str, int] = field(default_factory=dict)
    by_handling: dict[str, int] = field(default_factory=dict)
    by_level: dict[str, int] = field(default_factory=dict)
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    by_itself: int = 0
    times: dict[str, Times] = field(default_factory=dict)
    expiry: dict[str, dict[str, int]] = field(default_factory=dict)
    urgent: list[UrgentRow] = field(default_factory=list)
    rules: list[RuleFigures] = field(default_factory=list)
    proposals: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    agreement: dict[str, dict[str, int]] = field(default_factory=dict)
    calibration: list[tuple[int, int, int]] = field(default_factory=list)
    senders: list[TopRow] = field(default_factory=list)
    campaigns: list[TopRow] = field(default_factory=list)
    people: dict[str, dict[str, int]] = field(default_factory=dict)
    wall: tuple[int, str] = (0, "")

    @property
    def judged(self) -> int:
        """Alerts with a verdict."""
        return sum(number for name, number in self.by_verdict.items() if name != NOT_JUDGED)

    @property
    def abstained(self) -> float:
        """Share of the judged alerts whose verdict is `undetermined`."""
        return self.by_verdict.get("undetermined", 0) / self.judged if self.judged else 0.0

    @property
    def found(self) -> tuple[int, int]:
        """Of the mails labelled malicious: how many were called malicious or suspicious, and how many there are."""
        of = {verdict: labels.get("malicious", 0) for verdict, labels in self.agreement.items()}
        return of.get("malicious", 0) + of.get("suspicious", 0), sum(of.values())

    @property
    def at_risk(self) -> int:
        """Held and open messages whose hold ends within a day."""
        return sum(sum(self.expiry.get(name, {}).values()) for name in ("under 4 hours", "under 24 hours"))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        plain = asdict(self)
        for row, rule in zip(plain["rules"], self.rules, strict=True):
            row |= {"precision": rule.precision, "overturn_rate": rule.overturn_rate}
        return plain | {"abstained": self.abstained, "at_risk": self.at_risk, "found": self.found}


NOT_JUDGED = "not judged"
