"""Look-alike domains, VIP names and brands."""

from __future__ import annotations

import pytest

from mailroom.rulelang.domains import canonical_domain, root_domain, unicode_domain
from mailroom.rulelang.text import shown, skeleton
from mailroom.triage.context import Context, make_brand, make_person
from mailroom.triage.lookalike import ProtectedDomains
from mailroom.triage.people import BrandNames, impersonated_person

OURS = ProtectedDomains(["northwind.example", "northwind-group.example", "adatum.example"])
CLARA = make_person("Clara Lindqvist", ["clara.lindqvist@northwind.example"])


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("n0rthwind.example", "confusable"),
        ("nоrthwind.example", "confusable"),  # Cyrillic o
        ("northwlnd.example", "confusable"),
        ("northvvind.example", "confusable"),
        ("northwind.com", "other_tld"),
        ("northwind-payments.example", "extra_label"),
        ("northwind.example.evil.test", "extra_label"),
        ("northwind.evil.test", "extra_label"),
        ("mynorthwind.test", "extra_label"),
        ("nortwhind.example", "edit_distance"),
        ("northwnd.example", "edit_distance"),
        ("northwindgroup.test", "edit_distance"),
        ("adatun.example", "edit_distance"),
        ("adatüm.example", "confusable"),
        ("adatꙮm.example", "confusable"),  # a letter no table of look-alikes knows
    ],
)
def test_an_imitation_is_recognised(domain, kind):
    found = OURS.find(canonical_domain(domain))

    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("domain", ["northwind.example", "hr.northwind.example", "northwind-group.example"])
def test_what_is_ours_imitates_nothing(domain):
    assert OURS.find(domain) is None


@pytest.mark.parametrize("domain", ["contoso.com", "winter.example", "gmail.com", "north.example", "", "192.0.2.1"])
def test_other_domains_imitate_nothing(domain):
    assert OURS.find(domain) is None


@pytest.mark.parametrize(
    "name",
    [
        "Clara Lindqvist",
        "LINDQVIST, Clara",
        "Clara  Lindqvist (CEO)",
        "Сlаrа Lindqvist",  # Cyrillic letters
        "Cla\u200bra Lind\u00adqvist",
        "𝐂𝐥𝐚𝐫𝐚 𝐋𝐢𝐧𝐝𝐪𝐯𝐢𝐬𝐭",
        "C1ara Lindqvist",
        "Clara Lindqist",
        "ClaraLindqvist",
        "C l a r a  L i n d q v i s t",
        "Clara Líndqvist",
        "",
    ],
)
def test_a_vips_name_is_recognised_however_it_is_written(name):
    assert impersonated_person([CLARA], name, "clara.lindqvist@freemail.example") == "Clara Lindqvist"


@pytest.mark.parametrize("name", ["Clara Svensson", "Karla Lindgren", "Lindqvist Bakery"])
def test_other_names_are_left_alone(name):
    assert impersonated_person([CLARA], name, "info@shop.example") == ""


def test_a_vips_name_in_the_address_counts_under_any_display_name():
    assert impersonated_person([CLARA], "Office of the CEO", "clara.lindqvist@gmail.com") == "Clara Lindqvist"


def test_a_vips_own_address_is_no_impersonation():
    assert impersonated_person([CLARA], "Clara Lindqvist", "Clara.Lindqvist@northwind.example") == ""


BRANDS = BrandNames([make_brand("Microsoft", ["Office 365"], ["microsoft.com"]), make_brand("DHL", [], ["dhl.com"])])


@pytest.mark.parametrize(
    ("name", "brands"),
    [
        ("Microsoft Support", ["Microsoft"]),
        ("Mіcrosoft", ["Microsoft"]),
        ("M i c r o s o f t", ["Microsoft"]),
        ("MicrosoftOnline", ["Microsoft"]),
        ("Your Office 365 team", ["Microsoft"]),
        ("DHL via Microsoft", ["DHL", "Microsoft"]),
        ("Sandhly", []),
        ("", []),
    ],
)
def test_a_claimed_brand_is_recognised(name, brands):
    assert BRANDS.claimed(name, "evil.test") == brands


def test_a_brands_own_domain_may_use_its_name():
    assert BRANDS.claimed("Microsoft", "mail.microsoft.com") == []


@pytest.mark.parametrize(
    ("domain", "root"),
    [
        ("mail.shop.co.uk", "shop.co.uk"),
        ("a.b.northwind.example", "northwind.example"),
        ("evil.github.io", "evil.github.io"),
        ("x.evil.github.io", "evil.github.io"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_the_registered_part_is_found_without_a_network(domain, root):
    assert root_domain(domain) == root


def test_internationalised_domains_have_one_form():
    assert canonical_domain("MÜNCHEN.test.") == canonical_domain("xn--mnchen-3ya.test") == "xn--mnchen-3ya.test"
    assert unicode_domain("xn--mnchen-3ya.test") == "münchen.test"


@pytest.mark.parametrize("raw", ["a b.test", "a..test", "x" * 300, "<>", "a\x00b.test"])
def test_nonsense_is_no_domain(raw):
    assert canonical_domain(raw) == ""


def test_visually_equal_texts_have_equal_skeletons():
    assert skeleton("Pаypаl") == skeleton("PAYPAL") == skeleton("ｐａｙｐａｌ") == skeleton("payp\u200bal")


def test_shown_text_is_one_visible_line():
    assert shown("a\r\nb\u202ec\u200b") == "a\\u000d\\u000ab\\u202ec\\u200b"
    assert shown("x" * 200).endswith("…")


def test_free_mail_and_brands_do_not_imitate_each_other():
    context = Context(
        own_domains=frozenset({"mail.example"}),
        free_mail=frozenset({"gmail.com"}),
        brands=(make_brand("Google", [], ["google.com"]),),
    )
    assert context.protected.find("gmail.com") is None
    assert context.brand_domains.find("gmail.com") is None
