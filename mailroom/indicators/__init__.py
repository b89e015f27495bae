"""Ground: what can be found in text. Named patterns, refanging, validation."""

from mailroom.indicators.find import find
from mailroom.indicators.links import from_html
from mailroom.indicators.model import KINDS, Indicator, Limits
from mailroom.indicators.named import NAMED, NamedPattern, named
from mailroom.indicators.patterns import NamedRegex, UserPattern, compile_user, parse_rules
from mailroom.indicators.refang import refang
from mailroom.indicators.targets import targets
from mailroom.indicators.unwrap import unwrap

__all__ = [
    "KINDS",
    "NAMED",
    "Indicator",
    "Limits",
    "NamedPattern",
    "NamedRegex",
    "UserPattern",
    "compile_user",
    "find",
    "from_html",
    "named",
    "parse_rules",
    "refang",
    "targets",
    "unwrap",
]
