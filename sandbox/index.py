"""What searches need to know of a message, read once from its mail and kept small."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sandbox.data import Mail
from sandbox.data.body import SENTENCES, link

_MOST = 120_000


class Facts(NamedTuple):
    """One message for searching; all texts in lower case but `message_id`, `url` and `names`."""

    senders: tuple[str, ...]
    people: tuple[str, ...]
    subject: str
    sender_name: str
    message_id: str
    sender_ip: str
    url: str
    category: str
    files: tuple[tuple[str, str], ...]
    """(name, MIME type) of each attachment, lower case."""
    impersonated: bool

    @property
    def body(self) -> str:
        """The words of the text, put together again."""
        return (
            f"dear {self.subject} {SENTENCES[self.category].lower()} {self.url.lower()} kind regards {self.sender_name}"
        )


class Index:
    """Facts by message number, made on first use.

    Args:
        mail: Gives the mail of a number.
    """

    def __init__(self, mail: Callable[[int], Mail]) -> None:
        self._mail = mail
        self._facts: dict[int, Facts] = {}
        self._hashes: dict[int, tuple[str, ...]] = {}

    def __getitem__(self, number: int) -> Facts:
        found = self._facts.get(number)
        if found is None:
            found = _facts(self._mail(number))
            if len(self._facts) >= _MOST:
                self._facts.clear()
            self._facts[number] = found
        return found

    def hashes(self, number: int) -> tuple[str, ...]:
        """SHA-256 of each attachment that is no picture."""
        if not self[number].files:
            return ()
        found = self._hashes.get(number)
        if found is None:
            parts = self._mail(number).attachments
            found = tuple(part.sha256 for part in parts if not part.mime_type.startswith("image/"))
            self._hashes[number] = found
        return found


def _facts(mail: Mail) -> Facts:
    return Facts(
        senders=tuple(dict.fromkeys((mail.from_env.lower(), mail.from_addr.lower()))),
        people=tuple(address.lower() for _, address in mail.recipients),
        subject=mail.subject.lower(),
        sender_name=mail.from_name.lower(),
        message_id=mail.message_id,
        sender_ip=mail.sender_ip,
        url=link(mail),
        category=mail.category,
        files=tuple((part.name.lower(), part.mime_type) for part in mail.attachments),
        impersonated=mail.impersonation is not None,
    )
