"""`format=flowed` (RFC 3676): lines that were only broken for the journey are joined again."""

from __future__ import annotations


def reflow(text: str, *, delete_space: bool) -> str:
    """Text with soft line breaks undone; quote marks stay, one blank after them."""
    out: list[str] = []
    joined: list[str] = []  # pieces of the paragraph being put together
    depth_before = 0

    def finish() -> None:
        if joined:
            out.append("".join(joined))
            joined.clear()

    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]
        if joined and depth != depth_before:
            finish()
        depth_before = depth
        soft = content.endswith(" ") and content != "-- "
        if content == "-- ":
            finish()
        if not joined and depth:
            joined.append(">" * depth + " ")
        joined.append(content[:-1] if soft and delete_space else content)
        if not soft:
            finish()
    finish()
    return "\n".join(out)
