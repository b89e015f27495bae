"""A back door for people and tests that run the sandbox as another process.

`GET /__sandbox__/state` counts, `/effects`, `/calls`, `/labels`, `/policies`, `/incidents`, `/archive`, `/contract`;
`POST /faults`, `/advance`, `/limit`, `/admin`, `/message`, `/deliver`, `/permissions`, `/switches`; with a mail server
beside the tenant also `/mail/...` and `POST /report`. The server listens on loopback; there is no password.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.envelope import dumps
from sandbox.faults import Fault
from sandbox.ids import DamagedIdError
from sandbox.switches import Switches
from sandbox.wire import Reply, Request

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

PREFIX = "/__sandbox__/"
_AT_THE_START = {"hostile", "max_recipients", "history", "span_days", "hold_days", "archive", "tracked", "late_percent"}
_CHANGEABLE = [field.name for field in fields(Switches) if field.name not in _AT_THE_START]


def handle(tenant: Tenant, request: Request) -> Reply:
    """Answer a request of the back door."""
    name = request.path[len(PREFIX) :]
    try:
        sent = json.loads(request.body) if request.body else {}
        if name.startswith("mail/") and tenant.mail is not None:
            done = tenant.mail(request.method, name.removeprefix("mail/"), sent)
        else:
            done = _read(tenant, name) if request.method == "GET" else _write(tenant, name, sent)
    except (ValueError, TypeError, KeyError, DamagedIdError) as error:
        return Reply(status=400, body=dumps({"error": str(error)}))
    if done is None:
        return Reply(status=404, body=dumps({"error": f"nothing called {name}"}))
    return Reply(body=dumps(done))


def _read(tenant: Tenant, name: str) -> Any:
    with tenant.lock:
        match name:
            case "state":
                tenant.world.tick()
                return {
                    "held": len(tenant.world.held),
                    "messages": len(tenant.world.messages),
                    "calls": dict(Counter(call.path for call in tenant.calls)),
                    "statuses": dict(Counter(str(call.status) for call in tenant.calls)),
                    "effects": dict(Counter(effect.kind for effect in tenant.effects)),
                    "now": tenant.clock.now().isoformat(),
                }
            case "effects":
                return [
                    {
                        "kind": effect.kind,
                        "hold_id": effect.hold_id,
                        "at": effect.at.isoformat(),
                        "operator": effect.operator,
                        "params": effect.params,
                    }
                    for effect in tenant.effects
                ]
            case "calls":
                return [
                    {
                        "path": call.path,
                        "at": call.at.isoformat(),
                        "status": call.status,
                        "items": call.items,
                        "generation": call.generation,
                        "fault": call.fault,
                    }
                    for call in tenant.calls
                ]
            case "policies":
                return {
                    "policies": tenant.policies(),
                    "managed_senders": tenant.managed_senders(),
                    "managed_urls": tenant.managed_urls(),
                }
            case "incidents":
                return tenant.incidents()
            case "archive":
                return tenant.archived()
            case "contract":
                return [asdict(violation) for violation in tenant.contract_violations]
            case "labels":
                return {
                    hold_id: {
                        "category": label.category,
                        "expected_verdict": label.expected_verdict,
                        "decidable": label.decidable,
                    }
                    for hold_id, label in tenant.labels.items()
                }
    return None


def _write(tenant: Tenant, name: str, sent: dict[str, Any]) -> Any:
    match name:
        case "faults":
            if not sent:
                tenant.faults.clear()
                return {"armed": 0}
            tenant.faults.add(Fault(**sent))
            return {"armed": len(tenant.faults.armed())}
        case "advance":
            tenant.advance(timedelta(seconds=float(sent["seconds"])))
            return {"now": tenant.clock.now().isoformat()}
        case "limit":
            if not sent:
                tenant.limits.clear()
                return {}
            tenant.set_rate_limit(**sent)
            return sent
        case "admin":
            act = {"release": tenant.admin_release, "reject": tenant.admin_reject, "expire": tenant.expire}
            return {"done": act[sent["action"]](sent["hold_id"])}
        case "message":
            late = sent.pop("visible_in_seconds", None)
            delay = timedelta(seconds=float(late)) if late is not None else None
            return {"hold_ids": tenant.add_message(visible_in=delay, **sent)}
        case "deliver":
            return tenant.deliver(**sent)
        case "report":
            return tenant.report(**sent)
        case "switches":
            for name, value in sent.items():
                if name not in _CHANGEABLE:
                    raise ValueError(f"no switch {name!r} that can be changed: use one of {', '.join(_CHANGEABLE)}")
                setattr(tenant, name, value)
            return {name: getattr(tenant, name) for name in _CHANGEABLE}
        case "permissions":
            for permission in sent.get("revoke", []):
                tenant.revoke(permission)
            for permission in sent.get("grant", []):
                tenant.grant(permission)
            return {"granted": list(tenant.role)}
    return None
