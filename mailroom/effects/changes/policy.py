"""Create, Update and Delete Block Sender Policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import CLOCKS_DIFFER_BY, LOOKS, Change, Ended, Found, Parameters, UndoWish
from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import MimecastClient, capabilities, policies
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.field_checks import checked_id, checked_time
from mailroom.mimecast.paging import id_of
from mailroom.mimecast.policy_models import BlockPolicy, PolicyWish
from mailroom.mimecast.reading import pass_over
from mailroom.store.actions import Action

_WISH: dict[str, Any] = {
    "response": "Block Sender", "extracted_data": "Both", "sender": "", "sender_type": "Email Domain",
    "recipient": "", "recipient_type": "Email Domain", "comment": "", "bidirectional": False, "enforced": False,
    "start_time": "", "end_time": "", "enabled": True, "override": False, "source_ips": (),
}  # fmt: skip
_KINDS = ("create_block_sender_policy", "update_block_sender_policy")


def wish_of(parameters: Parameters) -> PolicyWish:
    """The wish behind the parameters of an action.

    Raises:
        InvalidInputError: One of them cannot be meant.
    """
    same = {name: value for name, value in parameters.items() if name in PolicyWish.__dataclass_fields__}
    start = checked_time(parameters["start_time"], "Start Time")
    end = checked_time(parameters["end_time"], "End Time")
    return PolicyWish(**same | {"start": start, "end": end, "source_ips": tuple(parameters["source_ips"])})


def parameters_of(wish: PolicyWish) -> Parameters:
    """The parameters that say a wish."""
    said = {name: getattr(wish, name) for name in ("description", *_WISH) if name in PolicyWish.__dataclass_fields__}
    return said | {
        "start_time": wish.start.isoformat() if wish.start else "",
        "end_time": wish.end.isoformat() if wish.end else "",
        "source_ips": list(wish.source_ips),
    }


class _Written(Change):
    """What creating and updating share."""

    needs: ClassVar[tuple[str, ...]] = ("description",)
    takes: ClassVar[Mapping[str, Any]] = _WISH

    def changed_since(self, last: Action, there: Parameters) -> str:
        """See `Change`."""
        raw = there.get("before")
        if not isinstance(raw, dict):
            return ""
        known = BlockPolicy.parse(raw)
        try:
            if _says(known, wish_of(last.parameters)):
                return ""
        except (InvalidInputError, KeyError):
            pass
        return f"somebody changed the policy since (it is {known.description[:80]!r}): it is theirs now"

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return parameters_of(wish_of(parameters))

    def check_now(self, client: MimecastClient, parameters: Parameters) -> None:
        """See `Change`."""
        super().check_now(client, parameters)
        end = wish_of(parameters).end
        if end is not None and end <= client.now():
            raise InvalidInputError(f"the policy would have ended already ({format_date(end)}): correct End Time")


class CreatePolicy(_Written):
    """A policy that refuses, or exempts, mail between parties. Mimecast makes a second one when asked twice."""

    kind, action, past = "create_block_sender_policy", "Create Block Sender Policy", "created"
    absence_tells_after = timedelta(minutes=2)

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.CREATE_POLICY,)

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return wish_of(parameters).title

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return sentences(wish_of(parameters))

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        equal = policies.find_equal(client, wish_of(parameters), on_unreadable=pass_over)
        if not equal:
            return None
        return Found("applied", equal[0].as_json(), "a policy that does the same exists already", "equal_exists")

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        return policies.create_policy(client, wish_of(action.parameters)).as_json()

    def look(self, client: MimecastClient, action: Action, age: timedelta) -> Found:
        """See `Change`."""
        wish, unreadable = wish_of(action.parameters), list[ResponseError]()
        for _ in range(LOOKS):
            unreadable.clear()
            if equal := policies.find_equal(client, wish, on_unreadable=lambda _, error: unreadable.append(error)):
                break
        since = client.now() - age - CLOCKS_DIFFER_BY
        ours = [
            policy
            for policy in equal
            if policy.description == wish.description and policy.created_at is not None and policy.created_at >= since
        ]
        if ours:
            result = ours[0].as_json()
            if len(ours) > 1:
                result["equal_ids"] = [policy.id for policy in ours[1:]]
            twins = f"; {len(ours) - 1} equal ones can be deleted" if len(ours) > 1 else ""
            return Found("applied", result, f"looked up: the policy is there{twins}")
        if equal:
            return Found("applied", equal[0].as_json(), "looked up: an older policy does the same", "equal_exists")
        if unreadable:
            return Found("unknown", detail=f"not all policies can be read ({unreadable[0]})", code="unreadable")
        return Found("not_applied", detail="looked up: there is no such policy")

    def made_before(self, client: MimecastClient, action: Action, age: timedelta) -> Found | None:
        """What was sent before and looked up as not made is looked for again before it is sent a second time."""
        found = self.look(client, action, age) if action.attempt > 1 else None
        return found if found is not None and found.state == "applied" else None

    def expires_at(self, parameters: Parameters) -> datetime | None:
        """See `Change`."""
        return wish_of(parameters).end

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        policy_id = action.result.get("id")
        return UndoWish("delete_block_sender_policy", {"policy_id": policy_id}) if policy_id else None


class UpdatePolicy(_Written):
    """A policy says something else from now on; its id stays."""

    kind, action, past = "update_block_sender_policy", "Update Block Sender Policy", "updated"
    needs = ("policy_id", "description")

    def functions(self, client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.UPDATE_POLICY if client.generation == "1.0" else capabilities.REST_UPDATE_POLICY,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {"policy_id": checked_id(parameters["policy_id"], "The policy's id"), **super().read(parameters)}

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return str(parameters["policy_id"])

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [f"replace what policy {parameters['policy_id']} says:", *sentences(wish_of(parameters))]

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        known, wish = policies.get_policy(client, parameters["policy_id"]), wish_of(parameters)
        if _says(known, wish) and known.comment == wish.comment:
            return Found("applied", known.as_json(), "the policy says this already", "equal_exists")
        return Found("not_applied", {"id": known.id, "before": known.as_json()})

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wish = wish_of(action.parameters)
        return policies.update_policy(client, action.parameters["policy_id"], wish).as_json()

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        known, wish = policies.get_policy(client, action.parameters["policy_id"]), wish_of(action.parameters)
        # Not every answer shows comments: where one was to be all of the change it is written again, which is harmless.
        before = _before(action)
        only_comment = before is not None and before.same_as(known) and before.description == known.description
        if _says(known, wish) and (known.comment == wish.comment or not only_comment):
            return Found("applied", known.as_json(), "looked up: the policy says this")
        return Found("not_applied", detail="looked up: the policy says something else")

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        before = _before(action)
        if before is None:
            return None
        return UndoWish(self.kind, {"policy_id": action.target, **parameters_of(before)})

    def ends(self, action: Action) -> tuple[Ended, ...]:
        """See `Change`."""
        return (Ended((self.kind,), target=action.target),)


class DeletePolicy(Change):
    """A policy is removed."""

    kind, action, past = "delete_block_sender_policy", "Delete Block Sender Policy", "deleted"
    needs = ("policy_id",)

    def functions(self, client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.DELETE_POLICY if client.generation == "1.0" else capabilities.REST_DELETE_POLICY,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {"policy_id": checked_id(parameters["policy_id"], "The policy's id")}

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return str(parameters["policy_id"])

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [f"delete policy {parameters['policy_id']}"]

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        known, others = _seen(client, parameters["policy_id"])
        if known is not None:
            return Found("not_applied", {"id": known.id, "before": known.as_json()}, f"it blocks {known.title}")
        if not others:  # an answer may be empty by mistake; deleting what is gone is refused and harms nothing
            return Found("unknown", detail="no policy at all can be seen")
        return Found("applied", {"id": parameters["policy_id"]}, "there is no such policy, or no longer", "gone")

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        policies.delete_policy(client, action.parameters["policy_id"])
        return {"id": action.parameters["policy_id"]}

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        known, _ = _seen(client, action.parameters["policy_id"])
        if known is not None:
            return Found("not_applied", detail="looked up: the policy is still there")
        return Found("applied", {"id": action.target}, "looked up: the policy is gone")

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        before = _before(action)
        return None if before is None else UndoWish("create_block_sender_policy", parameters_of(before))

    def ends(self, action: Action) -> tuple[Ended, ...]:
        """See `Change`."""
        return (Ended(_KINDS, target=action.target), Ended(_KINDS, result_id=action.target))

    def gone_is_done(self) -> bool:
        """See `Change`."""
        return True


def sentences(wish: PolicyWish) -> list[str]:
    """What a policy would do, for people."""
    lines = [
        f"{wish.response}: from {_party(wish.sender_type, wish.sender)} to "
        f"{_party(wish.recipient_type, wish.recipient)} (sender: {wish.extracted_data})",
        f"description: {wish.description}",
        f"from {format_date(wish.start) if wish.start else 'now on'} "
        f"{'until ' + format_date(wish.end) if wish.end else 'without end'}",
    ]
    if wish.comment:
        lines.append(f"comment: {wish.comment}")
    if wish.bidirectional:
        lines.append("bidirectional: mail from these recipients to the sender is stopped as well")
    if wish.enforced:
        lines.append("enforced: comes before policies that are more specific")
    return lines


def _seen(client: MimecastClient, policy_id: str) -> tuple[BlockPolicy | None, int]:
    """A policy, asked for by its id and then looked for in the list of all; and how many others there are.

    Raises:
        ResponseError: It is in the list and cannot be read.
        MailroomError: As `policies.get_policy`.
    """
    try:
        return policies.get_policy(client, policy_id), 0
    except NotFoundError:
        pass
    others = 0

    def passed_over(raw: object, error: ResponseError) -> None:
        nonlocal others
        if id_of(raw) == policy_id:
            raise error
        others += 1

    everyone = policies.list_policies(client, on_unreadable=passed_over)
    return next((one for one in everyone if one.id == policy_id), None), others + len(everyone)


def _party(kind: str, value: str) -> str:
    return f"{kind.lower()} {value}".strip()


def _says(known: BlockPolicy, wish: PolicyWish) -> bool:
    return wish.same_as(known) and known.description == wish.description


def _before(action: Action) -> PolicyWish | None:
    """The policy as it was; None when that was not seen, or cannot be written here."""
    raw = action.result.get("before")
    if not isinstance(raw, dict):
        return None
    try:
        return PolicyWish.again(BlockPolicy.parse(raw))
    except (InvalidInputError, ResponseError):
        return None
