"""The invented mail: the same everywhere, varied, and neither trivial nor hopeless to judge."""

from __future__ import annotations

import html
import time
from collections import Counter
from datetime import UTC, datetime
from email.header import decode_header, make_header

import pytest

from sandbox import Tenant
from sandbox.data.compose import SHARES
from sandbox.data.headers import header_block, transmission_info
from sandbox.data.hostile import HOSTILE_TEXTS
from sandbox.data.people import LANGUAGES
from sandbox.ids import DamagedIdError, IdMint, page_token, read_page_token

NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def tenant():
    return Tenant.generate(messages=500, seed=7, now=NOW, frozen=True)


@pytest.fixture(scope="module")
def mails(tenant):
    return [tenant.world.mail(number) for number in range(500)]


def test_equal_seeds_make_equal_tenants_and_others_do_not(tenant):
    same = Tenant.generate(messages=500, seed=7, now=NOW, frozen=True)
    other = Tenant.generate(messages=500, seed=8, now=NOW, frozen=True)

    assert same.hold_queue() == tenant.hold_queue()
    assert same.labels == tenant.labels
    assert same.credentials_v1 == tenant.credentials_v1
    assert other.hold_queue() != tenant.hold_queue()
    assert other.credentials_v2 != tenant.credentials_v2


def test_all_categories_are_there_in_their_shares(mails):
    counts = Counter(mail.category for mail in mails)

    assert set(counts) == set(SHARES)
    assert all(abs(counts[name] / 5 - share) < 3 for name, share in SHARES.items())


def test_even_a_small_tenant_has_every_category():
    tenant = Tenant.generate(messages=8, seed=3, now=NOW)

    assert {label.category for label in tenant.labels.values()} == set(SHARES)


def test_all_languages_appear(mails):
    assert {mail.language for mail in mails} == set(LANGUAGES)
    text = " ".join(mail.subject + mail.from_name for mail in mails)
    for sample in "äéñ請усą":
        assert sample in text
    for first, last in (("\u0600", "\u06ff"), ("\u0590", "\u05ff"), ("\u0900", "\u097f"), ("\u0370", "\u03ff")):
        assert any(first <= letter <= last for letter in text)


def test_some_truths_cannot_be_seen_from_outside(mails):
    hidden = [mail for mail in mails if not mail.decidable]

    assert 0.03 < len(hidden) / len(mails) < 0.25
    assert {mail.expected_verdict for mail in hidden} >= {"malicious", "benign"}


def test_no_single_field_separates_good_from_bad(mails):
    bad = [mail for mail in mails if mail.expected_verdict == "malicious"]
    good = [mail for mail in mails if mail.expected_verdict == "benign"]

    for group in (bad, good):
        assert {mail.dmarc for mail in group} == {"pass", "fail", "none"}
        assert None in {mail.risk for mail in group}
        assert {"spam", "impersonation"} <= {mail.hold for mail in group}
    assert sum(mail.dmarc == "pass" for mail in good) / len(good) > 0.75
    assert sum(mail.dmarc == "pass" for mail in bad) / len(bad) < 0.65
    assert sum(mail.risk in ("high", "medium") for mail in bad) / len(bad) > 0.4
    assert sum(mail.risk in ("high", "medium") for mail in good) / len(good) < 0.15


def test_from_headers_are_odd_in_all_ways(mails):
    raw = [mail.raw_from for mail in mails if mail.raw_from is not None]

    assert [] in raw
    assert any(len(values) > 1 for values in raw)
    assert any(mail.null_from_header for mail in mails)


def test_a_forged_result_stands_below_the_trusted_one(mails):
    mail = next(mail for mail in mails if mail.foreign_auth and not mail.no_auth_header)

    values = [value for name, value in header_block(mail, 0) if name == "Authentication-Results"]

    assert values[0].startswith("relay.mimecast.com;")
    assert not values[1].startswith("relay.mimecast.com")


def test_drills_are_proven_and_some_attackers_claim_the_same(mails):
    drills = [mail for mail in mails if mail.category == "simulation"]

    assert all(mail.dkim_domain == "phishdrill.example" and mail.dmarc == "pass" for mail in drills)
    liars = [mail for mail in mails if mail.category == "phish" and "X-PhishDrill" in str(mail.extra_headers)]
    assert liars


def test_campaigns_share_sender_and_subject_and_sometimes_the_second(tenant):
    groups = Counter(
        (row["fromHeader"]["emailAddress"], row["subject"], row["dateReceived"]) for row in tenant.hold_queue()
    )

    assert max(groups.values()) >= 2


def test_ordinary_tenants_hold_no_hostile_strings_and_hostile_ones_do():
    calm = Tenant.generate(messages=100, seed=7, now=NOW)
    wild = Tenant.generate(messages=100, seed=7, now=NOW, hostile=True)

    assert not any(row["subject"] in HOSTILE_TEXTS for row in calm.hold_queue())
    subjects = [row["subject"] for row in wild.hold_queue()]
    assert sum(subject in HOSTILE_TEXTS for subject in subjects) > 8


def test_a_hostile_subject_can_be_escaped_twice():
    tenant = Tenant.generate(messages=200, seed=7, now=NOW, hostile=True)
    mail = next(
        mail
        for mail in map(tenant.world.mail, range(200))
        if mail.double_escaped and mail.subject.startswith("<script>")
    )

    block = transmission_info(mail, 0)

    assert "&amp;lt;script&amp;gt;" in block
    assert "<script>" not in html.unescape(block)


def test_ids_of_another_tenant_and_changed_ids_are_refused():
    mint = IdMint(7)
    hold_id = mint.hold(12, 3)

    found = mint.read(hold_id)
    assert (found.kind, found.number, found.recipient) == ("hold", 12, 3)
    for bad in (hold_id[:-1], hold_id + "A", "", None, 7, "é", IdMint(8).hold(12, 3), page_token(5, 5)):
        with pytest.raises(DamagedIdError):
            mint.read(bad)
    with pytest.raises(DamagedIdError):
        read_page_token(hold_id)


def test_a_hundred_thousand_messages_are_planned_in_seconds_without_being_written():
    began = time.process_time()
    tenant = Tenant.generate(messages=100_000, seed=7, now=NOW, max_recipients=1, history=0)

    assert len(tenant.world.held) == 100_000
    assert time.process_time() - began < 20
    assert not tenant.world._mails


def test_subjects_survive_the_wire_in_every_language(mails):
    for mail in mails:
        (value,) = [value for name, value in header_block(mail, 0) if name == "Subject"]
        assert value.isascii()
        assert max(map(len, value.split("\r\n"))) < 76
        assert str(make_header(decode_header(value))) == mail.subject
