"""Links that mail gateways rewrote, made what they were. No link is ever opened: the target is in the link itself."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qsl, unquote, urlsplit

from mailroom.indicators.refang import refang

_DEPTH = 5
_MAX_URL = 16_384
_MAX_AUTHORITY = 400
_PROOFPOINT_V3 = re.compile(r"/v3/__(?P<url>.+?)__;(?P<bytes>[\w\-+/=%]*)!", re.DOTALL)
_V3_RUN = re.compile(r"\*(?:\*(.))?")
_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SCHEME = re.compile(r"(?i)(?:https?|ftp):/{0,2}(?=[^/])")
_LEFTOVER = re.compile(r"\A=+(?:3D)?")
"""Of a quoted-printable `=3D` that a mail program did not decode."""
_CHECK_POINT = re.compile(r"\A[^_]{1,200}/v2/(?:\w{1,10}/)?___(.+?)___\.", re.DOTALL)
_AMP = re.compile(r"(?:/[a-z])?/s/(.+)", re.DOTALL)
_YAHOO = re.compile(r"/RU=([^/]+)/")
_CISCO = re.compile(r"/1[^/]{20,}/(https?%3A%2F%2F.+)\Z", re.IGNORECASE)


def unwrap(url: str) -> str | None:
    """The target of a link that a gateway or a redirector rewrote.

    Knows Microsoft Safe Links, Proofpoint URL Defense v1, v2, v3, Mimecast (where the target is in the link),
    Barracuda, Trend Micro, FireEye, Cisco, Check Point, Sophos, Symantec, Menlo, Google, Bing, Yahoo, Facebook,
    Mandrill and others that carry the target in a parameter or in the path. Wrapped links inside wrapped links are
    followed.

    Args:
        url: The link.

    Returns:
        The innermost target, or None when the link is not wrapped or hides its target.
    """
    found: str | None = None
    current = unescape(url[:_MAX_URL]) if "&amp;" in url else url[:_MAX_URL]
    for _ in range(_DEPTH):
        target = _once(current)
        if not target or target == current:
            break
        found = current = target
    return found


def _once(url: str) -> str | None:
    match = _WRAPPED.match(url[:_MAX_AUTHORITY])
    if match is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    target = _WRAPPERS.get(match[1].lower(), _google)(url, parts.path, parts.query)
    return _cleaned(target) if target else None


def _cleaned(target: str) -> str | None:
    target = refang(target.strip())
    if not _SCHEME.match(target):
        if not re.match(r"[\w.\-]+\.[A-Za-z]{2,}(?:[/:?#]|\Z)", target):
            return None
        target = "http://" + target
    return target if not re.search(r"[\x00-\x20]", target) else target.replace(" ", "%20").split("\n")[0]


def _parameters(query: str) -> dict[str, str]:
    try:
        return {name.lower(): value for name, value in parse_qsl(query, max_num_fields=200)}
    except ValueError:
        return {}


_Reader = Callable[[str, str, str], str | None]
"""URL, path and query -> the target, if they hold one."""


def _parameter(*names: str) -> _Reader:
    def handler(url: str, path: str, query: str) -> str | None:
        values = _parameters(query)
        return next((_LEFTOVER.sub("", values[name]) for name in names if values.get(name)), None)

    return handler


def _proofpoint(url: str, path: str, query: str) -> str | None:
    if path.startswith("/v1/"):
        return _parameters(query).get("u")
    if path.startswith("/v2/"):
        written = _parameters(query).get("u", "")
        return unquote(written.replace("-", "%").replace("_", "/"))
    if "/v3/__" in url:
        return _proofpoint_v3(url)
    return None


def _proofpoint_v3(url: str) -> str | None:
    match = _v3_match(url) or _v3_match(unquote(url))
    if match is None:
        rest = url.partition("/v3/__")[2]
        return rest.partition("__;")[0] or None
    written = unquote(match["url"]) if "://" not in match["url"] and "%3A" in match["url"].upper() else match["url"]
    try:
        code = match["bytes"]
        hidden = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        return written
    position = 0

    def reveal(run: re.Match[str]) -> str:
        nonlocal position
        length = 1 if run[1] is None else _RUN_LENGTHS.find(run[1]) + 2
        piece = hidden[position : position + length]
        position += length
        return piece or run[0]

    revealed = _V3_RUN.sub(reveal, written)
    return _SCHEME.sub(lambda scheme: scheme[0].rstrip("/") + "//", revealed, count=1)


def _v3_match(url: str) -> re.Match[str] | None:
    """Only from the first mark on: a link full of marks is looked through once."""
    at = url.find("/v3/__")
    return _PROOFPOINT_V3.match(url, at) if at >= 0 else None


def _mimecast(url: str, path: str, query: str) -> str | None:
    values = _parameters(query)
    target = values.get("url") or values.get("u")
    if target:
        return target
    domain = values.get("domain", "")
    return domain if "/" in domain else None


def _cisco(url: str, path: str, query: str) -> str | None:
    match = _CISCO.search(url)
    return unquote(match[1]) if match else None


def _sophos(url: str, path: str, query: str) -> str | None:
    values = _parameters(query)
    if not values.get("u"):
        return None
    try:
        target = base64.b64decode(values["u"] + "=" * (-len(values["u"]) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        return values["u"] if "://" in values["u"] else values.get("d")
    return target if _SCHEME.match(target) else None


def _underscored(url: str, path: str, query: str) -> str | None:
    """Check Point: the target between three underscores."""
    match = _CHECK_POINT.search(url)
    return match[1] if match else None


def _in_path(url: str, path: str, query: str) -> str | None:
    """A target written out after the wrapper's own path."""
    match = re.search(r"(?i)/(https?(?::|%3A)(?:/|%2F){1,2}.+)\Z", url[8:])
    return unquote(match[1]) if match and "%3a" in match[1][:12].lower() else match[1] if match else None


def _awstrack(url: str, path: str, query: str) -> str | None:
    match = re.match(r"/L0/([^/]+)", path)
    return unquote(match[1]) if match else None


def _google(url: str, path: str, query: str) -> str | None:
    if path.rstrip("/") in {"/url", "/local_url", "/amp", "/imgres"}:
        return _parameter("q", "url", "imgurl")(url, path, query)
    if path in {"/translate", "/website"}:
        return _parameter("u")(url, path, query)
    return _amp(url, path.removeprefix("/amp"), query) if path.startswith("/amp/") else None


def _amp(url: str, path: str, query: str) -> str | None:
    """`/s/host/path`, also after one letter for the kind of document; the query is the target's."""
    match = _AMP.match(path)
    return "https://" + match[1] + ("?" + query if query else "") if match else None


def _only_on(reader: _Reader, *places: str) -> _Reader:
    """For sites with other pages than redirects: reads links whose path begins with one of the places."""

    def checked(url: str, path: str, query: str) -> str | None:
        return reader(url, path, query) if path.startswith(places) else None

    return checked


def _whole_query(url: str, path: str, query: str) -> str | None:
    target = url.partition("?")[2]
    return target if _SCHEME.match(target) else None


def _doubleclick(url: str, path: str, query: str) -> str | None:
    return _parameter("adurl")(url, path, query) or _whole_query(url, path, query)


def _bing(url: str, path: str, query: str) -> str | None:
    """`a1` and the target in base64."""
    value = _parameters(query).get("u", "")
    return _base64(value[2:]) if value.startswith("a1") else None


def _yahoo(url: str, path: str, query: str) -> str | None:
    match = _YAHOO.search(path)
    return unquote(match[1]) if match else None


def _mandrill(url: str, path: str, query: str) -> str | None:
    """JSON in base64; in it, as a text, JSON again."""
    try:
        outer = json.loads(_base64(_parameters(query).get("p", "")))
        target = json.loads(outer["p"])["url"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return target if isinstance(target, str) else None


def _base64(written: str) -> str:
    try:
        return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode("utf-8")
    except ValueError:
        return ""


_WRAPPERS: dict[str, _Reader] = {
    "safelinks.protection.outlook.com": _parameter("url"),
    "safelinks.protection.office365.us": _parameter("url"),
    "safelinks.protection.outlook.cn": _parameter("url"),
    "statics.teams.cdn.office.net": _parameter("url"),
    "urldefense.proofpoint.com": _proofpoint,
    "urldefense.com": _proofpoint,
    "urldefense.us": _proofpoint,
    "mimecast.com": _mimecast,
    "mimecastprotect.com": _mimecast,
    "linkprotect.cudasvc.com": _parameter("a"),
    "trendmicro.com": _parameter("url"),
    "trendmicro.eu": _parameter("url"),
    "protect2.fireeye.com": _parameter("u"),
    "fireeye.com": _parameter("u"),
    "secure-web.cisco.com": _cisco,
    "protection.sophos.com": _sophos,
    "protect.checkpoint.com": _underscored,
    "avanan.click": _underscored,
    "url-protection.com": _parameter("o"),
    "clicktime.symantec.com": _parameter("u"),
    "clicktime.cloud.postoffice.net": _parameter("u"),
    "mailanyone.net": _parameter("url", "u"),
    "hornetsecurity.com": _parameter("url", "u"),
    "retarus.com": _parameter("url", "u"),
    "link.edgepilot.com": _parameter("u"),
    "linklock.titanhq.com": _parameter("url"),
    "scanmail.trustwave.com": _parameter("u"),
    "vadesecure.com": _parameter("u"),
    "urlsand.esvalabs.com": _parameter("u"),
    "menlosecurity.com": _in_path,
    "outlook.office.com": _only_on(_parameter("url"), "/mail/safelink"),
    "awstrack.me": _awstrack,
    "google.com": _google,
    "facebook.com": _only_on(_parameter("u"), "/l.php", "/flx/warn"),
    "l.messenger.com": _parameter("u"),
    "l.instagram.com": _parameter("u"),
    "l.threads.net": _parameter("u"),
    "l.wl.co": _parameter("u"),
    "linkedin.com": _parameter("url"),
    "youtube.com": _parameter("q"),
    "duckduckgo.com": _parameter("uddg"),
    "slack-redir.net": _parameter("url"),
    "steamcommunity.com": _parameter("url", "u"),
    "out.reddit.com": _parameter("url"),
    "googleadservices.com": _parameter("adurl"),
    "doubleclick.net": _doubleclick,
    "cdn.ampproject.org": _amp,
    "bing.com": _only_on(_bing, "/ck/a"),
    "r.search.yahoo.com": _yahoo,
    "href.li": _whole_query,
    "anonym.to": _whole_query,
    "deref-gmx.net": _parameter("redirecturl"),
    "deref-web.de": _parameter("redirecturl"),
    "deref-mail.com": _parameter("redirecturl"),
    "go.redirectingat.com": _parameter("url"),
    "awin1.com": _parameter("ued"),
    "viglink.com": _parameter("u"),
    "mandrillapp.com": _only_on(_mandrill, "/track/click"),
    "vk.com": _parameter("to"),
    "t.umblr.com": _parameter("z"),
    "exactag.com": _parameter("url"),
    "web.archive.org": _in_path,
}
"""End of the host -> what reads the target out of URL, path and query. Google has a host in nearly every country."""

_WRAPPED = re.compile(
    r"(?i)(?:https?|hxxps?)://(?:[^/?#@]*@)?(?:[\w.\-]*\.)?"
    rf"({'|'.join(map(re.escape, _WRAPPERS))}|google\.(?:[a-z]{{2}}|com?\.[a-z]{{2}}))(?::\d*)?(?=[/?#]|\Z)"
)
