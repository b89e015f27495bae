"""What stands beside a name without a blank is not taken for a part of it."""

from __future__ import annotations

import pytest

from mailroom.indicators import find


def values(text: str, kind: str) -> list[str]:
    return [found.value for found in find(text) if found.kind == kind]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("ご不明な点はsupport@northwind.co.jpまで", ["support@northwind.co.jp"]),
        ("info@northwind.comまで", ["info@northwind.com"]),
        ("help@northwind.com.cn或致电", ["help@northwind.com.cn"]),
        ("a@northwind.com或b@contoso.com", ["a@northwind.com", "b@contoso.com"]),
        ("jane@192.0.2.1查看", ["jane@192.0.2.1"]),
        ("jane@例子.中国", ["jane@例子.中国"]),
        ("ติดต่อinfo@northwind.in.thครับ", ["info@northwind.in.th"]),
    ],
)
def test_an_address_ends_before_words_of_a_script_without_blanks(text: str, addresses: list[str]) -> None:
    assert values(text, "email") == addresses


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://northwind.comをご覧", "https://northwind.com"),
        ("https://northwind.com:8443をご覧", "https://northwind.com:8443"),
        ("https://jane:pw@northwind.comをご覧", "https://jane:pw@northwind.com"),
        ("https://192.0.2.1查看", "https://192.0.2.1"),
        ("https://northwind.com/login查看", "https://northwind.com/login"),
        ("请访问hxxps://northwind[.]com查看", "https://northwind.com"),
        ("https://例子.中国/路", "https://例子.中国/路"),
        ("https://northwind.com/สวัสดี", "https://northwind.com/สวัสดี"),
    ],
)
def test_a_url_ends_before_words_glued_to_its_host(text: str, url: str) -> None:
    assert values(text, "url") == [url]


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("访问northwind.com或contoso.com", ["northwind.com", "contoso.com"]),
        ("northwind.com/a或contoso.com/b", ["northwind.com", "contoso.com"]),
        ("주소는mail.northwind.co.kr에서", ["mail.northwind.co.kr"]),
        ("info.例子.中国 www.网址中心.cn", ["info.例子.中国", "www.网址中心.cn"]),
        ("northwind.com或.txt", ["northwind.com"]),
    ],
)
def test_names_with_such_words_between_them_are_told_apart(text: str, domains: list[str]) -> None:
    assert values(text, "domain") == domains


def test_urls_with_such_words_between_them_are_told_apart() -> None:
    text = "https://northwind.com/またはhttps://contoso.com/x👉https://fabrikam.com/a"
    assert values(text, "url") == ["https://northwind.com/", "https://contoso.com/x", "https://fabrikam.com/a"]


def test_addresses_stand_alone_between_such_words() -> None:
    assert values("地址2001:db8::1或192.0.2.1查看", "ipv6") == ["2001:db8::1"]
    assert values("地址2001:db8::1或192.0.2.1查看", "ipv4") == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("invoice.pdfとsetup.exe", ["invoice.pdf", "setup.exe"]),
        ("添付ファイルinvoice.pdfをご確認", ["invoice.pdf"]),
        ("2023年合同.docx", ["2023年合同.docx"]),
        ("合同2023.docx", ["合同2023.docx"]),
        ("报价单v2.docx", ["报价单v2.docx"]),
        ("发票_2023年.pdf", ["发票_2023年.pdf"]),
        ("请款单-final.pdf", ["请款单-final.pdf"]),
        ("請求書(1).pdf", ["請求書(1).pdf"]),
        ("계약서_최종.docx", ["계약서_최종.docx"]),
        ("📎Rechnung.pdf und 📎.pdf", ["Rechnung.pdf", "📎.pdf"]),
        ("die setup.exe-Datei", ["setup.exe"]),
    ],
)
def test_a_file_name_keeps_its_stem_and_loses_the_words_around_it(text: str, names: list[str]) -> None:
    assert values(text, "filename") == names


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Ihr PayPal.com-Konto", "domain", "paypal.com"),
        ("a northwind.hu-n és", "domain", "northwind.hu"),
        ("https://northwind.com-Seite", "url", "https://northwind.com"),
        ("info@northwind.de-Adresse", "email", "info@northwind.de"),
    ],
)
def test_the_first_half_of_a_compound_is_the_name(text: str, kind: str, value: str) -> None:
    assert values(text, kind) == [value]


@pytest.mark.parametrize("name", ["northwind.com-contoso.com", "de-cix.net", "xn--gre-6ka8i.de", "a.co-op.com"])
def test_a_hyphen_inside_a_name_belongs_to_it(name: str) -> None:
    assert values(f"see {name} now", "domain") == [name]


def test_words_with_a_hyphen_are_no_compounds_of_a_domain() -> None:
    assert (
        values(
            "It is so.in-depth, texts.de-AT, application/vnd.ms-excel, vnd.ms-word, gnome-vnd.ms-word and div.my-class",
            "domain",
        )
        == []
    )
    assert values("http://server.ad-prod/x", "url") == ["http://server.ad-prod/x"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "📧jane@northwind.com🌐www.northwind.com📍",
            {("email", "jane@northwind.com"), ("domain", "northwind.com"), ("domain", "www.northwind.com")},
        ),
        ("✉info@northwind.com™", {("email", "info@northwind.com"), ("domain", "northwind.com")}),
        ("👉https://northwind.com/a👈", {("url", "https://northwind.com/a"), ("domain", "northwind.com")}),
        ("👉hxxps://northwind[.]com👈", {("url", "https://northwind.com"), ("domain", "northwind.com")}),
        ("https://northwind.com/a️⃣", {("url", "https://northwind.com/a"), ("domain", "northwind.com")}),
        ("📍пример.рф📍", {("domain", "пример.рф")}),
        ("1️⃣northwind.com 2️⃣contoso.com", {("domain", "northwind.com"), ("domain", "contoso.com")}),
        ("3×northwind.com", {("domain", "northwind.com")}),
        ("http://✪df.ws/123", {("url", "http://✪df.ws/123"), ("domain", "✪df.ws")}),
    ],
)
def test_pictograms_stand_beside_names(text: str, found: set[tuple[str, str]]) -> None:
    assert {(one.kind, one.value) for one in find(text)} == found


def test_letters_of_latin_1_are_letters_and_nothing_else() -> None:
    letters = "".join(chr(point) for point in range(0xE0, 0x100) if point != 0xF7)
    assert values(f"{letters}.is", "domain") == [f"{letters}.is"]
    assert values("Skrifið til þór@northwind.is", "email") == ["þór@northwind.is"]
    assert values("https://northwind.is/aþena", "url") == ["https://northwind.is/aþena"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ב-www.northwind.com", {("domain", "www.northwind.com")}),
        ("ל-info@northwind.com", {("email", "info@northwind.com"), ("domain", "northwind.com")}),
        ("онлайн-магазин.рф", {("domain", "онлайн-магазин.рф")}),
        ("ö-northwind.com", {("domain", "ö-northwind.com")}),
    ],
)
def test_a_preposition_with_a_hyphen_is_no_part_of_a_name(text: str, found: set[tuple[str, str]]) -> None:
    assert {(one.kind, one.value) for one in find(text)} == found
