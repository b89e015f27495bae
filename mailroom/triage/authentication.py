"""Read `Authentication-Results` (RFC 8601), believing only servers we trust.

Anyone can write such a header into a mail. Only an authserv-id on the trusted list counts, and of those only the
top-most header, because a gateway adds its own on top. Everything else is at most a sign of forgery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mailroom.rulelang.domains import canonical_domain, root_domain
from mailroom.rulelang.text import skeleton

MAX_HEADERS = 50
MAX_VALUE = 16_384
_MAX_RESULTS = 50
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*([a-zA-Z0-9\-]{1,40})(?:/\d{1,5})?\s*=\s*([a-zA-Z]{1,40})\b")
_PROPERTY = re.compile(r"\b([a-z]{1,20}\.[a-zA-Z0-9_\-]{1,40})\s*=\s*(\"[^\"]{0,512}\"|[^\s;]{1,512})")
_RESULTS = frozenset(
    {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy", "bestguesspass"}
)
_METHODS = ("spf", "dkim", "dmarc")
_VENDOR_WORDS = {
    "allow": "pass", "pass": "pass", "permit": "pass",
    "fail": "fail", "hardfail": "fail", "deny": "fail", "block": "fail", "reject": "fail",
    "softfail": "softfail", "neutral": "neutral", "none": "none",
}  # fmt: skip


class Result(NamedTuple):
    """One `method=result` with its properties (names in lower case)."""

    method: str
    result: str
    properties: Mapping[str, str]


class _Claims(NamedTuple):
    """What one header says."""

    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    spf_domain: str = ""
    dkim_domains: tuple[str, ...] = ()
    dmarc_domain: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What we may believe about the sender's identity. `None` = not known.

    `source` is `header` (trusted header), `vendor` (the gateway's own spam details) or `""` (nothing).
    `dmarc_domain`, `dkim_domains`, `spf_domain` are canonical domains the results speak about.
    """

    source: str = ""
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    spf_domain: str = ""
    dkim_domains: tuple[str, ...] = ()
    dmarc_domain: str = ""
    foreign: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


def _strip_comments(value: str) -> str:
    """`value` without comments; quoted strings are kept. One pass."""
    if '"' not in value and "\\" not in value:
        plain = _COMMENT.sub(" ", value)
        if "(" not in plain and ")" not in plain:
            return plain
    kept: list[str] = []
    depth, quoted, skip = 0, False, False
    for char in value:
        if skip:
            skip = False
            if not depth:
                kept.append(char)
            continue
        if char == "\\" and (quoted or depth):
            skip = True
        elif char == '"' and not depth:
            quoted = not quoted
            kept.append(char)
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and depth and not quoted:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(char)
    return "".join(kept)


def parse_results(value: str) -> tuple[str, list[Result]]:
    """`(authserv-id in lower case, results)`; the id is empty when the header does not name one."""
    pieces = _strip_comments(value[:MAX_VALUE].replace("\r", " ").replace("\n", " ")).split(";")
    head = pieces[0].strip()
    if "=" in head or not head:
        server, body = "", pieces
    else:
        server, body = head.split()[0].strip('"').lower().rstrip("."), pieces[1:]
    results = []
    for piece in body[:_MAX_RESULTS]:
        match = _RESULT.match(piece)
        if match is None:
            continue
        method, word = match.group(1, 2)
        word = word.lower()
        properties = {}
        if match.end() < len(piece):
            properties = {name.lower(): text.strip('"') for name, text in _PROPERTY.findall(piece, match.end())}
        results.append(Result(method.lower(), word if word in _RESULTS else "other", properties))
    return server, results


def is_trusted(server: str, trusted: Sequence[str]) -> bool:
    """Whether `server` is on the list; an entry `*.host` accepts everything below `host`."""
    return server in trusted or any(entry.startswith("*.") and server.endswith(entry[1:]) for entry in trusted)


def _best(words: Sequence[str]) -> str | None:
    for wanted in ("pass", "fail", "softfail"):
        if wanted in words:
            return wanted
    return words[0] if words else None


def _domain_of(text: str) -> str:
    return canonical_domain(text.strip("<>").rpartition("@")[2])


def _claims(results: Sequence[Result]) -> _Claims:
    words: dict[str, list[str]] = {method: [] for method in _METHODS}
    domains: dict[str, list[str]] = {method: [] for method in _METHODS}
    for method, result, properties in results:
        if method not in words:
            continue
        words[method].append(result)
        if method != "dkim":
            domains[method].append(properties.get("smtp.mailfrom" if method == "spf" else "header.from", ""))
        elif result == "pass":
            domains[method].append(properties.get("header.d", "") or properties.get("header.i", ""))
    signers = [_domain_of(text) for text in domains["dkim"]]
    # Two DMARC results in one header are not normal: the worse one counts.
    contradicts = len(set(words["dmarc"])) > 1 and "fail" in words["dmarc"]
    return _Claims(
        spf=_best(words["spf"]),
        dkim=_best(words["dkim"]),
        dmarc="fail" if contradicts else _best(words["dmarc"]),
        spf_domain=_domain_of(domains["spf"][0]) if domains["spf"] else "",
        dkim_domains=tuple(dict.fromkeys(domain for domain in signers if domain)),
        dmarc_domain=_domain_of(domains["dmarc"][0]) if domains["dmarc"] else "",
    )


def vendor_word(info: object) -> str | None:
    """A gateway's own word for a check as an RFC 8601 result; None for "unknown", empty and unheard-of words."""
    return _VENDOR_WORDS.get(info.strip().lower()) if isinstance(info, str) else None


def read_authentication(
    headers: Sequence[str], detail: Mapping[str, str] | None, trusted: Sequence[str], own: frozenset[str]
) -> Authentication:
    """Decide what to believe.

    Args:
        headers: Raw `Authentication-Results` values, top first.
        detail: The gateway's spam details (`spf`, `dkim`, `dmarc` -> its word); used when no trusted header speaks.
        trusted: Trusted authserv-ids.
        own: Our own domains: a server that claims to be one of them and is not on the list is forged.

    Returns:
        Believed results plus defects: `forged_results`, `conflicting_results`, `vendor_disagrees`.
    """
    defects: set[str] = set()
    believed: _Claims | None = None
    foreign: list[tuple[str, _Claims]] = []
    for value in headers[:MAX_HEADERS]:
        server, results = parse_results(value)
        claims = _claims(results)
        if not is_trusted(server, trusted):
            foreign.append((server, claims))
        elif believed is None:
            believed = claims
        elif any(later not in (None, first) for later, first in zip(claims[:3], believed[:3], strict=True)):
            defects |= {"conflicting_results", "forged_results"}
    spf, dkim, dmarc = [vendor_word(detail.get(key)) for key in _METHODS] if detail else (None, None, None)
    source = "header"
    if believed is None:
        believed = _Claims(spf, dkim, dmarc)
        source = "vendor" if spf or dkim or dmarc else ""
    elif believed.dmarc == "pass" and dmarc == "fail":
        # A forged header on top of a gateway that adds none: believe the gateway's own record.
        defects |= {"vendor_disagrees", "forged_results"}
        believed = believed._replace(dmarc="fail")
    for server, claims in foreign:
        claims_pass = claims.dmarc == "pass" or (claims.dkim == "pass" and claims.spf == "pass")
        if claims_pass and source and believed.dmarc in ("fail", "none", "permerror"):
            defects.add("forged_results")
        if server and (skeleton(server) in _looks(tuple(trusted)) or root_domain(canonical_domain(server)) in own):
            defects.add("forged_results")
    return Authentication(
        source,
        *believed,
        foreign=tuple(dict.fromkeys(server for server, _ in foreign)),
        defects=tuple(sorted(defects)),
    )


@lru_cache(maxsize=16)
def _looks(trusted: tuple[str, ...]) -> frozenset[str]:
    """What the names of our own servers look like."""
    return frozenset(skeleton(entry.removeprefix("*.")) for entry in trusted)
