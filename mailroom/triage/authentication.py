"""Read `Authentication-Results` (RFC 8601), believing only servers we trust.

Anyone can write such a header into a mail. Only an authserv-id on the trusted list counts, and of those only the
top-most header, because a gateway adds its own on top. Everything else is at most a sign of forgery.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mailroom.triage.domains import canonical_domain, root_domain
from mailroom.triage.text import skeleton

MAX_HEADERS = 50
MAX_VALUE = 16_384
_MAX_RESULTS = 50
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*([a-zA-Z0-9\-]{1,40})(?:/\d{1,5})?\s*=\s*([a-zA-Z]{1,40})\b")
_PROPERTY = re.compile(r"\b([a-z]{1,20}\.[a-zA-Z0-9_\-]{1,40})\s*=\s*(\"[^\"]{0,512}\"|[^\s;]{1,512})")
_RESULTS = frozenset(
    {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy", "bestguesspass"}
)
_VENDOR_WORDS = {
    "allow": "pass", "pass": "pass", "permit": "pass",
    "fail": "fail", "hardfail": "fail", "deny": "fail", "block": "fail", "reject": "fail",
    "softfail": "softfail", "neutral": "neutral", "none": "none",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One `method=result` with its properties (names in lower case)."""

    method: str
    result: str
    properties: Mapping[str, str] = field(default_factory=dict)


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
        properties = {name.lower(): text.strip('"') for name, text in _PROPERTY.findall(piece[match.end() :])}
        word = match.group(2).lower()
        results.append(Result(match.group(1).lower(), word if word in _RESULTS else "other", properties))
    return server, results


def is_trusted(server: str, trusted: Iterable[str]) -> bool:
    """Whether `server` is on the list; an entry `*.host` accepts everything below `host`."""
    return any(server == entry or (entry.startswith("*.") and server.endswith(entry[1:])) for entry in trusted)


def _best(results: Sequence[Result], method: str) -> str | None:
    words = [result.result for result in results if result.method == method]
    if not words:
        return None
    for wanted in ("pass", "fail", "softfail"):
        if wanted in words:
            return wanted
    return words[0]


def _domain_of(text: str) -> str:
    return canonical_domain(text.strip("<>").rpartition("@")[2])


def _believe(results: Sequence[Result]) -> dict[str, object]:
    dkim = [
        _domain_of(result.properties.get("header.d", "") or result.properties.get("header.i", ""))
        for result in results
        if result.method == "dkim" and result.result == "pass"
    ]
    spf = next((result for result in results if result.method == "spf"), None)
    dmarc = next((result for result in results if result.method == "dmarc"), None)
    dmarc_words = {result.result for result in results if result.method == "dmarc"}
    return {
        "spf": _best(results, "spf"),
        "dkim": _best(results, "dkim"),
        # Two DMARC results in one header are not normal: the worse one counts.
        "dmarc": "fail" if len(dmarc_words) > 1 and "fail" in dmarc_words else _best(results, "dmarc"),
        "spf_domain": _domain_of(spf.properties.get("smtp.mailfrom", "")) if spf else "",
        "dkim_domains": tuple(dict.fromkeys(domain for domain in dkim if domain)),
        "dmarc_domain": _domain_of(dmarc.properties.get("header.from", "")) if dmarc else "",
    }


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
    believed: dict[str, object] | None = None
    foreign: list[tuple[str, list[Result]]] = []
    for value in headers[:MAX_HEADERS]:
        server, results = parse_results(value)
        if not is_trusted(server, trusted):
            foreign.append((server, results))
        elif believed is None:
            believed = _believe(results)
        else:
            later = _believe(results)
            if any(later[key] not in (None, believed[key]) for key in ("spf", "dkim", "dmarc")):
                defects |= {"conflicting_results", "forged_results"}
    words = {key: vendor_word((detail or {}).get(key)) for key in ("spf", "dkim", "dmarc")}
    source = "header"
    if believed is None:
        believed = dict(words)
        source = "vendor" if any(words.values()) else ""
    elif believed["dmarc"] == "pass" and words["dmarc"] == "fail":
        # A forged header on top of a gateway that adds none: believe the gateway's own record.
        defects |= {"vendor_disagrees", "forged_results"}
        believed["dmarc"] = "fail"
    looks = {skeleton(entry.removeprefix("*.")) for entry in trusted}
    for server, results in foreign:
        claims = _believe(results)
        claims_pass = claims["dmarc"] == "pass" or (claims["dkim"] == "pass" and claims["spf"] == "pass")
        if claims_pass and source and believed["dmarc"] in ("fail", "none", "permerror"):
            defects.add("forged_results")
        if server and (skeleton(server) in looks or root_domain(canonical_domain(server)) in own):
            defects.add("forged_results")
    names = tuple(dict.fromkeys(server for server, _ in foreign))
    return Authentication(
        source=source,
        foreign=names,
        defects=tuple(sorted(defects)),
        **believed,  # type: ignore[arg-type]
    )
