"""From a request to an answer: faults, who is calling, quotas, then the function itself."""

from __future__ import annotations

import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox import auth, control, damage
from sandbox.contract import check_request, check_rest
from sandbox.endpoints import FIELDS, FUNCTIONS, REST_BODIES, REST_FUNCTIONS, Context, RestCall, account, content
from sandbox.envelope import Item, RefusalError, answer, read_items, refuse
from sandbox.faults import DISTORT, INSTEAD, Fault
from sandbox.ids import DamagedIdError
from sandbox.permissions import REST_RULES, RULES, UNLISTED_ON_V2, Rule, rest_path
from sandbox.records import Call
from sandbox.wire import Reply, Request, form_fields
from sandbox.world import ADMIN

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

_SAME_CALL = (
    "/api/ttp/url/create",
    "/api/ttp/url/delete",
    "/api/ttp/remediation/create",
    "/api/ttp/remediation/v2/create",
    "/api/directory/add",
    "/api/directory/remove",
    "/api/policy/blockedsenders/create",
    "/api/managedsender/",
    "/api/byo-threat-intelligence/",
)
"""Functions in which a faster administrator does the same thing first."""


class Exchange:
    """One request on its way through the tenant."""

    def __init__(self, tenant: Tenant, request: Request) -> None:
        self.tenant = tenant
        self.request = request
        self.items: list[Item] = []
        self.page: Item = {}
        self.rest = rest_path(request.path)
        scheme = request.headers.get("authorization", "")[:3]
        self.generation = {"MC ": "1.0", "Bea": "2.0"}.get(scheme, "")
        self.limit_headers: dict[str, str] = {}

    def run(self) -> Reply:
        """Answer the request and remember it. Never raises for anything a caller can send."""
        tenant, request = self.tenant, self.request
        faults: list[Fault] = []
        if request.path.startswith(control.PREFIX):
            return control.handle(tenant, request)
        try:
            self._check_contract()
            has_token = b'"pageToken"' in request.body or bool(self._cursor())
            faults = tenant.faults.take(request.path, has_page_token=has_token)
            reply = self._with_faults(faults) if faults else self._plain()
        except RefusalError as refusal:
            reply = refusal.reply
        except Exception:  # noqa: BLE001  # a defect here must look like one, not like a dead line
            traceback.print_exc()
            reply = refuse(500, "err_internal", "the sandbox has a defect, see its output").reply
        for name, value in self.limit_headers.items():
            reply.headers.setdefault(name, value)
        request_id = request.headers.get("x-mc-req-id") or f"sbx-{len(tenant.calls) + 1}"
        reply.headers.setdefault("x-request-id", request_id)
        tenant.calls.append(
            Call(
                path=request.path,
                method=request.method,
                at=datetime.fromtimestamp(tenant.clock.epoch(), UTC),
                status=0 if reply.reset or reply.cut_after is not None else reply.status,
                items=len(self.items),
                generation=self.generation,
                request_id=request_id,
                fault="+".join(fault.kind for fault in faults),
            )
        )
        return reply

    def _plain(self) -> Reply:
        """The answer without faults."""
        path = self.request.path
        if path == "/oauth/token":
            return auth.token(self.tenant, self.request)
        if path.startswith(content.DOWNLOAD):
            return content.download(self.tenant, self.request)
        if path == "/api/login/login":
            return account.login(self.tenant, self.request)
        if path == "/api/login/discover-authentication":
            return account.discover(self.tenant, self.request)
        self._admit()
        if self.rest is not None:
            self.page = {"pageToken": self._cursor()}
            return self._execute_rest(*self.rest)
        if path == "/identity/whoami":
            return account.whoami(self.tenant)
        self.items, self.page = read_items(self.request)
        return self._execute(self.items)

    def _cursor(self) -> str:
        """The page token of a REST call; "" for the first page and for other calls."""
        fields = form_fields(self.request.query) if self.rest is not None and self.request.query else {}
        return fields.get("pageToken") or fields.get("nextPage") or ""

    def _check_contract(self) -> None:
        """Remember what is not as documented, whatever becomes of the call."""
        request, found = self.request, self.tenant.contract_violations
        found += check_request(request, FIELDS)
        if self.rest is not None:
            found += check_rest(request, REST_BODIES.get((request.method, self.rest[0])))

    def _rule(self) -> Rule:
        """What the path asks for.

        Raises:
            RefusalError: HTTP 404 or 405.
        """
        path, method = self.request.path, self.request.method
        rule = RULES.get(path)
        if self.rest is not None:
            known = {verb: one for (verb, template), one in REST_RULES.items() if template == self.rest[0]}
            rule = known.get(method) or next(iter(known.values()))
        if rule is None or self.generation not in rule.generations:
            raise refuse(404, "err_not_found", "no such function")
        if method != rule.method:
            raise refuse(405, "err_method_not_allowed", f"use {rule.method}")
        return rule

    def _admit(self) -> None:
        """Authentication, existence, product, permission and quota, in this order.

        Raises:
            RefusalError: The call does not run.
        """
        tenant, request = self.tenant, self.request
        flat = self.generation == "2.0"
        if self.generation == "1.0":
            auth.check_signed(tenant, request)
        elif flat:
            auth.check_bearer(tenant, request)
        else:
            raise refuse(401, "err_xdk_credentials_missing", "0001 No credentials")
        rule = self._rule()
        switch = UNLISTED_ON_V2.get(request.path)
        hidden = switch is not None and not getattr(tenant, switch)
        if flat and (rule.product not in tenant.products or hidden):
            raise refuse(403, "app_forbidden", "the application may not use this function", flat=True)
        if not tenant.role.allows(rule.permission):
            raise refuse(403, "err_xdk_insufficient_permission", "0018 Insufficient permission")
        with tenant.lock:
            name = self.rest[0] if self.rest else request.path
            allowed, self.limit_headers = tenant.limits.take(name, tenant.clock.monotonic())
        if not allowed:
            raise refuse(429, "err_rate_limited", "too many calls")

    def _execute(self, items: list[Item], *, operator: str = "") -> Reply:
        """Run the function on items, alone."""
        tenant = self.tenant
        with tenant.lock:
            tenant.world.tick()
            operator = operator or tenant.credentials_v1.email
            context = Context(tenant, items, self.page, self.generation, operator)
            outcome = FUNCTIONS[self.request.path](context)
        return outcome if isinstance(outcome, Reply) else answer(outcome)

    def _execute_rest(self, template: str, values: dict[str, str]) -> Reply:
        """Run a REST function, alone."""
        tenant = self.tenant
        with tenant.lock:
            tenant.world.tick()
            call = RestCall(tenant, self.request, values, tenant.credentials_v1.email)
            return REST_FUNCTIONS[self.request.method, template](call)

    # --- faults --------------------------------------------------------------------------------

    def _with_faults(self, faults: list[Fault]) -> Reply:
        distort: list[Fault] = []
        for fault in faults:
            options = fault.options
            if fault.kind == "slow":
                time.sleep(options.get("seconds", 1.0))
            elif fault.kind == "concurrent_admin":
                self._admin_first(fault)
            elif fault.kind in INSTEAD:
                if options.get("applied"):
                    self._plain()
                else:
                    self._peek()
                return damage.instead(fault, self.tenant, self.items, self.generation)
            elif fault.kind == "apply_then_fail":
                reply = self._plain()
                return damage.fail_after(fault, reply)
            elif fault.kind == "partial":
                return self._partial(fault)
            elif fault.kind in DISTORT:
                distort.append(fault)
        reply = self._plain()
        for fault in distort:
            reply = damage.distort(fault, reply, self.page)
        return reply

    def _peek(self) -> None:
        """Know the items of a call that does not run, for the record and for its failures."""
        if self.rest is not None:
            self.items = [{"id": value} for value in self.rest[1].values()]
        elif self.request.path in FUNCTIONS:
            try:
                self.items, self.page = read_items(self.request)
            except RefusalError:
                self.items = []

    def _admin_first(self, fault: Fault) -> None:
        """Another administrator is faster: with every copy and policy this call names, else with the same call."""
        self._peek()
        tenant = self.tenant
        if self.request.path.startswith(_SAME_CALL):
            self._execute(self.items, operator=ADMIN)
            return
        act = tenant.admin_reject if fault.options.get("action") == "reject" else tenant.admin_release
        with tenant.lock:
            for item in self.items:
                for text in [item.get("id"), *item.get("ids", [])]:
                    if not isinstance(text, str):
                        continue
                    try:
                        found = tenant.world.mint.read(text)
                    except DamagedIdError:
                        continue
                    if found.kind == "policy":
                        tenant.admin_delete_policy(text)
                    if found.kind not in ("hold", "tracking"):
                        continue
                    places: list[Any] = [found.recipient]
                    if found.kind == "tracking":
                        places = list(range(tenant.world.messages[found.number].recipients))
                    for place in places:
                        act(tenant.world.hold_id(found.number, place))

    def _partial(self, fault: Fault) -> Reply:
        """All items but one work."""
        if self.request.path not in FUNCTIONS:
            return self._plain()
        self._admit()
        self.items, self.page = read_items(self.request)
        items, failed = damage.split(fault, self.items)
        if not items:
            return damage.all_failed(fault, failed)
        return damage.with_failures(self._execute(items), fault, failed)


def handle(tenant: Tenant, request: Request) -> Reply:
    """Answer one request."""
    return Exchange(tenant, request).run()
