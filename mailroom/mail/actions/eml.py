"""Get Mail EML File: the source of one mail, byte for byte."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from mailroom.errors import InvalidInputError, NotFoundError, RejectedError
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.rows import MailRow
from mailroom.mail.actions.selecting import read_whole, search
from mailroom.mail.imap import FetchedMail, ImapSession


@dataclass(frozen=True, slots=True)
class EmlFile:
    """The source of one mail."""

    row: MailRow
    raw: bytes = field(repr=False)
    base64_encoded: bool = True
    """How `eml_base64` gives it."""

    @property
    def eml_base64(self) -> str:
        """The documented result: the source in base64, or as text.

        As text, octets beyond UTF-8 are read as Latin-1, so that none is lost.
        """
        if self.base64_encoded:
            return base64.b64encode(self.raw).decode("ascii")
        try:
            return self.raw.decode("utf-8")
        except UnicodeDecodeError:
            return self.raw.decode("latin-1")

    def as_json(self) -> dict[str, Any]:
        """The documented key, then ours."""
        return {"eml_base64": self.eml_base64, "base64_encoded": self.base64_encoded, "email": self.row.as_json()}


def one_mail(session: ImapSession, criteria: MailCriteria) -> tuple[MailRow, FetchedMail]:
    """The one mail that Message-ID or UID name; the newest, when there are copies. Effect: reads.

    Raises:
        InvalidInputError: no id is given, or more than one.
        NotFoundError: it is not in these folders.
        RejectedError: it is too large.
    """
    if len(criteria.message_ids) + len(criteria.uids) != 1:
        raise InvalidInputError("name exactly one mail, by its Message-ID or by its UID")
    rows = search(session, criteria, limit=1)
    for row, fetched in read_whole(session, rows):
        if fetched.truncated:
            raise RejectedError(f"the mail has {fetched.size} octets, too many to be handled whole")
        return row, fetched
    named = f"<{criteria.message_ids[0]}>" if criteria.message_ids else f"UID {criteria.uids[0]}"
    raise NotFoundError(
        f"no mail {named[:200]} in {', '.join(criteria.folders)}: was it moved? Name the folders it may lie in"
    )


def get_eml(session: ImapSession, criteria: MailCriteria, *, base64_encode: bool = True) -> EmlFile:
    """The mail's source as it lies on the server. Effect: reads; nothing is marked as read.

    Raises:
        InvalidInputError: no id is given, or more than one.
        NotFoundError: it is not in these folders.
        RejectedError: it is too large.
    """
    row, fetched = one_mail(session, criteria)
    return EmlFile(row, fetched.raw, base64_encode)
