"""Several values in one field, with commas between them, as forms and the command line take them."""

from __future__ import annotations


def comma_list(text: str) -> list[str]:
    """The values, without the blanks around them and without empty ones. For values that hold no comma of their own."""
    return [value for one in text.split(",") if (value := one.strip())]
