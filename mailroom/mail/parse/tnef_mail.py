"""A mail that was embedded in TNEF, as a `Mail`: it has a subject, a body and attachments, but hardly any headers."""

from __future__ import annotations

import hashlib

from mailroom.mail.model import Mail
from mailroom.mail.parse.attachments import make_attachment
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.tnef import Unpacked


def tnef_mail(octets: bytes, unpacked: Unpacked, work: Work) -> Mail:
    """The mail whose TNEF octets these are; mails inside it included."""
    inner = [(raw, tnef_mail(raw, message, work)) for raw, message in unpacked.messages]
    return Mail(
        sha256=hashlib.sha256(octets).hexdigest(),
        size=len(octets),
        subject=unpacked.subject,
        text=unpacked.text,
        html=unpacked.html,
        content_type="application/ms-tnef",
        attachments=tuple(
            make_attachment(
                work,
                data,
                names=[name] if name else [],
                mime_type=kind,
                number=number,
                content_id=content_id,
                flags=("from_tnef",),
            )
            for number, (name, kind, data, content_id) in enumerate(unpacked.attachments, 1)
        ),
        nested=tuple(mail for _, mail in inner),
        nested_raw=tuple(raw for raw, _ in inner),
        defects=("date_missing",),
    )
