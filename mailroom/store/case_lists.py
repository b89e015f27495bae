"""Finding cases: by id, by key, by what they say and by the mail in them."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select

from mailroom.chunks import chunks
from mailroom.errors import NotFoundError
from mailroom.store.case_rows import Case, IdList, Link, case_of
from mailroom.store.columns import JSON_VALUE
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import alerts, case_alerts, cases, custom_fields

_PART = cases.alias("part")
_SHOWN = func.coalesce(_PART.c.root_id, _PART.c.id)


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """What to look for; everything given must fit. A case is found by what was merged into it as well."""

    text: str = ""
    """Words of its title or description; case does not matter."""
    sender: str = ""
    """Sender of one of its alerts: an address, or a domain with or without @."""
    owner: str | None = None
    """Who works on it; an empty text: nobody yet."""
    states: tuple[str, ...] = ()
    field: str = ""
    """Name of a field it must have ..."""
    value: Any = None
    """... with this value, or with one of a tuple of values; None: any."""
    min_priority: int | None = None
    template: str = ""
    tenant: str = ""
    alert_id: int | None = None
    with_merged: bool = False
    """Also those that were merged into others."""


class CaseLists:
    """Reads cases."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, case_id: int, tx: Connection | None = None) -> Case:
        """The case. Raises NotFoundError."""
        found = self._one(cases.c.id == case_id, tx)
        if found is None:
            raise NotFoundError(f"There is no case {case_id}; `mailroom case list` shows them.")
        return found

    def by_key(self, tenant: str, key: str, tx: Connection | None = None) -> Case | None:
        """The case with this key."""
        return self._one((cases.c.tenant == tenant) & (cases.c.key == key), tx) if key else None

    def parts(self, case_id: int, tx: Connection | None = None) -> builtins.list[Case]:
        """The case and everything that was merged into it, by id, the case itself first.

        Raises:
            NotFoundError: there is no such case.
        """

        def read(c: Connection) -> builtins.list[Case]:
            case = self.get(case_id, c)
            query = select(cases).where(cases.c.root_id == case.shown_id).order_by(cases.c.id)
            rows = [case_of(row) for row in c.execute(query)]
            known, more = {case_id}, True
            while more:
                fresh = {one.id for one in rows if one.merged_into_id in known} - known
                known, more = known | fresh, bool(fresh)
            return [case, *(one for one in rows if one.id in known and one.id != case_id)]

        return self._db.read(read, tx)

    def links(self, case_id: int, tx: Connection | None = None) -> builtins.list[Link]:
        """Which alerts belong to the case or to one that was merged into it, by alert.

        An alert that is in several of them appears once for each.
        """

        def read(c: Connection) -> builtins.list[Link]:
            ids = [one.id for one in self.parts(case_id, c)]
            query = select(case_alerts).where(case_alerts.c.case_id.in_(ids))
            rows = c.execute(query.order_by(case_alerts.c.alert_id, case_alerts.c.case_id)).all()
            return [Link(**row._asdict()) for row in rows]

        return self._db.read(read, tx)

    def alert_ids(self, case_id: int, tx: Connection | None = None) -> IdList:
        """The alerts of the case and of all that was merged into it, each once."""
        return sorted({link.alert_id for link in self.links(case_id, tx)})

    def for_alerts(self, alert_ids: Iterable[int], *, shown: bool = True) -> dict[int, IdList]:
        """In which cases alerts are, by alert; with `shown` the cases that show them, after all merges."""
        ids, found = list(alert_ids), dict[int, IdList]()
        which = _SHOWN if shown else _PART.c.id
        query = select(case_alerts.c.alert_id, which.label("case_id")).join(_PART, _PART.c.id == case_alerts.c.case_id)
        for some in chunks(ids, CHUNK):
            chosen = query.where(case_alerts.c.alert_id.in_(some)).distinct()
            for alert_id, case_id in self._db.rows(chosen.order_by("alert_id", "case_id")):
                found.setdefault(alert_id, []).append(case_id)
        return found

    def search(self, query: CaseQuery | None = None, *, limit: int = 100, offset: int = 0) -> builtins.list[Case]:
        """Cases that fit, the newest first."""
        chosen = self._chosen(query or CaseQuery()).order_by(cases.c.id.desc()).limit(limit).offset(offset)
        return [case_of(row) for row in self._db.rows(chosen)]

    def count(self, query: CaseQuery | None = None) -> int:
        """How many cases fit."""
        counted = select(func.count()).select_from(self._chosen(query or CaseQuery()).subquery())
        return int(self._db.value(counted))

    def alert_counts(self, case_ids: Iterable[int]) -> dict[int, int]:
        """How many alerts each case shows, with those of what was merged into it."""
        ids, found = list(case_ids), dict[int, int]()
        for some in chunks(ids, CHUNK):
            own = or_(_PART.c.id.in_(some), _PART.c.root_id.in_(some))
            query = select(_SHOWN.label("shown"), func.count(case_alerts.c.alert_id.distinct()))
            query = query.join(case_alerts, case_alerts.c.case_id == _PART.c.id).where(own).group_by("shown")
            found.update({row.shown: int(row[1]) for row in self._db.rows(query)})
        return {one: found.get(one, 0) for one in ids}

    def counts(self) -> dict[str, int]:
        """Cases by state."""
        query = select(cases.c.state, func.count()).group_by(cases.c.state).order_by(cases.c.state)
        return {row[0]: int(row[1]) for row in self._db.rows(query)}

    # -- inside ----------------------------------------------------------------------------------------------------

    def _one(self, condition: ColumnElement[bool], tx: Connection | None) -> Case | None:
        row = self._db.first(select(cases).where(condition), tx=tx)
        return case_of(row) if row is not None else None

    def _chosen(self, query: CaseQuery) -> Select[Any]:
        chosen = select(cases)
        if not query.with_merged:
            chosen = chosen.where(cases.c.root_id.is_(None))
        if query.states:
            chosen = chosen.where(cases.c.state.in_(query.states))
        if query.owner is not None:
            chosen = chosen.where(func.lower(cases.c.assigned_to) == query.owner.lower())
        if query.min_priority is not None:
            chosen = chosen.where(cases.c.priority >= query.min_priority)
        if query.template:
            chosen = chosen.where(cases.c.template == query.template)
        if query.tenant:
            chosen = chosen.where(cases.c.tenant == query.tenant)
        if query.text:
            chosen = chosen.where(_shows(select(_SHOWN).where(_says(query.text))))
        if query.sender:
            chosen = chosen.where(_shows(_linked().join(alerts).where(_sent_by(query.sender))))
        if query.alert_id is not None:
            chosen = chosen.where(_shows(_linked().where(case_alerts.c.alert_id == query.alert_id)))
        if query.field:
            chosen = chosen.where(_shows(_with_field(query.field, query.value)))
        return chosen


def _shows(parts: Select[Any]) -> ColumnElement[bool]:
    return cases.c.id.in_(parts)


def _linked() -> Select[Any]:
    return select(_SHOWN).join(case_alerts, case_alerts.c.case_id == _PART.c.id)


def _says(text: str) -> ColumnElement[bool]:
    """Case does not matter; SQLite folds ASCII only, so the usual spellings of other letters are looked for as well."""
    spellings = {text.lower()}
    if not text.isascii():
        spellings |= {text, text.upper(), text.capitalize(), text.title()}
        spellings |= {_ascii_lower(one) for one in spellings}
    return or_(
        *(
            func.lower(column).contains(words, autoescape=True)
            for column in (_PART.c.title, _PART.c.description)
            for words in sorted(spellings)
        )
    )


def _ascii_lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _sent_by(sender: str) -> ColumnElement[bool]:
    wanted = sender.strip().lower()
    if "@" in wanted.lstrip("@"):
        return func.lower(alerts.c.sender) == wanted
    return func.lower(alerts.c.sender_domain) == wanted.lstrip("@")


def _with_field(name: str, value: Any) -> Select[Any]:
    here = and_(custom_fields.c.scope == "case", custom_fields.c.subject_id == _PART.c.id, custom_fields.c.name == name)
    found = select(_SHOWN).join(custom_fields, here)
    if value is None:
        return found
    wanted = value if isinstance(value, tuple) else (value,)
    return found.where(or_(*(custom_fields.c.value == literal(one, JSON_VALUE) for one in wanted)))
