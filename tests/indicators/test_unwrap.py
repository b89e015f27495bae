"""Rewritten links lead to what they were made from, without anybody opening them."""

from __future__ import annotations

import base64
import json

import pytest

from mailroom.indicators import unwrap

TARGET = "https://contoso.com/a?b=1"


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1&data=05%7C02&sdata=x",
        "https://urldefense.proofpoint.com/v1/url?u=https://contoso.com/a%3Fb%3D1&amp;k=x%0A&amp;r=y",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__contoso.com_a-3Fb-3D1&d=DwMFaQ&c=x&r=y",
        "https://urldefense.com/v3/__https://contoso.com/a?b=1__;!!abc!def$",
        "https://urldefense.com/v3/__https://contoso.com/a*b=1__;Pw!!abc!def$",
        "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fcontoso.com%2fa%3fb%3d1&c=E,1,x",
        "https://protect2.fireeye.com/v1/url?k=1-2-3&q=1&e=4&u=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1",
        "https://x-ctp.trendmicro.com:443/wis/clicktime/v1/query?url=https%3a%2f%2fcontoso.com%2fa%3fb%3d1&umid=x",
        "https://secure-web.cisco.com/1AbCdEfGhIjKlMnOpQrStUv_-x/https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1",
        "https://eu-west-1.protection.sophos.com/?d=contoso.com&u=aHR0cHM6Ly9jb250b3NvLmNvbS9hP2I9MQ==&i=x",
        "https://clicktime.symantec.com/3abc/x?u=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1",
        "https://protect-de.mimecast.com/r/x?url=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1",
        "https://www.google.com/url?q=https://contoso.com/a%3Fb%3D1&sa=D",
        "https://www.google.de/url?q=https://contoso.com/a%3Fb%3D1&sa=D",
        "https://www.google.co.uk/url?sa=t&url=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1",
        "https://protect.checkpoint.com/v2/___https://contoso.com/a?b=1___.YzJlOmNvbnRvc28",
        "https://url.avanan.click/v2/___https://contoso.com/a?b=1___.YXAzOmNvbnRvc28",
        "https://avanan.url-protection.com/v1/url?o=https%3A//contoso.com/a%3Fb%3D1&g=x&s=y",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1&h=x",
        "https://www.bing.com/ck/a?!&&p=x&u=a1aHR0cHM6Ly9jb250b3NvLmNvbS9hP2I9MQ&ntb=1",
        "https://r.search.yahoo.com/_ylt=x/RV=2/RO=10/RU=https%3a%2f%2fcontoso.com%2fa%3fb%3d1/RK=2/RS=x-",
        "https://safe.menlosecurity.com/https://contoso.com/a?b=1",
        "https://isolate.menlosecurity.com/1/3735928037/https://contoso.com/a?b=1",
        "https://href.li/?https://contoso.com/a?b=1",
        "https://ad.doubleclick.net/ddm/trackclk/N1;x?https://contoso.com/a?b=1",
        "https://contoso-com.cdn.ampproject.org/c/s/contoso.com/a?b=1",
        "https://www.google.com/amp/s/contoso.com/a?b=1",
    ],
)
def test_the_target_is_read_from_the_link(wrapped: str) -> None:
    assert unwrap(wrapped) == TARGET


@pytest.mark.parametrize(
    "wrapper",
    [
        "deref-gmx.net/mail/client/x/dereferrer/?redirectUrl",
        "deref-web.de/mail/client/x/dereferrer/?redirectUrl",
        "deref-mail.com/mail/client/x/dereferrer/?redirectUrl",
        "www.facebook.com/l.php?u",
        "m.facebook.com/flx/warn/?u",
        "l.messenger.com/l.php?u",
        "l.threads.net/?u",
        "translate.google.com/translate?sl=auto&tl=en&u",
        "translate.google.com/website?u",
        "www.googleadservices.com/pagead/aclk?sa=L&adurl",
        "googleads.g.doubleclick.net/pcs/click?xai=x&adurl",
        "link.edgepilot.com/s/1a2b3c4d/AbC?u",
        "linklock.titanhq.com/analyse?url",
        "scanmail.trustwave.com/?c=1&d=x&u",
        "security.eu.vadesecure.com/safeproxy/v4?f=x&u",
        "urlsand.esvalabs.com/?u",
        "out.reddit.com/t3_x?url",
        "go.redirectingat.com/?id=1&url",
        "www.awin1.com/cread.php?awinmid=1&ued",
        "redirect.viglink.com/?u",
        "outlook.office.com/mail/safelink.html?url",
        "steamcommunity.com/linkfilter/?u",
    ],
)
def test_the_target_is_read_from_the_parameter_that_holds_it(wrapper: str) -> None:
    assert unwrap(f"https://{wrapper}=https%3A%2F%2Fcontoso.com%2Fa%3Fb%3D1&x=y") == TARGET


def _tracked(inner: object) -> str:
    payload = json.dumps({"s": "x", "v": 1, "p": inner if isinstance(inner, str) else json.dumps(inner)})
    code = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")
    return f"https://mandrillapp.com/track/click/1/contoso.com?p={code}"


def test_the_target_is_read_from_json_in_base64() -> None:
    assert unwrap(_tracked({"u": 1, "url": TARGET, "id": "x"})) == TARGET


@pytest.mark.parametrize("inner", [[], {"url": 7}, "no json", "[" * 8_000, {}])
def test_json_that_holds_no_target_is_left_alone(inner: object) -> None:
    assert unwrap(_tracked(inner)) is None


def test_a_link_wrapped_twice_is_unwrapped_twice() -> None:
    inner = "https%3A%2F%2Furldefense.proofpoint.com%2Fv2%2Furl%3Fu%3Dhttps-3A__contoso.com_a-3Fb-3D1%26d%3Dx"
    assert unwrap(f"https://nam12.safelinks.protection.outlook.com/?url={inner}&data=x") == TARGET


@pytest.mark.parametrize(
    "url",
    [
        "https://contoso.com/?url=https%3A%2F%2Fnorthwind.com",
        "https://protect-de.mimecast.com/s/abcDEF123",
        "https://www.google.com/search?q=https://contoso.com",
        "https://www.google.evil.example/url?q=https://contoso.com/a",
        "https://protect.checkpoint.com/v2/___",
        "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fcontoso.com%2Fa",
        "https://www.bing.com/search?q=x&u=a1aHR0cHM6Ly9jb250b3NvLmNvbS9hP2I9MQ",
        "https://www.bing.com/ck/a?u=a1%FF",
        "https://www.google.com/s/contoso.com/a",
        "https://href.li/?contoso",
        "https://outlook.office.com/mail/inbox?url=https%3A%2F%2Fcontoso.com",
        "https://mandrillapp.com/track/click/1/contoso.com?p=!!",
        "https://urldefense.com/v3/",
        "https://eur03.safelinks.protection.outlook.com/?data=x",
        "https://fakesafelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fcontoso.com",
        "not a link",
        "http://[::1",
        "",
    ],
)
def test_other_links_are_left_alone(url: str) -> None:
    assert unwrap(url) is None
