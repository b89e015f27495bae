"""What a mail is to the rest of the house, once its bytes have been read.

Everything here is plain data. Text is valid Unicode without NUL and without lone surrogates, so that it can go into
any store and any JSON. The raw bytes stay with whoever fetched them; `sha256` says which they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One address of a header. `address` is lower case for comparing; `raw` is what was written."""

    address: str
    """`local@domain`, lower case, domain in ASCII (IDNA); empty when there is none."""
    name: str = ""
    """Display name, decoded."""
    raw: str = ""
    valid: bool = True
    flags: tuple[str, ...] = ()
    """For example `display_contains_other_address`."""

    @property
    def domain(self) -> str:
        """The part after the last `@`, or an empty text."""
        return self.address.rpartition("@")[2] if "@" in self.address else ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not body text. `content` are the decoded bytes, None when over the limit.

    A mail inside is an attachment too, flagged `nested_mail`; so is a text file that is shown inline.
    """

    name: str
    """Safe to show and to use as the last component of a path; never empty."""
    size: int
    """Octets after decoding."""
    sha256: str
    mime_type: str
    """As declared, lower case."""
    real_type: str = ""
    """By its first bytes; empty when unknown."""
    content: bytes | None = field(default=None, repr=False)
    content_id: str = ""
    """Without angle brackets."""
    disposition: str = ""
    """`attachment`, `inline` or empty."""
    original_names: tuple[str, ...] = ()
    """Every name the mail gave, as decoded, before it was made safe."""
    flags: tuple[str, ...] = ()
    """For example `double_extension`, `type_mismatch`, `rlo`, `encrypted`, `executable`, `from_tnef`,
    `uuencoded`, `nested_mail`."""

    @property
    def is_inline(self) -> bool:
        """Shown inside the HTML (it has a content id and is not declared an attachment)."""
        return bool(self.content_id) and self.disposition != "attachment"


@dataclass(frozen=True, slots=True)
class Mail:
    """One parsed mail. Never the result of an exception: what could not be read is in `defects`."""

    sha256: str
    """Of the raw bytes."""
    size: int
    headers: tuple[tuple[str, str], ...] = ()
    """Every header in order, decoded, names as written."""
    subject: str = ""
    from_: tuple[MailAddress, ...] = ()
    sender: tuple[MailAddress, ...] = ()
    reply_to: tuple[MailAddress, ...] = ()
    to: tuple[MailAddress, ...] = ()
    cc: tuple[MailAddress, ...] = ()
    bcc: tuple[MailAddress, ...] = ()
    date: datetime | None = None
    """Of the Date header, aware. Missing or absurd: the time of receipt when the caller gave one, else None."""
    message_id: str = ""
    """With angle brackets, as written after unfolding; empty when missing."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    charset: str = ""
    """Of the body shown: the codec that was used."""
    content_type: str = "text/plain"
    """Of the whole mail, lower case, without parameters."""
    content_type_parameters: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    nested: tuple[Mail, ...] = ()
    """Mails inside this mail (message/rfc822, .eml, .msg), outermost level only; each has its own `nested`."""
    nested_raw: tuple[bytes, ...] = field(default=(), repr=False)
    """The exact bytes of each of `nested`, in the same order; empty for a mail that an Outlook file holds in pieces."""
    delivery_status: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Header blocks of message/delivery-status or message/disposition-notification parts: first the message's, then
    one per recipient."""
    report_type: str = ""
    """`delivery-status`, `disposition-notification`, `feedback-report`; only when the *top level* is a report."""
    returned_headers: tuple[tuple[str, str], ...] = ()
    """Headers of the mail a report is about (message/rfc822 or text/rfc822-headers part of a report)."""
    calendar_method: str = ""
    """`REPLY`, `REQUEST`, ... of a text/calendar part."""
    encrypted: bool = False
    defects: tuple[str, ...] = ()
    """Codes, sorted, each once."""
    truncated: bool = False

    def header(self, name: str) -> str:
        """The first header of that name (any case), or an empty text."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every header of that name (any case), in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def author(self) -> MailAddress:
        """The first From address; an empty one when there is none."""
        return self.from_[0] if self.from_ else MailAddress("", valid=False)
