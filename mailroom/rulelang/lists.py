"""Lists: values with a reason, an owner and an end date, shared by signals and rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from mailroom.rulelang.domains import canonical_domain
from mailroom.rulelang.from_header import canonical_address, read_from
from mailroom.rulelang.schemas import check
from mailroom.rulelang.yaml_source import Document, RuleError, read_documents, yaml_files


@dataclass(frozen=True)
class Entry:
    """One value. `requires_dmarc`: the entry only counts for mail whose From domain passed DMARC."""

    value: str
    reason: str
    owner: str
    expires: date | None = None
    requires_dmarc: bool = False
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueList:
    """A named list. `kind` says what its values are: domain, address, text, person, brand, cidr, extension."""

    name: str
    title: str
    kind: str
    entries: tuple[Entry, ...]

    @cached_property
    def folded(self) -> Mapping[str, bool]:
        """Value as compared -> whether it needs DMARC."""
        return {self.fold(entry.value): entry.requires_dmarc for entry in self.entries}

    def fold(self, value: str) -> str:
        """`value` in the form in which this kind of list compares."""
        if self.kind == "domain":
            return canonical_domain(value) or value.lower()
        if self.kind == "address":
            return canonical_address(value) or value.lower()
        return value.casefold().lstrip(".") if self.kind == "extension" else value.casefold()

    def canonical(self) -> dict[str, Any]:
        """Content for the rule-set digest: no reasons, owners or order."""
        rows = sorted(
            [entry.value, entry.requires_dmarc, sorted(entry.addresses), sorted(entry.domains), sorted(entry.names)]
            for entry in self.entries
        )
        return {"kind": self.kind, "entries": rows}


def _entry(raw: Any, document: Document, index: int, problems: list[str]) -> Entry:
    top = document.data
    row = {"value": raw} if not isinstance(raw, dict) else raw
    value = str(row["value"])
    where = document.at("entries", index)
    kind = top["kind"]
    owner, reason = row.get("owner", top.get("owner", "")), row.get("reason", top.get("reason", ""))
    if not owner or not reason:
        problems.append(f"{where}: {value!r} needs an owner and a reason, here or for the whole list")
    if kind == "domain" and not canonical_domain(value):
        problems.append(f"{where}: {value!r} is not a domain")
    if kind == "address" and not canonical_address(value):
        problems.append(f"{where}: {value!r} is not an address")
    addresses = tuple(row.get("addresses", ()))
    if kind == "person":
        reading = read_from([value])
        value = reading.display_name or value
        addresses = (*addresses, *(mailbox.address for mailbox in reading.mailboxes))
        if not addresses:
            problems.append(f"{where}: write a person as 'First Last <first.last@domain>'")
    if kind == "brand" and not row.get("domains"):
        problems.append(f"{where}: brand {value!r} needs the `domains` it really sends from")
    if kind == "cidr":
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            problems.append(f"{where}: {value!r} is not a network ({error})")
    return Entry(
        value=value,
        reason=str(reason),
        owner=str(owner),
        expires=_day(row.get("expires", top.get("expires")), where, problems),
        requires_dmarc=row.get("require", top.get("require", "none")) == "dmarc_pass",
        addresses=addresses,
        domains=tuple(row.get("domains", ())),
        names=tuple(row.get("names", ())),
    )


Lists = dict[str, ValueList]


def _day(text: str | None, where: str, problems: list[str]) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        problems.append(f"{where}: {text!r} is not a date; write it as 2027-12-31")
        return None


def load_lists(directories: Iterable[Path], today: date) -> tuple[Lists, Lists, list[str]]:
    """Read every list below `directories`; later directories replace a list of the same name or append to it.

    Returns:
        Lists with the expired entries left out, the same lists with them, and warnings about what has expired.

    Raises:
        RuleError: Every problem of every file.
    """
    problems: list[str] = []
    complete: dict[str, ValueList] = {}
    for directory in directories:
        seen: dict[str, str] = {}
        for file in yaml_files(directory):
            try:
                documents = read_documents(file)
            except RuleError as error:
                problems += error.problems
                continue
            for document in documents:
                _take(document, seen, complete, problems)
    if problems:
        raise RuleError(*problems)
    warnings: list[str] = []
    active: dict[str, ValueList] = {}
    for name, values in complete.items():
        live = tuple(entry for entry in values.entries if entry.expires is None or entry.expires >= today)
        warnings += [
            f"list {name}: {entry.value!r} expired on {entry.expires} and no longer counts ({entry.owner})"
            for entry in values.entries
            if entry.expires is not None and entry.expires < today
        ]
        active[name] = replace(values, entries=live)
    return active, complete, warnings


def _take(document: Document, seen: dict[str, str], into: dict[str, ValueList], problems: list[str]) -> None:
    if wrong := check("mailroom.rulelang", "list", document):
        problems += wrong
        return
    name = document.data["list"]
    if name in seen:
        problems.append(f"{document.at('list')}: list {name!r} is already in {seen[name]}; give it another name")
        return
    seen[name] = document.at("list")
    entries = tuple(_entry(raw, document, index, problems) for index, raw in enumerate(document.data["entries"]))
    if document.data.get("mode") == "append" and name in into:
        entries = (*into[name].entries, *entries)
    into[name] = ValueList(name, document.data.get("title", name), document.data["kind"], entries)
