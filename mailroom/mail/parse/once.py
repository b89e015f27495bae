"""Headers of which a mail may have one only (RFC 5322, RFC 2045)."""

ONLY_ONCE = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references",
     "content-type", "mime-version", "content-transfer-encoding"}
)  # fmt: skip
