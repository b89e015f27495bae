"""Account facts, and the two login calls that carry no signature."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from sandbox.auth import check_application
from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, answer, dumps, error, failure, read_items, refuse
from sandbox.wire import Reply, Request

if TYPE_CHECKING:
    from sandbox.tenant import Tenant


def get_account(context: Context) -> Outcome:
    """`/api/account/get-account`."""
    return Outcome(
        data=[
            {
                "accountCode": context.tenant.account_code,
                "accountName": "Northwind (sandbox)",
                "region": "sandbox",
                "type": "full",
                "mimecastId": f"00-{context.tenant.seed:04d}-00000",
                "adminEmail": "administrator@northwind.example",
                "supportCode": "0000",
                "databaseCode": "sandbox1",
                "domain": "northwind.example",
                "userCount": 250,
                "maxRetention": 30,
                "maxRetentionConfirmed": True,
                "archive": True,
                "gateway": True,
                "policyInheritance": False,
                "automatedSegmentPurge": True,
                "passphrase": "sandbox-passphrase",
                "mailPlatform": "office_365",
                "searchReason": False,
                "packages": ["Email Security [1234]", {"name": "Impersonation Protect", "code": "1060"}],
            }
        ]
    )


def whoami(tenant: Tenant) -> Reply:
    """`GET /identity/whoami`."""
    body = {"clientId": tenant.credentials_v2.client_id, "account": "CSBX1A1", "role": "Mailroom Service"}
    return Reply(body=dumps(body))


def discover(tenant: Tenant, request: Request) -> Reply:
    """`/api/login/discover-authentication`."""
    check_application(tenant, request)
    items, _ = read_items(request)
    rows = [
        {
            "emailAddress": item.get("emailAddress", ""),
            "emailToken": "tok-1",
            "authenticate": ["Basic-Cloud", "Basic-AD"],
            "region": {"code": "sandbox", "api": tenant.url},
        }
        for item in items
    ]
    return answer(Outcome(data=rows))


def login(tenant: Tenant, request: Request) -> Reply:
    """`/api/login/login`: with the old access key in the item the binding is extended, keys stay."""
    check_application(tenant, request)
    keys = tenant.credentials_v1
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    if scheme not in ("Basic-Cloud", "Basic-AD") or given != f"{keys.email}:{keys.password}":
        raise refuse(401, "err_xdk_invalid_credentials", "user name or password is not valid")
    items, _ = read_items(request)
    item = items[0] if items else {}
    if item.get("userName") != keys.email:
        return answer(Outcome(fail=[failure(item, error("err_validation_null", "must not be null", "userName"))]))
    if item.get("accessKey") not in (None, keys.access_key):
        raise refuse(401, "err_xdk_invalid_binding", "the access key is not known")
    if item.get("accessKey") is None:
        tenant.bindings_made += 1
    tenant.binding_expired = False
    row = {
        "accessKey": keys.access_key,
        "secretKey": keys.secret_key,
        "duration": 259_200_000,
        "bindingType": "one_step",
        "extendOnValidate": False,
        "username": keys.email,
    }
    return answer(Outcome(data=[row]))
