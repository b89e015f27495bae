"""How a command that writes one mail to a file, or to standard output, says what it wrote."""

from __future__ import annotations

from pathlib import Path

from mailroom.cli import output


def tell_written(to: Path, size: int, sha256: str, *, as_json: bool) -> None:
    """Size and digest of what was written; beside the mail when that went to standard output.

    Args:
        to: The file; - is standard output.
        size: Bytes.
        sha256: Of the whole.
        as_json: For programs.
    """
    in_the_stream = str(to) == "-"
    if in_the_stream and not as_json:
        return
    values = {"path": str(to), "size": size, "sha256": sha256}
    output.tell(values, f"{size} bytes written to {to}, SHA-256 {sha256}", as_json=as_json, beside=in_the_stream)
