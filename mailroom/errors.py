"""Every error this project raises, named after what the caller should do.

MailroomError
├── InvalidInputError          fix the arguments, the rule file or the settings  (also a ValueError)
├── AccessError                fix the credentials, the role or the product assignment
│   ├── CredentialsError       ... the keys or the token are not accepted
│   ├── PermissionMissingError ... the role lacks a permission
│   └── BindingExpiredError    ... the access key's binding has expired: log in again (API 1.0)
├── NotOfferedError            this function does not exist in this API generation; use what it names
├── NotFoundError              the thing is gone; decide whether that is fine
├── RejectedError              the product understood and said no
├── ResponseError              the product answered something we cannot read
├── OutcomeUnknownError        an effect may or may not have happened; look, never repeat
├── TransientError             try again later
│   └── RateLimitError         ... after `retry_after` seconds
├── BusyError                  another worker holds the lease; nothing to do
├── LeaseLostError             this worker was replaced while it slept; stop
├── RefusedError               a safety rail or the ledger said no; the reason says which
├── EffectsFailedError         some actions of a run were not applied; retry redoes only those
└── StoreError                 the store cannot be used as it is
    ├── StoreUnavailableError  ... full, not writable, login refused: free it, then try again
    │   └── StoreBusyError     ... locked, or out of reach for the moment: try again later
    └── SchemaError            ... its schema is older, newer or half-migrated

Messages carry ids, paths and the next step; never secrets, bodies or whole addresses lists.
"""

from __future__ import annotations


class MailroomError(Exception):
    """Base of every error raised on purpose."""


class InvalidInputError(MailroomError, ValueError):
    """Something the caller wrote is not acceptable; the message says what and where."""


class AccessError(MailroomError):
    """The product does not let this account do this."""


class CredentialsError(AccessError):
    """The keys, the signature or the token were not accepted."""


class PermissionMissingError(AccessError):
    """The role lacks a permission (or the application lacks a product)."""


class BindingExpiredError(AccessError):
    """HTTP 418: the binding of the access key has expired (API 1.0)."""


class NotOfferedError(MailroomError):
    """The function does not exist in this API generation."""


class NotFoundError(MailroomError):
    """The thing asked for does not exist, or no longer."""


class RejectedError(MailroomError):
    """The product understood the request and refused it. `code` is the product's own code."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message, code)  # args as given: survives pickling
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


class ResponseError(MailroomError):
    """The product answered something that cannot be read."""


class OutcomeUnknownError(MailroomError):
    """An effect was sent and its outcome was not seen. Look it up; never repeat it blindly."""


class TransientError(MailroomError):
    """The same call may succeed later."""


class RateLimitError(TransientError):
    """The quota is used up. The call was not executed; repeat after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message, retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return str(self.args[0])


class BusyError(MailroomError):
    """Another worker holds the lease on this source."""


class LeaseLostError(MailroomError):
    """The lease was taken over; whatever this worker still wanted to write was refused."""


class RefusedError(MailroomError):
    """A safety rail, an approval check or the ledger refused an action."""


class EffectsFailedError(MailroomError):
    """Some actions of a run were not applied. What was applied is left alone by a retry."""


class StoreError(MailroomError):
    """The store cannot be used as it is."""


class StoreUnavailableError(StoreError):
    """Locked, full, read-only or unreachable."""


class StoreBusyError(StoreUnavailableError):
    """Others keep the store locked, or it cannot be reached at the moment; nothing was written."""


class SchemaError(StoreError):
    """The schema in the database does not fit this version of the code."""
