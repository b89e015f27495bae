"""Card numbers: every vendor's range, the check digit, and nothing shown."""

from __future__ import annotations

import pytest

from mailroom.indicators import NAMED, find, named
from mailroom.indicators.cards import VENDORS, luhn, vendors_of


def with_check_digit(prefix: str, length: int) -> str:
    """A number with this beginning and length that passes the Luhn check."""
    body = prefix + "0" * (length - len(prefix) - 1)
    return next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))


EXAMPLES = {
    "Amex": [("34", 15), ("37", 15)],
    "BCGlobal": [("6541", 16), ("6556", 16)],
    "Carte Blanche": [("389", 14)],
    "Diners Club": [("300", 14), ("305", 14), ("36", 14), ("38", 14), ("39", 14), ("305", 16), ("36", 19)],
    "Discover": [("6011", 16), ("644", 16), ("650", 16), ("659", 16), ("622126", 16), ("622925", 16)],
    "Insta Payment": [("637", 16), ("639", 16)],
    "JCB": [("2131", 15), ("1800", 15), ("3528", 16)],
    "Korean local": [("9", 16)],
    "Laser": [("6304", 16), ("6706", 17), ("6709", 18), ("6771", 19)],
    "Maestro": [("5018", 12), ("5020", 16), ("6759", 19), ("6763", 13), ("5893", 16)],
    "MasterCard": [("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("25", 16)],
    "Solo": [("6334", 16), ("6767", 18), ("6334", 19)],
    "Switch": [("4903", 16), ("6759", 18), ("564182", 16), ("633110", 18), ("633110", 19)],
    "Union Pay": [("62", 16), ("62", 19)],
    "Visa": [("4", 13), ("4", 16), ("4", 19)],
    "Visa/MasterCard": [("4", 16), ("53", 16)],
}


def test_every_vendor_has_examples() -> None:
    assert EXAMPLES.keys() == VENDORS.keys()


@pytest.mark.parametrize(("vendor", "prefix", "length"), [(v, *e) for v, es in EXAMPLES.items() for e in es])
def test_a_number_in_a_vendors_range_is_found_under_that_vendors_name(vendor: str, prefix: str, length: int) -> None:
    number = with_check_digit(prefix, length)
    (found,) = find(f"card: {number}, valid", kinds=("credit_card",))
    assert found.value == number
    assert vendor in found.notes
    pattern = named(vendor)
    assert pattern is not None
    assert pattern.findall(f"pay with {number}.") == [number]


@pytest.mark.parametrize(
    ("network", "prefix", "length"),
    [("Dankort", "5019", 16), ("Mir", "2202", 16), ("RuPay", "6070", 16), ("UATP", "1220", 15), ("Elo", "509", 16),
     ("Hipercard", "606282", 16), ("Verve", "506099", 16)],
)  # fmt: skip
def test_cards_of_one_country_or_trade_are_cards_too(network: str, prefix: str, length: int) -> None:
    (found,) = find(f"card: {with_check_digit(prefix, length)}", kinds=("credit_card",))
    assert network in found.notes


@pytest.mark.parametrize(("prefix", "length"), [("2220", 16), ("2721", 16), ("622125", 16), ("4", 14), ("62", 15)])
def test_a_number_just_outside_a_range_belongs_to_nobody(prefix: str, length: int) -> None:
    number = with_check_digit(prefix, length)
    assert not {"MasterCard", "Discover", "Visa", "Union Pay"} & set(vendors_of(number)) or prefix == "622125"
    assert "Discover" not in vendors_of(number)


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111111111111111",
        "No.4111 1111 1111 1111 exp 12/29",
        "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "４１１１１１１１１１１１１１１１",
        "カード番号４１１１　１１１１　１１１１　１１１１です",
        "4111\xa01111\xa01111\xa01111",
        "4111 - 1111 - 1111 - 1111",
        "4111–1111–1111–1111",
        "41111111 11111111",
        "00012345  4111 1111 1111 1111",
    ],
)
def test_separators_do_not_matter(written: str) -> None:
    assert [found.value for found in find(written, kinds=("credit_card",))] == ["4111111111111111"]


def test_cards_one_after_the_other_are_told_apart() -> None:
    text = "4111 1111 1111 1111 5555 5555 5555 4444 3782 822463 10005"
    found = [one.value for one in find(text, kinds=("credit_card",))]
    assert found == ["4111111111111111", "5555555555554444", "378282246310005"]


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "4111-1111 1111-1111",
        "4111.1111 1111.1111",
        "4111\t1111\t1111\t1111",
        "4111    1111    1111    1111",
        "12.4111.1111.1111.1111",
        "41111111111111111",
        "0.4111111111111111",
        "x4111111111111111",
        "+4930123456789012",
        "550e8400-e29b-41d4-a716-501800000009",
        "DE89 3704 0044 0532 0130 00",
        "2026-01-02 03:04:05",
        "1234567812345670",
    ],
)
def test_other_numbers_are_no_cards(text: str) -> None:
    assert find(text, kinds=("credit_card",)) == []


def test_a_card_number_is_never_shown_by_accident() -> None:
    (found,) = find("4111 1111 1111 1111")
    assert found.shown == "************1111"
    assert "41111111" not in repr(found)
    assert "4111 1111" not in repr(found)


def test_every_vendor_is_a_named_pattern() -> None:
    names = {"MasterCard", "Visa/MasterCard", "Amex Card", "Carte Blanche Card", "Korean local Card", "Union Pay Card"}
    assert names <= NAMED.keys()
