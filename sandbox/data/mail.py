"""One mail of the fiction, before it is shown through an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

IMPERSONATION_TESTS = (
    "Similar Internal Domain",
    "Similar Monitored External Domain",
    "Custom External Domain",
    "Mimecast External Domain",
    "Newly Observed Domain",
    "Internal User Name",
    "Custom Display Name List",
    "Reply-to Address Mismatch",
    "Targeted Threat Dictionary",
    "Mimecast Threat Dictionary",
    "Custom Threat Dictionary",
)

HOLD_REASONS = {
    "spam": ("message_hold_applied_spam_signature_policy", "Message Hold Applied - Spam Signature policy"),
    "impersonation": (
        "message_hold_applied_impersonation_protection_policy",
        "Message Hold Applied - Impersonation Protection policy",
    ),
    "attachment": ("message_hold_applied_attachment_policy", "Message Hold Applied - Attachment Policy"),
    "virus": ("message_hold_applied_virus_signature_policy", "Message Hold Applied - Virus Signature policy"),
    "content": (
        "message_hold_applied_content_examination_policy",
        "Message Hold Applied - Content Examination policy",
    ),
    "graymail": ("message_hold_applied_graymail_policy", "Message Hold Applied - Graymail policy"),
}


@dataclass(slots=True)
class Component:
    """A part of a mail as the tenant lists it. `size` in bytes as declared; equal `token`, equal bytes."""

    file_type: str
    name: str
    mime_type: str
    size: int
    token: str = ""
    attachment: bool = True
    inline: bool = False
    """A picture inside the text: a file, and no attachment."""

    @property
    def content(self) -> bytes:
        """Harmless bytes that stand for the part, at most 4 kB."""
        line = f"sandbox part {self.token}, harmless\n".encode()
        size = max(1, min(self.size, 4096))
        return (line * (size // len(line) + 1))[:size]

    @property
    def sha256(self) -> str:
        """The hash of `content`, in hex."""
        return sha256(self.content).hexdigest()


@dataclass(slots=True)
class Mail:
    """Everything the tenant knows about one message, independent of recipients' fates."""

    category: str = "business"
    expected_verdict: str = "benign"
    decidable: bool = True
    from_env: str = ""
    from_addr: str = ""
    from_name: str = ""
    raw_from: list[str] | None = None
    """From header values as written; None writes one clean From, an empty list writes none."""
    reply_to: str | None = None
    recipients: list[tuple[str, str]] = field(default_factory=list)
    subject: str = ""
    language: str = "en"
    sender_ip: str = "192.0.2.10"
    remote_server: str = ""
    helo: str = ""
    size: int = 20_000
    components: list[Component] = field(default_factory=list)
    hold: str = "spam"
    """Key of `HOLD_REASONS`."""
    policy: str = "Default Spam Scanning Definition"
    held_group: str = "Administrator"
    spam_score: int = 0
    detection_level: str = ""
    risk: str | None = None
    categories: list[str] = field(default_factory=list)
    grey: bool = False
    spf: str = "pass"
    dkim: str = "pass"
    dkim_domain: str = ""
    dmarc: str = "pass"
    no_auth_header: bool = False
    foreign_auth: list[str] = field(default_factory=list)
    permitted: str = "none"
    managed: str = "unknown"
    impersonation: tuple[str, ...] | None = None
    extra_headers: list[tuple[str, str]] = field(default_factory=list)
    route: str = "inbound"
    sent_lag: int | None = 2
    """Seconds between sending and receiving; None hides the sent time in tracking."""
    message_id: str = ""
    double_escaped: bool = False
    """The header block escapes its HTML twice, as hostile senders try to provoke."""
    null_from_header: bool = False
    """Tracking shows `fromHdr: null`."""
    url: str = ""
    """The link inside the text; empty lets the category decide."""

    @property
    def attachments(self) -> list[Component]:
        """The parts that are attachments."""
        return [part for part in self.components if part.attachment]
