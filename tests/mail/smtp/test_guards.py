"""Rails before sending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.smtp import SendGuards

PLAIN = OutgoingMail(sender="SOC <soc@northwind.example>", to=("ann@northwind.example",))


def to(*addresses: str) -> OutgoingMail:
    return replace(PLAIN, to=addresses)


def test_ordinary_mail_passes() -> None:
    SendGuards().check(PLAIN)
    SendGuards(allowed_domains=("northwind.example",)).check(PLAIN, sent_in_thread=9)


@pytest.mark.parametrize(
    "address",
    ["mailer-daemon@x.example", "MAILER-DAEMON@x.example", "bounces+17=ann@x.example", "SRS0=abc=x@y.example",
     "prvs=1=ann@x.example"],
)  # fmt: skip
def test_machines_get_no_mail(address: str) -> None:
    with pytest.raises(RefusedError, match="mail server"):
        SendGuards().check(to(address))


@pytest.mark.parametrize(
    "address", ["soc@northwind.example", "SOC+token@Northwind.Example", "shared@northwind.example"]
)
def test_our_own_mailboxes_get_no_mail_of_ours(address: str) -> None:
    guards = SendGuards(own_addresses=("shared@northwind.example",))
    for mail in (to(address), replace(PLAIN, bcc=(address,)), replace(PLAIN, cc=(f"X <{address}>",))):
        with pytest.raises(RefusedError, match="ours"):
            guards.check(mail)


def test_the_number_of_recipients_is_capped_over_all_fields() -> None:
    many = tuple(f"a{n}@x.example" for n in range(60))
    SendGuards().check(replace(PLAIN, to=many, cc=many))  # the same people twice count once
    with pytest.raises(RefusedError, match="101"):
        SendGuards().check(replace(PLAIN, bcc=tuple(f"b{n}@x.example" for n in range(100))))


@pytest.mark.parametrize(
    ("rule", "address", "passes"),
    [
        ("example.com", "a@example.com", True),
        ("@Example.com", "a@EXAMPLE.com", True),
        ("example.com", "a@sub.example.com", False),
        ("example.com", "a@notexample.com", False),
        ("*.example.com", "a@sub.example.com", True),
        ("*.example.com", "a@evilexample.com", False),
        ("*.example.com", "a@example.com", False),
    ],
)
def test_allowed_domains_are_exact(rule: str, address: str, passes: bool) -> None:
    guards = SendGuards(allowed_domains=(rule,))
    if passes:
        guards.check(to(address))
    else:
        with pytest.raises(RefusedError, match="allowed"):
            guards.check(to(address))


def test_a_thread_that_runs_hot_is_stopped() -> None:
    with pytest.raises(RefusedError, match="loop"):
        SendGuards(max_per_thread_and_hour=3).check(PLAIN, sent_in_thread=3)


@pytest.mark.parametrize("sender", ["", "<>", "  "])
def test_the_null_sender_is_for_bounces(sender: str) -> None:
    with pytest.raises(RefusedError, match="null sender"):
        SendGuards().check(replace(PLAIN, sender=sender))


def test_a_mail_to_nobody_is_an_input_error() -> None:
    with pytest.raises(InvalidInputError, match="no recipient"):
        SendGuards().check(to())
