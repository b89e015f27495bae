"""Block File Hash: a file is blocked for everybody by its SHA-256."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import Change, Found, Parameters
from mailroom.mimecast import MimecastClient, capabilities, threat_lists
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.field_checks import checked_sha256, checked_text
from mailroom.store.actions import Action


class BlockFileHash(Change):
    """The hash goes into the customer's own threat list, which no function shows."""

    kind, action, past = "block_file_hash", "Block File Hash", "blocked"
    needs = ("file_hash",)
    takes: ClassVar[Mapping[str, Any]] = {"description": ""}

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.CREATE_BATCH,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        most = threat_lists.LONGEST_DESCRIPTION
        return {
            "file_hash": checked_sha256(parameters["file_hash"], "Hash"),
            "description": checked_text(parameters["description"], "Description", most=most),
        }

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return str(parameters["file_hash"])

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [f"block files with SHA-256 {parameters['file_hash']} for everybody"]

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wanted = action.parameters
        threat_lists.upload_hashes(client, [wanted["file_hash"]], "BLOCK", description=wanted["description"])
        return {"hash": wanted["file_hash"], "operationType": "BLOCK"}

    def look(self, _client: MimecastClient, _action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        return Found(
            "unknown", detail="whether the hash was taken cannot be looked up: no function lists them. It is not "
            "repeated by itself; do it again by hand", code="cannot_be_looked_up",
        )  # fmt: skip
