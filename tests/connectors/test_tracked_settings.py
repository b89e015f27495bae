"""The tracking connector's parameters: every one of the documentation, refused by its name when it is wrong."""

from __future__ import annotations

import dataclasses

import pytest
from mailroom_tests_small_tenant import INFO, PEOPLE, add

from mailroom.connectors.tracked import TrackedSettings
from mailroom.connectors.tracked_form import TrackedForm
from mailroom.errors import InvalidInputError
from mailroom.indicators import compile_user
from sandbox.endpoints.finder import BOUNCES

OURS = {"domains": ("northwind.example",)}


def titles(bench):
    return {alert.title for alert in bench.store.alerts.list(limit=500)}


def test_the_defaults_are_the_documented_ones():
    made = TrackedForm(domains="northwind.example").settings()

    assert (made.statuses, made.routes, made.queue_reasons, made.lowest_risk) == (("held",), (), (), "")
    assert (made.max_hours_backwards, made.max_messages, made.time_limit) == (1, 100, 180)
    assert (made.product_field, made.event_field, made.environment_field) == ("Product Name", "event_type", "")
    assert made.environment_regex.source == ".*"
    assert made.allow_list_denies
    assert made == dataclasses.replace(TrackedSettings(**OURS), environment_regex=made.environment_regex)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"domains": ""}, "Domains is empty"),
        ({"domains": " , "}, "Domains is empty"),
        ({"domains": "ann@northwind.example"}, "Domains: 'ann@northwind.example' is not a domain"),
        ({"domains": "https://northwind.example"}, "Domains: 'https://northwind.example' is not a domain"),
        ({"domains": "northwind"}, "Domains: 'northwind' is not a domain"),
        ({"status_filter": "held, heldd"}, "Status Filter: 'heldd' is not possible: use delivery, held, accepted"),
        ({"route_filter": "inward"}, "Route Filter: 'inward' is not possible: use internal, outbound, inbound"),
        ({"lowest_risk": "severe"}, "Lowest Risk To Fetch: 'severe' is not possible: use negligible, low"),
        ({"max_hours_backwards": 0}, "Max Hours Backwards is 0: write a number from 1 to 720"),
        ({"max_hours_backwards": 721}, "Max Hours Backwards is 721"),
        ({"max_messages": -1}, "Max Messages To Return is -1"),
        ({"time_limit": -1}, "Script Timeout is -1"),
        ({"environment_regex": "(["}, "Environment Regex Pattern: "),
        ({"product_field": " "}, "Product Field Name is empty"),
        ({"event_field": ""}, "Event Field Name is empty"),
        ({"overlap_minutes": 9_999}, "overlap_minutes is 9999"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_wrong_value_is_refused_with_the_name_of_its_parameter_and_what_is_possible(wrong, words):
    with pytest.raises(InvalidInputError, match=words.replace("(", r"\(")):
        TrackedForm(**{"domains": "northwind.example"} | wrong).settings()


@pytest.mark.parametrize("empty", ["", "everything", []])
def test_an_empty_filter_lets_everything_pass(empty):
    made = TrackedForm(domains="northwind.example", status_filter=empty, route_filter=empty).settings()

    assert (made.statuses, made.routes) == ((), ())


def test_lists_are_separated_by_commas_and_a_backslash_keeps_one():
    made = TrackedForm(
        domains=["bücher.example", "a.example", "straße.example"], queue_reason_filter=r"Spam, Default\, strict"
    ).settings()

    assert made.domains == ("xn--bcher-kva.example", "a.example", "xn--strae-oqa.example")
    assert made.queue_reasons == ("Spam", "Default, strict")


@pytest.mark.parametrize(
    ("settings", "arrive"),
    [
        ({"statuses": ("held", "archived")}, {"held", "archived"}),
        ({"statuses": ("rejected",)}, {"rejected"}),
        ({"statuses": ()}, {"held", "archived", "rejected", "outbound"}),
        ({"statuses": (), "routes": ("outbound",)}, {"outbound"}),
        ({"statuses": (), "queue_reasons": ("relaxed SPAM detection",)}, {"held"}),
        ({"statuses": (), "queue_reasons": ("something else",)}, set()),
    ],
)
def test_the_filters_choose_by_status_route_and_queue_reason(bench, settings, arrive):
    add(bench.tenant, "held", minutes=9, policy="Relaxed Spam Detection")
    add(bench.tenant, "archived", minutes=9, status="archived")
    add(bench.tenant, "rejected", minutes=9, status="rejected")
    add(bench.tenant, "outbound", minutes=9, status="delivery", route="outbound", to=["x@adatum.example"],
        from_addr=PEOPLE[0], from_env=PEOPLE[0])  # fmt: skip

    bench.track(**settings)

    assert titles(bench) == arrive
    assert bench.store.runs.conservation_violations() == []


SPAM = "Message Hold Applied - Spam Signature policy"


@pytest.mark.parametrize(
    ("listed", "denies", "arrive", "calls"),
    [
        ((), True, {"held", "archived"}, 2),
        ((), False, {"held", "archived"}, 2),
        ((SPAM.upper(),), True, {"archived"}, 1),  # the list shows it already: no call
        ((SPAM,), False, {"held"}, 2),
        (("Indexed  and archived",), True, {"held"}, 1),
        (("Soft Bounce",), False, set(), 2),
    ],
)
def test_the_dynamic_list_denies_or_allows_by_what_is_said_of_the_message(bench, listed, denies, arrive, calls):
    add(bench.tenant, "held", minutes=9)
    add(bench.tenant, "archived", minutes=9, status="archived")

    bench.track(statuses=(), allow_list=listed, allow_list_denies=denies)

    assert titles(bench) == arrive
    assert bench.calls(INFO) == calls


@pytest.mark.parametrize("place", ["txInfo", "top", "recipientInfo", "queueInfo", "deliveredMessage"])
@pytest.mark.parametrize("denies", [True, False])
def test_the_dynamic_list_knows_a_bounce_type_wherever_it_stands(bench, place, denies):
    add(bench.tenant, "bounced", minutes=9, status="bounced")
    bench.tenant.bounce_type = place

    bench.track(statuses=(), allow_list=BOUNCES, allow_list_denies=denies)

    assert titles(bench) == (set() if denies else {"bounced"})


def test_the_dynamic_list_looks_at_the_details_too(bench, monkeypatch):
    add(bench.tenant, "held", minutes=9)
    from sandbox.endpoints import tracking as endpoint

    row = endpoint.row
    monkeypatch.setattr(endpoint, "row", lambda *of: row(*of) | {"info": ""})

    bench.track(allow_list=(SPAM,), allow_list_denies=True)

    assert titles(bench) == set()
    assert bench.calls(INFO) == 1


@pytest.mark.parametrize(
    ("field", "pattern", "environment"),
    [
        ("", ".*", "Default Environment"),
        ("recipient", ".*", "ann@northwind.example"),
        ("recipient", "@([a-z]+)", "northwind"),
        ("recipient", "", "Default Environment"),
        ("recipient", "nothing like it", "Default Environment"),
        ("no such field", ".*", "Default Environment"),
        ("header_from", ".*", "Default Environment"),  # no single value
        ("fromHdr_emailAddress", "@(.*)", "contoso-logistics.example"),  # as Mimecast names it
        ("to_1_emailAddress", "^[^@]+", "ann"),
        ("recipients", "bob", "bob"),
        ("recipient", "(a+)+$", "Default Environment"),  # linear time, whatever is written
    ],
)
def test_a_field_and_a_pattern_name_the_environment(bench, field, pattern, environment):
    add(bench.tenant, "note", minutes=9, to=PEOPLE[:2])

    bench.track(environment_field=field, environment_regex=compile_user(pattern) if pattern else None)

    assert [alert.environment for alert in bench.store.alerts.list()] == [environment]


@pytest.mark.parametrize(
    ("settings", "product", "event"),
    [
        ({}, "Mimecast", "Message"),
        ({"product_field": "status", "event_field": "queueInfo_reason"}, "held", "Relaxed Spam Detection"),
        ({"product_field": "nothing", "event_field": "nothing"}, "Mimecast", "Message"),
    ],
)
def test_fields_of_the_documented_event_name_product_and_event(bench, settings, product, event):
    add(bench.tenant, "note", minutes=9, policy="Relaxed Spam Detection")

    bench.track(**settings)

    (alert,) = bench.store.alerts.list()
    assert (alert.product, alert.event_name) == (product, event)
