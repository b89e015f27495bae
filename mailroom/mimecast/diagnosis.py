"""From a refused answer to an error that says what to do next."""

from __future__ import annotations

from datetime import timedelta

from mailroom.errors import (
    BindingExpiredError,
    CredentialsError,
    MailroomError,
    NotFoundError,
    NotOfferedError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast.capabilities import Function, Generation
from mailroom.mimecast.envelope import Envelope

_CREDENTIAL_CODES = {
    "err_xdk_invalid_signature",
    "err_developer_key",
    "InvalidClientIdentifier",
    "token_expired",
    "token_verification_failed",
    "Unauthorized Request",
}
_NOTABLE_SKEW = timedelta(seconds=60)


def error_of(
    function: Function, generation: Generation, envelope: Envelope, skew: timedelta | None = None
) -> MailroomError:
    """The error for an answer that refused the whole call."""
    status, codes = envelope.status, set(envelope.codes)
    where = _where(function, envelope)
    if status == 418 or "err_xdk_binding_expired" in codes:
        return BindingExpiredError(
            f"{where}: the binding of the access key has expired. Create new keys in the console (set the service "
            "account's authentication profile to never expire), or store its e-mail address and password so that "
            "the binding can be extended"
        )
    if "app_forbidden" in codes:
        return _product_missing(function, generation, where)
    if codes & _CREDENTIAL_CODES or status == 401:
        return CredentialsError(f"{where}: {_credentials_advice(generation, skew)}")
    if "err_xdk_operation_forbidden_for_address" in codes:
        return PermissionMissingError(
            f"{where}: these credentials may not act for that address; use an administrator's service account"
        )
    if status == 403:
        return _permission_missing(function, generation, where)
    return _other(function, envelope, status, where)


def _other(function: Function, envelope: Envelope, status: int, where: str) -> MailroomError:
    code = next(iter(envelope.codes), "")
    if status == 407:
        return CredentialsError(f"{where}: the proxy wants other credentials; correct its user name and password")
    if status == 404 and envelope.http_status == 404 and envelope.meta_status is None and "{" not in function.path:
        return NotOfferedError(
            f"{where}: this host does not know the function. Check that the API root is the tenant's own host and of "
            f"the generation the credentials are made for{_instead(function)}"
        )
    if status == 404 or code.endswith("_not_found"):
        return NotFoundError(f"{where}: it does not exist, or no longer")
    if status == 405:
        return ResponseError(f"{where}: the host does not take {function.method} here; check the API root")
    if status >= 500:
        return TransientError(f"{where}: Mimecast is failing; try again later and keep the request id for support")
    if status == 400 and envelope.empty_body:
        return RejectedError(
            f"{where} with an empty body: an id was not accepted. Ids are opaque: pass the whole id, unchanged and "
            "of the right kind (hold id or tracking id)",
            "id_not_accepted",
        )
    if 300 <= status < 400:
        return ResponseError(f"{where}: a redirect, which is never followed; correct the API root or the proxy")
    if status == 409:
        return RejectedError(f"{where}: the object has changed meanwhile; read it again", code or "conflict")
    return RejectedError(f"{where}: refused; correct what the reason names", code)


def _where(function: Function, envelope: Envelope) -> str:
    meta = envelope.meta_status
    text = f"{function.name}: HTTP {envelope.http_status}"
    if meta is not None and meta >= 400 and meta != envelope.http_status:
        text += f", meta.status {meta}"
    said = "; ".join(str(problem) for failure in envelope.failures[:5] for problem in failure.errors[:5])
    text += f" ({said})" if said else ""
    return text + (f" [request {envelope.request_id}]" if envelope.request_id else "")


def _credentials_advice(generation: Generation, skew: timedelta | None) -> str:
    if skew is not None and abs(skew) > _NOTABLE_SKEW:
        direction = "behind" if skew > timedelta(0) else "ahead of"
        return (
            f"the credentials were not accepted, and this machine's clock differs by {abs(skew)} "
            f"({direction} Mimecast's): set the clock (NTP) first"
        )
    if generation == "1.0":
        return (
            "the keys were not accepted. Check all four keys, that the API root is the tenant's own region, and that "
            "the application has not been deleted (new keys take up to 30 minutes to work)"
        )
    return "the token was not accepted, also after a new one. Check the client id and secret and the API root"


def _permission_missing(function: Function, generation: Generation, where: str) -> MailroomError:
    if not function.permission:
        return PermissionMissingError(f"{where}: not allowed for these credentials")
    if generation == "2.0" and not function.listed_on_2:
        return _unlisted(function, where)
    product = f" (and check that its application has the product '{function.product}')" if generation == "2.0" else ""
    return PermissionMissingError(
        f"{where}: the role lacks the permission '{function.permission}': add it in the administration console{product}"
    )


def _product_missing(function: Function, generation: Generation, where: str) -> MailroomError:
    if generation == "2.0" and not function.listed_on_2:
        return _unlisted(function, where)
    return PermissionMissingError(
        f"{where}: the API application lacks the product '{function.product or 'that holds this function'}': "
        "assign it under Services | API and Platform Integrations"
    )


def _unlisted(function: Function, where: str) -> NotOfferedError:
    return NotOfferedError(f"{where}: API 2.0 does not offer this function{_instead(function)}")


def _instead(function: Function) -> str:
    return f". Use instead: {function.instead}" if function.instead else ""


def not_offered(function: Function, generation: Generation) -> NotOfferedError:
    """The error before anything is sent: the function does not exist in this generation."""
    return NotOfferedError(
        f"{function.name} is not offered by API {generation}, only by API {', '.join(function.generations)}"
        f"{_instead(function)}"
    )
