"""What `find` finds in ordinary and in defanged text."""

from __future__ import annotations

import pytest

from mailroom.errors import InvalidInputError
from mailroom.indicators import KINDS, Limits, find


def values(text: str, kind: str) -> list[str]:
    return [found.value for found in find(text) if found.kind == kind]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Read http://northwind.example.com/a.", "http://northwind.example.com/a"),
        ("(see https://northwind.com/wiki/Invoice_(2026))", "https://northwind.com/wiki/Invoice_(2026)"),
        ("<https://northwind.com/x|shown>", "https://northwind.com/x"),
        ("[shown](https://northwind.com/x)", "https://northwind.com/x"),
        ("fetch('https://northwind.com/x.ps1');run", "https://northwind.com/x.ps1"),
        ("href=\"https://northwind.com/x?q='a'\"", "https://northwind.com/x?q='a'"),
        ("HTTPS://NorthWind.com/Path", "https://northwind.com/Path"),
        ("https://user:pw@northwind.com:8443/a", "https://user:pw@northwind.com:8443/a"),
        ("https://[2001:db8::7]:8443/a", "https://[2001:db8::7]:8443/a"),
        ("go to http://größe.de/ä now", "http://größe.de/ä"),
        ("northwind.com/login.php?id=1", "northwind.com/login.php?id=1"),
        ("192.0.2.7:8080/gate", "192.0.2.7:8080/gate"),
        ("name,https://northwind.com/g,remark", "https://northwind.com/g"),
        ("https://northwind.com/css?family=A:4,7", "https://northwind.com/css?family=A:4,7"),
        ("http://northwind.com/a!!!", "http://northwind.com/a"),
        ("&lt;http://northwind.com/a&gt;", "http://northwind.com/a"),
        ("[x](https://northwind.com)[y](mailto:jane@northwind.com)", "https://northwind.com"),
        ("｜https://northwind.com｜next", "https://northwind.com"),
        ("https：／／northwind.com/a", "https://northwind.com/a"),
        ("«https://northwind.com/a»", "https://northwind.com/a"),
        ("_https://northwind.com/a_", "https://northwind.com/a"),
        ("~https://northwind.com/a~", "https://northwind.com/a"),
        ("_https://northwind.com_", "https://northwind.com"),
        ("https://northwind.com/a_", "https://northwind.com/a_"),
        ("http://www。northwind。com/a", "http://www.northwind.com/a"),
        ("请打开http://northwind.com/a。谢谢", "http://northwind.com/a"),
    ],
)
def test_a_url_ends_where_a_reader_would_end_it(text: str, url: str) -> None:
    assert values(text, "url") == [url]


@pytest.mark.parametrize(
    "text",
    ["http://", "http://.", "http://?", "http:///a", "foo.com", "nosuch://northwind.com", "192.0.2.0/24", "//x", "a/b"],
)
def test_what_is_no_url_is_not_reported_as_one(text: str) -> None:
    assert values(text, "url") == []


def test_urls_in_a_list_are_taken_apart() -> None:
    text = "http://a.northwind.com,http://b.northwind.com;https://c.northwind.com|http://d.northwind.com"
    assert [value[-15:] for value in values(text, "url")] == [f"{letter}.northwind.com" for letter in "abcd"]


def test_the_host_of_a_url_and_the_domain_of_an_address_are_findings_of_their_own() -> None:
    text = "https://www.northwind.com/x and jane@mail.northwind.org and http://192.0.2.7/x"
    assert values(text, "domain") == ["www.northwind.com", "mail.northwind.org"]
    assert values(text, "ipv4") == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("northwind.com and NORTHWIND.COM", ["northwind.com"]),
        ("northwind.co.uk, but not co.uk", ["northwind.co.uk"]),
        ("a.b.northwind.com.", ["a.b.northwind.com"]),
        ("northwind.com.Then we went on", ["northwind.com"]),
        ("That is all.In short: no", []),
        ("report.final.docx, setup.exe, data.zip", []),
        ("e.g. 3.50 or v1.2.3 at 10.30 p.m.", []),
        ("northwind.nosuchending", []),
        ("<20240102.123.me@WORKSTATION> and john.doe.info@localhost", []),
        ("from 203.0.113[.]xxx or 203.0.xxx.xxx", []),
        ("at line 5 (Main.java:5)", []),
        ("-northwind.com", ["northwind.com"]),
        ("_dmarc._tcp.northwind.com", ["_dmarc._tcp.northwind.com"]),
        ("пример.рф and пример.com", ["пример.рф", "пример.com"]),
        ("abcdefghij234567.onion", ["abcdefghij234567.onion"]),
        ("请访问northwind.com网站", ["northwind.com"]),
        ("northwind。com and northwind.com。Then", ["northwind.com"]),
    ],
)
def test_a_domain_has_a_public_suffix(text: str, domains: list[str]) -> None:
    assert values(text, "domain") == domains


def test_a_name_in_unicode_keeps_its_spelling_and_tells_its_ascii_form() -> None:
    (found,) = find("größe.de", kinds=("domain",))
    assert found.value == "größe.de"
    assert found.key == "xn--gre-6ka8i.de"
    assert "idna:xn--gre-6ka8i.de" in found.notes


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Write to Jane.Doe+tag@Northwind.com!", ["jane.doe+tag@northwind.com"]),
        ("<jane@northwind.com>", ["jane@northwind.com"]),
        ("'jane@northwind.com'", ["jane@northwind.com"]),
        ("smtp.mailfrom=jane@northwind.com", ["jane@northwind.com"]),
        ("bounce+7=user=x.com@northwind.com", ["bounce+7=user=x.com@northwind.com"]),
        ("---jane@northwind.com", ["jane@northwind.com"]),
        ("jane@[192.0.2.1]", ["jane@[192.0.2.1]"]),
        ("jane@corp.lan", ["jane@corp.lan"]),
        ("用户@例子.中国", ["用户@例子.中国"]),
        ("请写信给@northwind.com", []),
        ("jane@northwind", []),
        ("jane@northwind..com", []),
        ("image001.png@01D5A1B2.C3D4E5F0", []),
        ("ftp://jane:pw@files.northwind.com/x", []),
        ("to=jane%40northwind.com&x", ["jane@northwind.com"]),
        ("u%3Djane%40northwind.com", ["jane@northwind.com"]),
    ],
)
def test_mail_addresses(text: str, addresses: list[str]) -> None:
    assert values(text, "email") == addresses


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("from 192.0.2.1:443, 192.0.2.2.", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.0/24", ["192.0.2.0"]),
        ("192.0.2.1-192.0.2.9", ["192.0.2.1", "192.0.2.9"]),
        ("192.000.002.001", ["192.0.2.1"]),
        ("256.1.1.1 1.2.3 1.2.3.4.5 .1.2.3.4 1.2.3.4.a", []),
        ("version 1.2.3.4 and v1.2.3.4", []),
        ("http://0x7f000001/ http://3221225985/", ["127.0.0.1", "192.0.2.1"]),
    ],
)
def test_ipv4_addresses_have_four_octets_and_stand_alone(text: str, addresses: list[str]) -> None:
    assert values(text, "ipv4") == addresses


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("2001:DB8::1 and fe80::1%eth0", ["2001:db8::1", "fe80::1"]),
        ("IPv6:2001:db8::1", ["2001:db8::1"]),
        ("::ffff:192.0.2.1", ["::ffff:192.0.2.1"]),
        ("10:11:12 std::vector a::b 00:0a:95:9d:68:16", []),
        ("0f:e9:73:75:20:22:a6:06:ad:f2:a3:6e:34:5d:c0:ed", []),
    ],
)
def test_ipv6_addresses(text: str, addresses: list[str]) -> None:
    assert values(text, "ipv6") == addresses


def test_two_spellings_of_an_ipv6_address_have_one_key() -> None:
    assert {found.key for found in find("2001:db8:0:0:0:0:0:1 2001:db8::1")} == {"2001:db8::1"}


def test_hashes_are_told_by_their_length() -> None:
    text = " ".join("0123456789abcdef" * 8 for _ in "x")
    found = {kind: values(f"sum: {text[:length].upper()}.", kind) for kind, length in _LENGTHS.items()}
    assert found == {kind: [text[:length]] for kind, length in _LENGTHS.items()}


_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}


def test_other_lengths_zeros_and_hashes_of_imports_are_no_file_hashes() -> None:
    text = f"{'ab12' * 9} {'0' * 32} imphash: {'ab12cd34' * 4}"
    assert values(text, "md5") == []


def test_a_hash_glued_to_a_word_counts_when_it_looks_like_one() -> None:
    assert values("sum5d41402abc4b2a76b9719d911017c592sum", "md5") == ["5d41402abc4b2a76b9719d911017c592"]
    assert values("test" + "a" * 32, "md5") == []


def test_times_exist_or_are_not_reported() -> None:
    assert values("at 2026-02-28 23:59:59, not 2026-02-30 10:00:00", "datetime") == ["2026-02-28 23:59:59"]
    assert values("at 2026-02-28T23:59:59Z", "datetime") == ["2026-02-28 23:59:59"]


def test_vulnerabilities_have_one_spelling() -> None:
    assert values("cve-2026-12345, CVE 2014-0160, CVE-2026-1", "cve") == ["CVE-2026-12345", "CVE-2014-0160"]
    assert values("CVE–2026–4711, CVE: 2026-4712", "cve") == ["CVE-2026-4711", "CVE-2026-4712"]


def test_file_names_have_a_known_ending() -> None:
    assert values("open Invoice_7.PDF.exe or a.tar.gz, not done.Then", "filename") == ["Invoice_7.PDF.exe", "a.tar.gz"]
    assert values("backup.7z and scan(2).pdf, example(3).northwind.com", "filename") == ["backup.7z", "scan(2).pdf"]


def test_what_stands_in_a_path_is_a_file_even_when_a_country_has_its_ending() -> None:
    found = {(one.kind, one.value) for one in find("ran /tmp/update.sh, then asked northwind.sh and //northwind.pl")}
    assert found == {("filename", "update.sh"), ("domain", "northwind.sh"), ("domain", "northwind.pl")}


def test_what_a_link_carries_is_found_too() -> None:
    digest = "5d41402abc4b2a76b9719d911017c592"
    text = f"https://go.northwind.com/r?u=https%3A%2F%2Fcontoso.com%2Fa&to=jane%40fabrikam.com&h={digest}&p=index.php"
    inside = {(found.kind, found.value) for found in find(text) if "in_url" in found.notes}
    assert inside >= {("domain", "contoso.com"), ("email", "jane@fabrikam.com"), ("md5", digest)}
    assert ("domain", "index.php") not in inside


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("x=http%3A%2F%2Fnorthwind%2Ecom%2Fa", "percent_encoded"),
        ("687474703a2f2f6e6f72746877696e642e636f6d2f61", "hex"),
        ("aHR0cDovL25vcnRod2luZC5jb20vYQ==", "base64"),
        ("eGh0dHA6Ly9ub3J0aHdpbmQuY29tL2E", "base64"),
    ],
)
def test_encoded_links_are_decoded(text: str, note: str) -> None:
    (found,) = find(text, kinds=("url",))
    assert found.value == "http://northwind.com/a"
    assert note in found.notes


def test_an_escape_before_a_name_is_no_part_of_it() -> None:
    assert values("q=%40northwind.com and x%20report.pdf", "domain") == ["northwind.com"]
    assert values("q=%40northwind.com and x%20report.pdf", "filename") == ["report.pdf"]


def test_an_escaped_address_in_a_link_without_a_scheme_stays_in_the_link() -> None:
    assert values("northwind.com/?u=jane%40contoso.com", "url") == ["northwind.com/?u=jane%40contoso.com"]
    assert values("northwind.com/?u=jane%40contoso.com", "email") == ["jane@contoso.com"]


def test_only_the_kinds_asked_for_are_reported() -> None:
    text = "https://northwind.com/x jane@northwind.com 192.0.2.1"
    assert {found.kind for found in find(text, kinds=("ipv4", "email"))} == {"ipv4", "email"}


def test_a_kind_that_does_not_exist_is_refused_with_the_list_of_those_that_do() -> None:
    with pytest.raises(InvalidInputError, match="url, domain"):
        find("x", kinds=("iban",))


def test_every_occurrence_is_reported_when_asked_for() -> None:
    text = "192.0.2.1 192.0.2.1"
    assert len(find(text)) == 1
    assert [found.start for found in find(text, unique=False)] == [0, 10]


def test_no_more_is_read_and_returned_than_the_limits_say() -> None:
    text = " ".join(f"host{number}.northwind.com" for number in range(100))
    assert len(find(text, limits=Limits(indicators=7))) == 7
    assert len(find(text, limits=Limits(text=45))) == 2
    (url,) = find("http://northwind.com/" + "a" * 500, kinds=("url",), limits=Limits(url=100))
    assert len(url.value) == 100
    assert "truncated" in url.notes


def test_every_kind_can_be_found() -> None:
    text = (
        "https://northwind.com/x jane@contoso.com 192.0.2.1 2001:db8::1 a.exe CVE-2026-1000 2026-01-02 03:04:05 "
        "4111111111111111 " + " ".join("0123456789abcdef" * 8 for _ in "x")
    )
    digests = " ".join(("0123456789abcdef" * 8)[:length] for length in (32, 40, 64))
    assert {found.kind for found in find(f"{text} {digests}")} == set(KINDS)
