"""What was made unclickable is made whole, and nothing else is touched."""

from __future__ import annotations

import pytest

from mailroom.indicators import find, refang


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hxxp://northwind[.]com/a", "http://northwind.com/a"),
        ("hXXps://northwind(.)com", "https://northwind.com"),
        ("http[:]//northwind{.}com", "http://northwind.com"),
        ("https[://]northwind[dot]com", "https://northwind.com"),
        ("http[s]://northwind.com", "https://northwind.com"),
        ("hxxp:\\\\northwind.com", "http://northwind.com"),
        ("meow://northwind.com", "http://northwind.com"),
        ("fxp://northwind.com", "ftp://northwind.com"),
        ("http__northwind.com", "http://northwind.com"),
        ("http__northwind .com/a", "http://northwind.com/a"),
        ("http:// northwind .com/a", "http://northwind.com/a"),
        ("http:// northwind.com/a", "http://northwind.com/a"),
        ("http//northwind.com/a", "http://northwind.com/a"),
        ("http:/northwind.com/a", "http://northwind.com/a"),
        ("[http]://northwind.com", "http://northwind.com"),
        ("northwind[.com", "northwind.com"),
        ("northwind.]com", "northwind.com"),
        ("northwind [ . ] com", "northwind.com"),
        ("northwind\\.com", "northwind.com"),
        ("northwind^.com", "northwind.com"),
        ("northwind DOT com", "northwind.com"),
        ("northwind dot com", "northwind.com"),
        ("northwind-dot-com", "northwind.com"),
        ("[www].northwind.com", "www.northwind.com"),
        ("north[-]wind.com", "north-wind.com"),
        ("northwind.com[/]a", "northwind.com/a"),
        ("192[.]0[.]2[.]1", "192.0.2.1"),
        ("192.0.2[.1", "192.0.2.1"),
        ("192,0,2,1".replace(",", "[,]"), "192.0.2.1"),
        ("192.0.2.1[:]8080", "192.0.2.1:8080"),
        ("2001[:]db8[:][:]1", "2001:db8::1"),
        ("jane[@]northwind.com", "jane@northwind.com"),
        ("jane(at)northwind(dot)com", "jane@northwind.com"),
        ("jane {at} northwind {dot} com", "jane@northwind.com"),
        ("jane AT northwind.com", "jane@northwind.com"),
        ("jane at northwind dot com", "jane@northwind.com"),
        ("jane @ northwind.com", "jane@northwind.com"),
        ("jane (arroba) northwind (punto) com", "jane@northwind.com"),
        ("north\u200bwind.c\u2060om", "northwind.com"),
        ("jane.doe <at> northwind <dot> com", "jane.doe@northwind.com"),
        ("jane -at- northwind -dot- com", "jane@northwind.com"),
        ("jane(a)northwind.com", "jane@northwind.com"),
        ("jane [a] northwind.com", "jane@northwind.com"),
        ("jane.doe (a) northwind.fi", "jane.doe@northwind.fi"),
        ("jane (ät) northwind (punkt) de", "jane@northwind.de"),
        ("jane[æt]northwind.com", "jane@northwind.com"),
        ("jane (arobase) northwind (point) fr", "jane@northwind.fr"),
        ("jane (małpa) northwind (kropka) pl", "jane@northwind.pl"),
        ("jane（собака）northwind（точка）ru", "jane@northwind.ru"),
        ("jane [zavináč] northwind [tečka] cz", "jane@northwind.cz"),
        ("jane&#64;northwind&#46;com", "jane@northwind.com"),
        ("jane&commat;northwind&period;com", "jane@northwind.com"),
        ("https&#58;&#x2F;&#x2f;northwind&#x2e;com&sol;a", "https://northwind.com/a"),
        ("https&colon;//northwind.com", "https://northwind.com"),
        ("👉hxxps://northwind.com", "👉https://northwind.com"),
    ],
)
def test_defanged_things_are_made_whole(written: str, meant: str) -> None:
    assert refang(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Nothing to see here.",
        "https://northwind.com/a?b=[1]&c=(2)",
        "It is over (finally).[1] Then we left.",
        "We met at noon. The dot came later.",
        "C:\\Users\\jane\\file and a|b",
        "jane@[192.0.2.1] and name(comment)@northwind.com",
        "[link](https://northwind.com/a) and http://[2001:db8::1]/",
        "Dinner @ eight, dot the i.",
        "f(x), [y], {z}. (a). [b]",
        "WE ARE AT HOME. DOT.",
        "Either (a) northwind.com or (b) contoso.com, see 2(a) and note [a].",
        "See note[a] northwind.com and 3(a) contoso.com.",
        "Это (собака) и (слово) другое, skiing [pistes] and look -at- this thing.",
        "Fish &amp; chips &#46; or &period; alone",
        "https://northwind.com/?u=https%3A%2F%2Fcontoso.com",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert refang(text) is text


def test_the_raw_text_and_its_place_are_kept() -> None:
    text = "go to hxxp://north\u200bwind[.]com/a[.]php, then mail jane [at] contoso (dot) com now"
    found = {one.kind: one for one in find(text, kinds=("url", "email"))}
    assert found["url"].value == "http://northwind.com/a.php"
    assert found["url"].raw == "hxxp://north\u200bwind[.]com/a[.]php"
    assert found["email"].raw == "jane [at] contoso (dot) com"
    assert all(text[one.start : one.end] == one.raw for one in found.values())
    assert all("defanged" in one.notes for one in found.values())


def test_what_was_written_plainly_is_not_called_defanged() -> None:
    found = find("plain.northwind.com and evil[.]contoso[.]com", kinds=("domain",))
    assert [("defanged" in one.notes) for one in found] == [False, True]
