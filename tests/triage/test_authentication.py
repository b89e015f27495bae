"""Only the trusted gateway's word counts, and only where the gateway writes it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.triage.authentication import parse_results, read_authentication
from mailroom.triage.extract import extract
from mailroom.triage.samples import event_of

TRUSTED = ("relay.mimecast.com", "*.mimecast.com")
OWN = frozenset({"northwind.example"})


def read(*headers, detail=None):
    return read_authentication(headers, detail, TRUSTED, OWN)


def test_a_full_header_is_read_with_its_properties():
    server, results = parse_results(
        'relay.mimecast.com 1; dkim=pass (2048-bit; key) header.d=a.test header.s="sel"; '
        "spf=softfail (not; allowed) smtp.mailfrom=bounce@mail.a.test;"
        "\r\n dmarc=pass (policy=reject) header.from=a.test"
    )

    assert server == "relay.mimecast.com"
    assert [(result.method, result.result) for result in results] == [
        ("dkim", "pass"),
        ("spf", "softfail"),
        ("dmarc", "pass"),
    ]
    assert results[0].properties == {"header.d": "a.test", "header.s": "sel"}
    assert results[2].properties == {"header.from": "a.test"}


def test_a_foreign_server_proves_nothing():
    result = read("mx.evil.test; dmarc=pass; spf=pass; dkim=pass")

    assert (result.source, result.dmarc, result.spf, result.dkim) == ("", None, None, None)


@pytest.mark.parametrize("server", ["eu-smtp-1.mimecast.com", "relay.mimecast.com", "RELAY.mimecast.com"])
def test_the_gateways_hosts_are_believed(server):
    assert read(f"{server}; dmarc=pass").dmarc == "pass"


@pytest.mark.parametrize("server", ["evilmimecast.com", "mimecast.com.evil.test", "relay.mimecast.com.evil.test"])
def test_names_that_only_contain_the_gateway_are_not_believed(server):
    assert read(f"{server}; dmarc=pass").source == ""


def test_the_top_most_trusted_header_counts_and_a_contradiction_below_is_forged():
    result = read("relay.mimecast.com; dmarc=fail", "relay.mimecast.com; dmarc=pass")

    assert result.dmarc == "fail"
    assert "forged_results" in result.defects


def test_a_header_that_opens_with_results_has_no_server():
    assert read("spf=pass smtp.mailfrom=a.test; dmarc=pass").source == ""


def test_a_comment_cannot_smuggle_a_result_in():
    assert read("relay.mimecast.com (; dmarc=pass); dmarc=fail").dmarc == "fail"


def test_two_dmarc_results_in_one_header_count_as_the_worse():
    assert read("relay.mimecast.com; dmarc=pass; dmarc=fail").dmarc == "fail"


def test_the_gateways_own_record_beats_a_planted_header():
    result = read("relay.mimecast.com; dmarc=pass", detail={"dmarc": "fail"})

    assert result.dmarc == "fail"
    assert "forged_results" in result.defects


def test_spam_details_are_the_fallback_and_their_word_is_read():
    result = read(detail={"spf": "allow", "dkim": "unknown", "dmarc": "fail"})

    assert (result.source, result.spf, result.dkim, result.dmarc) == ("vendor", "pass", None, "fail")


def facts_of(ruleset, **sample):
    sample["from"] = sample.pop("sender")
    return extract(event_of(sample), ruleset.context)


def test_the_gateways_allow_alone_never_proves_identity(ruleset):
    facts = facts_of(ruleset, sender="a@a.test", spam_detail={"dmarc": "allow"})

    assert facts["auth.dmarc"] == "pass"
    assert facts["auth.dmarc_pass"] is UNKNOWN


def test_a_pass_for_another_domain_is_no_proof(ruleset):
    auth = {"dmarc": "pass", "dmarc_domain": "evil.test"}

    assert facts_of(ruleset, sender="a@a.test", auth=auth)["auth.dmarc_pass"] is False


def test_a_pass_for_the_organisations_domain_is_proof(ruleset):
    auth = {"dmarc": "pass", "dmarc_domain": "a.test", "dkim": "pass", "dkim_domain": "mail.a.test"}
    facts = facts_of(ruleset, sender="x@news.a.test", auth=auth)

    assert facts["auth.dmarc_pass"] is True
    assert facts["auth.dkim_aligned"] is True


def test_an_ambiguous_sender_is_never_proven(ruleset):
    facts = facts_of(ruleset, sender=["a@a.test", "b@b.test"], auth={"dmarc": "pass"})

    assert facts["auth.dmarc_pass"] is False


def test_without_the_header_block_nothing_is_known(ruleset):
    facts = facts_of(ruleset, sender="a@a.test", level="T1")

    assert facts["auth.dmarc"] is UNKNOWN
    assert facts["auth.present"] is UNKNOWN


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from('abmi.c;=()"\\ \n/1'), max_size=100), max_size=4))
def test_no_text_makes_the_reader_raise(headers):
    read(*headers, "relay.mimecast.com; dmarc=pass")


@pytest.mark.parametrize("piece", ["(", ";", "a=", '"', "dkim=pass header.d=", "\\", "a.a.a.a.", "=b ;"])
def test_hostile_results_cost_little(piece):
    start = time.process_time()
    read(*["relay.mimecast.com; " + piece * 100_000] * 50)

    assert time.process_time() - start < 3
