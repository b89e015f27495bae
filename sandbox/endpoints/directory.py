"""Profile groups and their members."""

from __future__ import annotations

from typing import Any

from sandbox.endpoints.context import Context
from sandbox.endpoints.policy_form import ADDRESS
from sandbox.envelope import Item, Outcome, error, failure
from sandbox.groups import UNPAGED_MOST, Group, show_member
from sandbox.ids import page_token
from sandbox.validate import text

FIND = {"query": text(), "source": text(values={"cloud", "ldap"})}
BY_ID = {"id": text(required=True)}
MEMBER = {"id": text(required=True), "emailAddress": text(), "domain": text(), "notes": text()}


def find_groups(context: Context) -> Outcome:
    """`/api/directory/find-groups`."""
    context.items = context.items or [{}]
    outcome = Outcome()
    for item in context.valid(outcome, FIND, strict=False):
        book = context.world.groups
        rows = [book.show(group) for group in book.find(item.get("query") or "", item.get("source") or "")]
        _paged(context, outcome, "folders", rows, {"query": item.get("query") or ""})
    return outcome


def get_group_members(context: Context) -> Outcome:
    """`/api/directory/get-group-members`: without a page block it stops after 999 members."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, BY_ID, strict=False):
        group = _group(context, item, outcome)
        if group is not None:
            rows = [show_member(member, note) for member, note in group.members.items()]
            _paged(context, outcome, "groupMembers", rows, {})
    return outcome


def _paged(context: Context, outcome: Outcome, name: str, rows: list[dict[str, Any]], more: dict[str, Any]) -> None:
    if not context.page_block:
        outcome.data.append({**more, name: rows[:UNPAGED_MOST]})
        outcome.pagination = {"pageSize": UNPAGED_MOST}
        return
    page = context.page(default=100, most=500)
    shown = rows[page.offset : page.offset + page.size]
    outcome.data.append({**more, name: shown})
    outcome.pagination = {"pageSize": page.size, "totalCount": len(rows)}
    if page.offset + len(shown) < len(rows):
        outcome.pagination["next"] = page_token(page.size, page.offset + len(shown))


def _group(context: Context, item: Item, outcome: Outcome) -> Group | None:
    found = context.read_id(item["id"])
    group = context.world.groups.groups.get(found.number) if found.kind == "group" else None
    if found.kind != "group":
        outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
    elif group is None:
        outcome.fail.append(failure(item, error("err_folder_not_found", "no such group", "id")))
    return group


def add_group_member(context: Context) -> Outcome:
    """`/api/directory/add-group-member`: an address or a domain."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, MEMBER, strict=True):
        named = _member(context, item, outcome)
        if named is None:
            continue
        group, member = named
        if member.lower() in group.members:
            wrong = error("err_folder_group_member_already_exists", "the member is in the group already")
            outcome.fail.append(failure(item, wrong))
            continue
        context.world.groups.add(group.number, member, item.get("notes") or "", context.operator)
        outcome.data.append(_changed(context, item, member))
    return outcome


def remove_group_member(context: Context) -> Outcome:
    """`/api/directory/remove-group-member`."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, MEMBER, strict=True):
        named = _member(context, item, outcome)
        if named is None:
            continue
        group, member = named
        if member.lower() not in group.members:
            wrong = error("err_folder_email_address_not_found", "the member is not in the group")
            outcome.fail.append(failure(item, wrong))
            continue
        context.world.groups.remove(group.number, member, context.operator)
        outcome.data.append(_changed(context, item, member))
    return outcome


def _member(context: Context, item: Item, outcome: Outcome) -> tuple[Group, str] | None:
    """The group and the member an item names; None when it does not name both (then `fail` says so)."""
    given = [name for name in ("emailAddress", "domain") if item.get(name)]
    if len(given) != 1:
        wrong = error("err_validation_at_least_one_not_null", "one of emailAddress and domain is needed")
        outcome.fail.append(failure(item, wrong))
        return None
    member = str(item[given[0]])
    if ADDRESS.match(member if given[0] == "emailAddress" else f"someone@{member}") is None:
        code = "err_validation_invalid_email_address" if given[0] == "emailAddress" else "err_validation"
        outcome.fail.append(failure(item, error(code, "not an address or domain", given[0])))
        return None
    group = _group(context, item, outcome)
    return None if group is None else (group, member)


def _changed(context: Context, item: Item, member: str) -> dict[str, Any]:
    shown = {"id": context.world.mint.other("member", len(context.world.effects)), "folderId": item["id"]}
    row = show_member(member, "")
    return {**shown, **{name: row[name] for name in ("emailAddress", "domain", "internal") if name in row}}
