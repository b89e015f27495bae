"""The archive: a query language that forgives what it should not, and knows only what was delivered."""

from __future__ import annotations

import time
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest

from sandbox import Tenant
from sandbox.archive_query import RETURN_FIELDS

SEARCH = "/api/archive/search"
LIST = "/api/archive/get-message-list"
ALL_FIELDS = ",".join(RETURN_FIELDS)


def xml(muse="", *, fields=ALL_FIELDS, mailboxes="", **metadata):
    settings = {"query-type": "emailarchive", "archive": "true", "active": "false", "page-size": "25", "startrow": "0"}
    settings |= {name.replace("_", "-"): str(value) for name, value in metadata.items()}
    returned = "".join(f"<return-field>{name}</return-field>" for name in fields.split(",") if name)
    attributes = " ".join(f'{name}="{value}"' for name, value in settings.items())
    return (
        f'<?xml version="1.0"?><xmlquery trace="iql,muse"><metadata {attributes}>'
        f"<mailboxes>{mailboxes}</mailboxes><smartfolders/><return-fields>{returned}</return-fields></metadata>"
        f"<muse>{muse}</muse></xmlquery>"
    )


def ask(caller, muse="", *, admin=True, page=None, **more):
    return caller.call(SEARCH, {"admin": admin, "query": xml(muse, **more)}, page=page)


def found(caller, muse="", **more):
    answer = ask(caller, muse, **{"page_size": 500, **more})
    assert answer.json["fail"] == [], answer.body
    return answer.data[0]["items"]


def subjects(caller, muse="", **more):
    return {row["subject"] for row in found(caller, muse, **more)}


@pytest.fixture
def tenant(tenant):
    def add(subject, **fields):
        return tenant.add_message(status="archived", subject=subject, to=["ann@northwind.example"], **fields)

    plain = {"components": [], "from_env": "", "reply_to": None, "from_name": "Ann Miller"}
    add("Delivery plan 77", from_addr="ann@fabrikam.example", **plain)
    add("Quarterly figures", from_addr="bob@mail.fabrikam.example", **plain)
    add("Lunch & <dinner>", from_addr="cy@adatum.example", **plain)
    return tenant


def test_only_delivered_messages_are_in_the_archive_and_tracking_knows_them_too(either):
    tracked = {(row["subject"], row["received"]) for row in either.search(status=["archived"])}

    rows = found(either, '<date select="last_month"/>')

    assert {(row["subject"], row["receiveddate"]) for row in rows} == tracked
    assert {row["status"] for row in rows} == {"ARCHIVED"}
    assert [row["receiveddate"] for row in rows] == sorted((row["receiveddate"] for row in rows), reverse=True)


def test_a_released_message_appears_and_a_rejected_one_does_not(caller):
    released, rejected = (caller.tenant.add_message(to=["a@northwind.example"], subject=name)[0] for name in "xy")
    caller.tenant.admin_release(released)
    caller.tenant.admin_reject(rejected)

    assert {"x", "y"} & subjects(caller) == {"x"}


def test_without_admin_the_answer_is_empty_and_says_nothing(either):
    answer = ask(either, admin=False)

    assert (answer.status, answer.json["fail"], answer.data[0]["items"]) == (200, [], [])


def test_only_the_fields_that_were_asked_for_appear(caller):
    assert set(found(caller)[0]) == set(RETURN_FIELDS)
    assert set(found(caller, fields="subject,size,nonsense")[0]) == {"subject", "size"}


def test_a_flat_answer_holds_the_rows_themselves(caller):
    nested = found(caller)
    caller.tenant.archive_flat = True

    assert ask(caller, page_size=500).data == nested


def test_a_domain_includes_what_is_below_it_and_an_address_is_exact(caller):
    below = '<sent select="from">fabrikam.example</sent>'
    exact = '<sent select="from">ann@fabrikam.example</sent>'

    assert subjects(caller, below) >= {"Delivery plan 77", "Quarterly figures"}
    assert "Quarterly figures" not in subjects(caller, exact)
    assert subjects(caller, '<sent select="to">northwind.example</sent>') >= {"Lunch & <dinner>"}


def test_envelope_and_header_senders_are_both_searched(caller):
    caller.tenant.add_message(
        status="archived", subject="two faces", from_addr="h@wingtip.example", from_env="bounce@sender.example"
    )

    for sender in ("h@wingtip.example", "bounce@sender.example"):
        assert subjects(caller, f'<sent select="from">{sender}</sent>') >= {"two faces"}


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("subject: delivery", True),
        ("subject: deliv", True),
        ("DELIVERY PLAN", True),
        ("subject: delivery nonsense", True),
        ("subject: absolute nonsense delivery", False),
        ("nonsense or subject: plan", True),
        ("from: fabrikam", True),
        ("from: ann@fabrikam.example", True),
        ("to: ann@northwind.example", True),
        ("body: details below", True),
        ("subject: details", False),
    ],
)
def test_text_is_matched_loosely(caller, text, hit):
    assert ("Delivery plan 77" in subjects(caller, f"<text>{text}</text>")) is hit


def test_an_unknown_tag_is_ignored_and_widens_the_search(caller):
    narrow = found(caller, '<sent select="from">ann@fabrikam.example</sent>')
    misspelt = found(caller, "<sender>ann@fabrikam.example</sender>")

    assert 0 < len(narrow) < len(misspelt) == len(found(caller))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "not xml",
        xml("<text>Lunch & dinner</text>"),
        xml("<text>a < b</text>"),
        xml('<date select="soon"/>'),
        xml('<date select="between"/>'),
        xml('<date select="between" from="2025-01-13T00:00:00+0000"/>'),
        xml('<sent select="cc">a@b.example</sent>'),
        xml('<docs select="secret"/>'),
        xml(page_size=0),
        "<xmlquery><muse/></xmlquery>",
        '<!DOCTYPE x [<!ENTITY a "b">]>' + xml("<text>&a;</text>").removeprefix('<?xml version="1.0"?>'),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(caller, query):
    answer = caller.call(SEARCH, {"admin": True, "query": query})

    assert (answer.status, answer.data) == (200, [])
    assert answer.code in ("err_invalid_search_xml", "err_validation_blank")


def test_an_escaped_subject_is_found(caller):
    assert "Lunch & <dinner>" in subjects(caller, f"<text>subject: {escape('Lunch & <dinner>')}</text>")


def test_days_count_in_utc_and_one_bound_may_be_absent(caller):
    now = caller.tenant.clock.now()
    for hours, name in ((2, "this morning"), (24, "yesterday"), (24 * 20, "three weeks ago"), (24 * 200, "long ago")):
        caller.tenant.add_message(status="archived", subject=name, received=now - timedelta(hours=hours))
    names = {"this morning", "yesterday", "three weeks ago", "long ago"}

    def got(select):
        return subjects(caller, f"<date {select}/>") & names

    assert got('select="today"') == {"this morning"}
    assert got('select="yesterday"') == {"yesterday"}
    assert got('select="last_week"') == {"this morning", "yesterday"}
    assert got('select="last_month"') == names - {"long ago"}
    assert got('select="last_year"') == names
    assert got('select="between" to="2025-01-12T00:00:00Z"') == {"three weeks ago", "long ago"}
    assert got('select="between" from="2025-01-13T00:00:00Z" to="2025-01-13T23:59:59Z"') == {"yesterday"}


def test_a_mailbox_holds_what_was_received_and_sent_and_aliases_only_on_request(caller):
    caller.tenant.add_message(status="archived", subject="to the alias", to=["ann@northwind-group.example"])

    def got(aliases):
        box = f'<mailbox include-aliases="{aliases}">ann@northwind.example</mailbox>'
        return subjects(caller, mailboxes=box)

    assert "Delivery plan 77" in got("false")
    assert "to the alias" not in got("false")
    assert "to the alias" in got("true")
    assert subjects(caller, mailboxes="<mailbox></mailbox>") == subjects(caller)


def test_documents_and_routes_narrow(caller):
    rows = found(caller)
    with_files = {row["id"] for row in rows if row["attachmentcount"]}

    assert {row["id"] for row in found(caller, '<docs select="any"/>')} == with_files
    assert {row["id"] for row in found(caller, '<docs select="none"/>')} == {row["id"] for row in rows} - with_files
    by_route = [found(caller, f"<route>{name}</route>") for name in ("inbound", "outbound", "internal")]
    assert sum(map(len, by_route)) == len(found(caller, "<route/>")) == len(rows)


def test_pages_follow_tokens_and_every_row_comes_once(caller):
    rows = found(caller)
    seen, page, starts = [], None, []
    while True:
        answer = ask(caller, page=page, page_size=3)
        block = answer.json["meta"]["pagination"]
        seen += answer.data[0]["items"]
        starts.append(block["recordStart"])
        assert (block["pageSize"], "totalCount" in block) == (3, False)
        if not block.get("next"):
            break
        page = {"pageToken": block["next"]}

    assert seen == rows
    assert starts == list(range(0, len(rows), 3))
    assert found(caller, startrow=4) == rows[4:]


def test_the_big_archive_is_planned_without_being_written_and_holds_all_kinds_of_mail():
    tenant = Tenant.generate(messages=100, seed=7, archive=10_000)
    assert not tenant.world._mails

    rows = tenant.archived()

    assert len(rows) >= 10_000
    categories = {row["category"] for row in rows}
    assert categories >= {"business", "newsletter", "bulk", "phish"}
    held_lures = {row["fromHeader"]["emailAddress"] for row in tenant.hold_queue()}
    assert {row["from"] for row in rows if row["category"] == "phish"} & held_lures
    ages = [tenant.clock.epoch() - row["received"] for row in rows]
    assert max(ages) > 350 * 86_400
    assert sum(age < 29 * 86_400 for age in ages) > 3_000


def test_equal_seeds_make_equal_archives():
    one, two, other = (
        Tenant.generate(messages=10, seed=seed, archive=200, now=None, frozen=True) for seed in (7, 7, 8)
    )
    plain = [[(row["subject"], row["messageId"]) for row in tenant.archived()] for tenant in (one, two, other)]

    assert plain[0] == plain[1] != plain[2]


def test_a_search_of_ten_thousand_takes_moments(connect):
    caller = connect(Tenant.generate(messages=50, seed=7, archive=10_000))
    found(caller, "<text>subject: invoice</text>")  # reads every mail once

    began = time.process_time()
    found(caller, '<sent select="from">fabrikam.example</sent><date select="last_month"/>')

    assert time.process_time() - began < 1.0


def test_the_list_of_a_mailbox_tells_inbox_from_sent(either):
    box = {"mailbox": "ann@northwind.example", **either.window(30)}
    inbox = either.call(LIST, {**box, "view": "INBOX"}).data
    sent = either.call(LIST, {**box, "view": "SENT"}).data

    assert {row["subject"] for row in inbox} >= {"Delivery plan 77", "Quarterly figures"}
    assert set(inbox[0]) == {"id", "subject", "size", "received", "from", "attachmentCount"}
    assert sent == []
