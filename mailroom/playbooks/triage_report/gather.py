"""From the store to the numbers of a report: page by page, keeping counts and not rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailroom.errors import InvalidInputError
from mailroom.playbooks.reported.model import WHO as REPORTED
from mailroom.playbooks.triage_report.model import (
    EXPIRY,
    MOST_DAYS,
    NOT_JUDGED,
    STEPS,
    ReportNumbers,
    Times,
    TopRow,
    UrgentRow,
)
from mailroom.playbooks.triage_report.proposals import ProposalTally
from mailroom.playbooks.triage_report.rules import RuleTally
from mailroom.store import Store
from mailroom.store.reporting import Page
from mailroom.triage.evaluation import HARMFUL

if TYPE_CHECKING:
    import pandas as pd

_TOP = 15
_MOST_NAMES = 50_000
"""Distinct senders or campaigns that are counted at a time; the rarest are forgotten beyond."""
_URGENT = 20
_HOURS = ((4, EXPIRY[1]), (24, EXPIRY[2]), (72, EXPIRY[3]))


def gather(store: Store, *, days: int = 7, until: datetime | None = None, tenant: str = "") -> ReportNumbers:
    """Count what the store knows about the mail of the last days. Effect: reads the store.

    Args:
        store: Where the alerts are.
        days: How far back, 1 to 3660.
        until: The end of the period, with a time zone; now when left out. Days are of 24 hours, whatever clocks do.
        tenant: Only this tenant; all when empty.

    Raises:
        InvalidInputError: an impossible number of days, or an end without a time zone.
    """
    if not 1 <= days <= MOST_DAYS:
        msg = f"a report covers 1 to {MOST_DAYS} days, not {days}"
        raise InvalidInputError(msg)
    now = datetime.now(UTC)
    if until is not None and until.utcoffset() is None:
        raise InvalidInputError("the end of a report's period needs a time zone, such as UTC")
    until = (until or now).astimezone(UTC)
    numbers = ReportNumbers(until - timedelta(days=days), until, now, tenant)
    numbers.wall = store.events.head()
    counting = _Counting()
    for page in store.reporting.pages(numbers.since, until, tenant=tenant):
        counting.add(page)
    counting.write(numbers)
    _held_now(store, numbers)
    numbers.people = store.reporting.people(numbers.since, until, tenant=tenant)
    return numbers


class _Counting:
    def __init__(self) -> None:
        self.alerts = 0
        self.single: dict[str, Counter[str]] = defaultdict(Counter)
        self.by_day: dict[str, Counter[str]] = defaultdict(Counter)
        self.actions: dict[str, Counter[str]] = defaultdict(Counter)
        self.by_itself = 0
        self.seconds: dict[str, list[Any]] = {step: [] for step in STEPS}
        self.agreement: dict[str, Counter[str]] = defaultdict(Counter)
        self.calibration: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        self.top: dict[str, Counter[tuple[str, str]]] = {"senders": Counter(), "campaigns": Counter()}
        self.rules = RuleTally()
        self.proposals = ProposalTally()

    def add(self, page: Page) -> None:
        """Count one page."""
        frame = page.alerts.set_index("id")
        current = page.verdicts.set_index("alert_id")
        self.alerts += len(frame)
        frame["verdict"] = current["verdict"].reindex(frame.index).fillna(NOT_JUDGED)
        for name in ("connector", "handling", "verdict"):
            self.single[name].update(_counts(frame[name]))
        self.single["level"].update(_counts(current["level"]))
        days = frame["received_at"].dt.strftime("%Y-%m-%d")
        for (day, verdict), number in _pairs(days, frame["verdict"]).items():
            self.by_day[day][verdict] += number
        self._time(page, frame["received_at"])
        self._label(page, current)
        for (kind, state), number in _pairs(page.actions["kind"], page.actions["state"]).items():
            self.actions[kind][state] += number
        self.by_itself += int(((page.actions["mode"] == "auto") & (page.actions["state"] == "applied")).sum())
        campaign = page.campaigns.set_index("alert_id")["key"].reindex(frame.index).fillna(frame["group_key"])
        self._top("senders", frame["sender_domain"], frame["verdict"])
        self._top("campaigns", campaign, frame["verdict"])
        self.rules.add(page)
        self.proposals.add(page)

    def _time(self, page: Page, arrived: pd.Series[Any]) -> None:
        import pandas as pd

        def first(*columns: pd.DataFrame) -> pd.Series[Any]:
            filled = [one for one in columns if not one.empty]
            if not filled:
                return pd.Series([], dtype="datetime64[us, UTC]")
            rows = pd.concat([one.set_axis(["alert_id", "at"], axis=1) for one in filled])
            return rows.dropna().groupby("alert_id")["at"].min()

        done = page.actions[page.actions["state"].isin(["applied", "undone"])]
        # What a playbook proposes by itself is for a person to do, and is not done by one.
        by_hand = page.actions[(page.actions["mode"] == "manual") & (page.actions["requested_by"] != REPORTED)]
        moments = {
            "first touch": first(by_hand[["alert_id", "created_at"]], page.labels[["alert_id", "at"]], page.approvals),
            "verdict": first(page.first_verdicts),
            "action": first(done[["alert_id", "settled_at"]]),
        }
        for step, moment in moments.items():
            if not moment.empty:
                waited = (moment - arrived.reindex(moment.index)).dt.total_seconds().clip(lower=0)
                self.seconds[step].append(waited.astype("float32"))

    def _label(self, page: Page, current: pd.DataFrame) -> None:
        labelled = page.labels[page.labels["is_current"].astype(bool)].set_index("alert_id")["label"]
        self.single["label"].update(_counts(labelled))
        both = current[["verdict", "risk"]].join(labelled, how="inner")
        for (verdict, label), number in _pairs(both["verdict"], both["label"]).items():
            self.agreement[verdict][label] += number
        for risk, label in zip(both["risk"].tolist(), both["label"].tolist(), strict=True):
            counted = self.calibration[min(90, risk // 10 * 10)]
            counted[0] += 1
            counted[1] += label in HARMFUL

    def _top(self, what: str, names: pd.Series[Any], verdicts: pd.Series[Any]) -> None:
        counted = self.top[what]
        known = names != ""
        counted.update(_pairs(names[known], verdicts[known]))
        if len(counted) > 2 * _MOST_NAMES:
            self.top[what] = Counter(dict(counted.most_common(_MOST_NAMES)))

    def write(self, numbers: ReportNumbers) -> None:
        """Hand over what was counted."""
        numbers.alerts, numbers.by_itself = self.alerts, self.by_itself
        numbers.by_connector = _sorted(self.single["connector"])
        numbers.by_handling = _sorted(self.single["handling"])
        numbers.by_verdict = _sorted(self.single["verdict"])
        numbers.by_level = _sorted(self.single["level"])
        numbers.labels = _sorted(self.single["label"])
        numbers.by_day = {day: dict(self.by_day[day]) for day in sorted(self.by_day)}
        numbers.actions = {kind: _sorted(self.actions[kind]) for kind in sorted(self.actions)}
        numbers.agreement = {verdict: _sorted(self.agreement[verdict]) for verdict in sorted(self.agreement)}
        numbers.calibration = [
            (low, labelled, harmful) for low, (labelled, harmful) in sorted(self.calibration.items())
        ]
        numbers.times = {step: _times(parts) for step, parts in self.seconds.items() if parts}
        numbers.rules = self.rules.figures()
        numbers.proposals = {
            action: (one.proposed, one.agreed, one.disagreed) for action, one in sorted(self.proposals.actions.items())
        }
        numbers.senders = _most_frequent(self.top["senders"])
        numbers.campaigns = [row for row in _most_frequent(self.top["campaigns"]) if row.number > 1]


def _held_now(store: Store, numbers: ReportNumbers) -> None:
    import pandas as pd

    now = pd.Timestamp(numbers.made_at)
    counted: dict[str, Counter[str]] = {name: Counter() for name in EXPIRY}
    urgent: list[UrgentRow] = []
    for frame in store.reporting.held_now(tenant=numbers.tenant):
        ends = pd.to_datetime(frame["expires_at"], utc=True, errors="coerce", format="ISO8601")
        hours = (ends - now).dt.total_seconds() / 3600
        bucket = pd.Series(EXPIRY[4], index=frame.index)
        for limit, name in reversed(_HOURS):
            bucket[hours < limit] = name
        bucket[hours < 0] = EXPIRY[0]
        bucket[ends.isna()] = EXPIRY[5]
        verdicts = frame["verdict"].fillna(NOT_JUDGED)
        for (name, verdict), number in _pairs(bucket, verdicts).items():
            counted[name][verdict] += number
        soon = frame.assign(ends=ends, verdict=verdicts)[hours >= 0].nsmallest(_URGENT, "ends")
        rows = (soon[name].tolist() for name in ("id", "ends", "verdict", "priority", "sender_domain"))
        urgent += [
            UrgentRow(known, end.to_pydatetime(), verdict, priority, domain)
            for known, end, verdict, priority, domain in zip(*rows, strict=True)
        ]
        urgent = sorted(urgent, key=lambda row: (row.expires_at, row.alert_id))[:_URGENT]
    numbers.expiry = {name: dict(found) for name, found in counted.items() if found}
    numbers.urgent = urgent


def _counts(column: pd.Series[Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in column.value_counts().items()}


def _pairs(first: pd.Series[Any], second: pd.Series[Any]) -> Counter[tuple[str, str]]:
    """How often each pair of texts occurs; quicker than grouping a frame by texts."""
    return Counter(zip(first.tolist(), second.tolist(), strict=True))


def _sorted(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])))


def _times(parts: list[Any]) -> Times:
    import pandas as pd

    seconds = pd.concat(parts, ignore_index=True)
    median, p90 = seconds.quantile([0.5, 0.9])
    return Times(len(seconds), round(float(median), 1), round(float(p90), 1), round(float(seconds.max()), 1))


def _most_frequent(counted: Counter[tuple[str, str]]) -> list[TopRow]:
    together: Counter[str] = Counter()
    for (name, _), number in counted.items():
        together[name] += number
    top = sorted(together.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
    verdicts: dict[str, Counter[str]] = {name: Counter() for name, _ in top}
    for (name, verdict), number in counted.items():
        if name in verdicts:
            verdicts[name][verdict] += number
    return [TopRow(name, number, _sorted(verdicts[name])) for name, number in top]
