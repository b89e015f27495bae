"""`mailroom mimecast ...` as a user runs it, against a sandbox."""

from __future__ import annotations

import pytest

from sandbox import Tenant

MONTH = ("--start", "2020-01-01")


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=60, seed=11, archive=800)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("messages", *MONTH, "--limit", "7"), "messages"),
        (("held", *MONTH, "--limit", "7"), "held_messages"),
        (("ttp-url", *MONTH, "--limit", "7"), "clicks"),
        (("ttp-attachment", *MONTH, "--limit", "7"), "scans"),
        (("ttp-impersonation", *MONTH, "--limit", "3"), "impersonations"),
        (("audit", *MONTH, "--limit", "7"), "events"),
        (("groups", "--limit", "2"), "groups"),
        (("processing", *MONTH, "--limit", "2"), "processing_messages"),
    ],
)
def test_a_list_is_a_table_for_people_and_one_object_for_programs(mailroom, words, name):
    answer = mailroom("mimecast", *words, "--json")
    assert answer.code == 0, answer.text
    rows = answer.json[name]
    assert len(rows) == int(words[-1])
    assert answer.json["limit_reached"] is True
    assert "raw" not in rows[0]
    shown = mailroom("mimecast", *words)
    assert shown.code == 0, shown.text
    assert f"{len(rows)} {name.replace('_', ' ')} (there may be more" in shown.text


def test_a_start_that_reaches_too_far_back_is_said(mailroom, caplog):
    mailroom("mimecast", "messages", *MONTH)
    assert "29 days" in caplog.text
    mailroom("mimecast", "audit", *MONTH)
    assert "60 days" in caplog.text


def test_one_message_is_shown_whole(mailroom):
    (found,) = mailroom("mimecast", "messages", *MONTH, "--limit", "1", "--json").json["messages"]
    shown = mailroom("mimecast", "message", found["id"])
    assert shown.code == 0
    assert found["status"] in shown.text
    assert mailroom("mimecast", "message", found["id"], "--json").json["id"] == found["id"]


@pytest.mark.parametrize("brackets", [True, False])
def test_a_message_is_found_by_its_message_id(mailroom, brackets):
    (found,) = mailroom("mimecast", "messages", *MONTH, "--limit", "1", "--json").json["messages"]
    message_id = mailroom("mimecast", "message", found["id"], "--json").json["message_id"]
    typed = message_id if brackets else f" {message_id.strip('<>')} "

    answer = mailroom("mimecast", "messages", *MONTH, "--message-id", typed, "--json")

    assert answer.code == 0, answer.text
    assert [one["id"] for one in answer.json["messages"]] == [found["id"]]
    both = mailroom("mimecast", "messages", *MONTH, "--message-id", typed, "--subject", "x")
    assert (both.code, "not by both" in both.text) == (2, True)


def test_the_queues_are_as_long_as_the_mail_on_its_way(mailroom):
    counts = mailroom("mimecast", "queues", *MONTH, "--json").json["queue_counts"]
    waiting = mailroom("mimecast", "processing", *MONTH, "--limit", "0", "--json").json["processing_messages"]
    assert sum(one["count"] for one in counts) == len(waiting) > 0
    assert "inbound" in mailroom("mimecast", "queues", *MONTH).text


def test_the_queue_is_counted_by_policy(mailroom):
    counted = mailroom("mimecast", "summary", "--json").json["policies"]
    held = mailroom("mimecast", "held", *MONTH, "--limit", "0", "--json").json["held_messages"]
    assert sum(line["count"] for line in counted) == len(held)


def test_ids_are_shown_when_asked_for(mailroom):
    (found,) = mailroom("mimecast", "held", *MONTH, "--limit", "1", "--json").json["held_messages"]
    assert found["id"][:20] not in mailroom("mimecast", "held", *MONTH, "--limit", "1").text
    text = mailroom("mimecast", "held", *MONTH, "--limit", "1", "--ids").text
    assert found["id"][:6] in text


def test_a_link_that_was_never_rewritten_ends_with_not_found(mailroom):
    answer = mailroom("mimecast", "decode-url", "https://www.adatum.example/", "--json")
    assert (answer.code, answer.json["success"]) == (8, False)


def test_incidents_want_a_criterion_and_a_wrong_field_is_a_mistake_of_usage(mailroom):
    assert mailroom("mimecast", "incidents").code == 2
    assert mailroom("mimecast", "held", "x", "--in", "colour").code == 2
    assert mailroom("mimecast", "held", "--end", "2025-01-01").code == 2
    assert mailroom("mimecast", "ttp-url", "--route", "sideways").code == 2
    assert mailroom("mimecast", "members", "nobody knows it").code == 8
    assert mailroom("mimecast", "incident", "TR-NOTHING").code == 8


def test_members_of_a_group_by_its_name(mailroom):
    (group, *_) = mailroom("mimecast", "groups", "--json").json["groups"]
    answer = mailroom("mimecast", "members", group["description"], "--json")
    assert len(answer.json["members"]) == group["user_count"]


def test_a_managed_url_list_may_be_empty(mailroom):
    assert "managed_urls" in mailroom("mimecast", "managed-urls", "--json").json
    assert mailroom("mimecast", "managed-urls").code == 0


def test_policies_are_listed(mailroom):
    assert mailroom("mimecast", "policies", "no such word", "--json").json["policies"] == []
    assert mailroom("mimecast", "policies").code == 0
