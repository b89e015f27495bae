"""What one archived message says, its parts and files, and who looked at it."""

from __future__ import annotations

from email import message_from_bytes, policy
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from sandbox import Fault, Tenant
from sandbox.data.body import unprotect
from sandbox.data.mail import Component

SEARCH = "/api/archive/search"
DETAIL = "/api/archive/get-message-detail"
PART = "/api/archive/get-message-part"
FILE = "/api/archive/get-file"
LOGS = "/api/archive/get-archive-search-logs"
SEARCH_LOGS = "/api/archive/get-search-logs"
VIEWS = "/api/archive/get-view-logs"
QUERY = (
    '<xmlquery><metadata query-type="emailarchive"><return-fields><return-field>id</return-field>'
    "<return-field>smash</return-field><return-field>attachmentcount</return-field></return-fields></metadata>"
    "<muse><text>subject: delivered</text></muse></xmlquery>"
)


@pytest.fixture
def row(caller):
    caller.tenant.add_message(
        status="archived",
        subject="delivered once",
        to=["ann@northwind.example"],
        from_addr="eve@evil.example",
        url="https://evil.example/login",
        message_id="<m1@evil.example>",
        components=[
            Component("Email Primary Body Plain Text", "body.txt", "text/plain", 500, "aa", attachment=False),
            Component("Email Primary Body HTML", "body.html", "text/html", 500, "bb", attachment=False),
            Component("PDF", "offer.pdf", "application/pdf", 9_000, "cc"),
            Component("PNG Image", "logo.png", "image/png", 900, "dd", attachment=False, inline=True),
        ],
    )
    return caller.call(SEARCH, {"admin": True, "query": QUERY}).data[0]["items"][0]


def fetched(caller, url):
    parts = urlsplit(url)
    return caller.send("GET", f"{parts.path}?{parts.query}")


def test_inline_pictures_are_no_attachments_in_the_count_and_files_in_the_detail(caller, row):
    detail = caller.call(DETAIL, {"id": row["id"], "admin": True, "context": "RECEIVED"}).data[0]

    assert row["attachmentcount"] == 1
    assert [(part["filename"], part["bodyType"]) for part in detail["attachments"]] == [
        ("offer.pdf", "ATTACHMENT"),
        ("logo.png", "INLINE"),
    ]
    assert (detail["mimeMessageId"], detail["smash"]) == ("<m1@evil.example>", row["smash"])
    assert len(detail["messageBodyPreview"]) <= 100
    assert ["delivered once"] in [one["values"] for one in detail["headers"] if one["name"] == "Subject"]


def test_a_smash_is_no_id_and_a_damaged_id_is_http_400(caller, row):
    for path in (DETAIL, FILE):
        assert caller.call(path, {"id": row["smash"]}).code == "xdk_failure"
    assert caller.call(PART, {"id": row["smash"], "type": "RFC822"}).code == "xdk_failure"
    damaged = caller.call(DETAIL, {"id": row["id"][:-4]})
    assert (damaged.status, damaged.body) == (400, b"")


def test_the_first_generation_sends_the_mail_as_bytes(caller, row):
    answer = caller.call(PART, {"id": row["id"], "type": "RFC822", "context": "RECEIVED"})

    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    mail = message_from_bytes(answer.body, policy=policy.default)
    assert (mail["Message-ID"], mail["Subject"]) == ("<m1@evil.example>", "delivered once")
    files = {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if part.get_filename()}
    detail = caller.call(DETAIL, {"id": row["id"]}).data[0]
    assert {one["filename"]: one["sha256"] for one in detail["attachments"]} == {
        name: sha256(content).hexdigest() for name, content in files.items()
    }


def test_a_failure_is_an_envelope_and_not_bytes(caller, row):
    answer = caller.call(PART, {"id": row["id"], "type": "EVERYTHING"})
    assert answer.code == "err_validation_value_not_allowed"
    assert caller.call(PART, {"id": row["id"], "type": "rfc822"}).code == "err_validation_value_not_allowed"

    caller.generation = "2.0"
    assert caller.call(PART, {"id": row["id"], "type": "rfc822"}).body.startswith(b"Received:")


def test_delivered_links_are_rewritten_and_received_ones_are_not(caller, row):
    received, delivered = (
        caller.call(PART, {"id": row["id"], "type": "PLAIN", "context": context}).body.decode()
        for context in ("RECEIVED", "DELIVERED")
    )

    assert "https://evil.example/login" in received
    (link,) = [line for line in delivered.splitlines() if line.startswith("https://")]
    assert unprotect(link) == "https://evil.example/login"


def test_a_file_is_bytes_in_the_first_generation_and_an_address_in_the_second(caller, row):
    detail = caller.call(DETAIL, {"id": row["id"]}).data[0]
    part = detail["attachments"][0]
    direct = caller.call(FILE, {"id": part["id"]})
    whole = caller.call(FILE, {"id": row["id"]})

    caller.generation = "2.0"
    addressed = fetched(caller, caller.call(FILE, {"id": part["id"]}).data[0]["urls"][0])
    mail = fetched(caller, caller.call(FILE, {"id": row["id"]}).data[0]["urls"][0])

    assert sha256(direct.body).hexdigest() == part["sha256"] == sha256(addressed.body).hexdigest()
    assert whole.body == mail.body
    assert mail.body.startswith(b"Received:")


def test_parts_can_come_by_address_in_the_second_generation(connect):
    caller = connect(Tenant.generate(messages=5, archive=30, part_urls_on_v2=True))
    caller.generation = "2.0"
    archive_id = caller.tenant.archived()[0]["id"]

    url = caller.call(PART, {"id": archive_id, "type": "plain"}).data[0]["urls"][0]

    assert fetched(caller, url).body.startswith(b"Dear ")


def test_every_search_and_every_view_is_in_the_logs(either, row):
    either.call(DETAIL, {"id": row["id"]})
    either.call(PART, {"id": row["id"], "type": "PLAIN" if either.generation == "1.0" else "plain"})
    either.search()

    searches = either.call(LOGS, either.window(1)).data[0]["logs"]
    views = either.call(VIEWS, either.window(1)).data[0]["logs"]

    assert [one["searchText"] for one in searches] == ["subject: delivered"]
    assert searches[0]["museQuery"] == QUERY
    assert [one["contentViewed"] for one in views] == ["message content", "message details"]
    assert {one["viewer"] for one in views} == {"svc-mailroom@northwind.example"}
    both = either.call(SEARCH_LOGS, either.window(1)).data[0]["logs"]
    assert [one["source"] for one in both] == ["tracking", "archive"]
    assert either.call(LOGS, {**either.window(1), "query": "nothing"}).data == [{"logs": []}]
    either.tenant.logs_flat = True
    assert either.call(VIEWS, either.window(1)).data == views


def test_looks_survive_a_restart(tmp_path):
    first = Tenant.load_or_generate(tmp_path, messages=5, archive=20)
    first.world.searches.search("svc", QUERY, "subject: delivered")
    first.world.searches.view("svc", 3, "message details")
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5)

    assert second.archive == 20
    assert second.world.searches.searches == first.world.searches.searches
    assert second.world.searches.views == first.world.searches.views
    with pytest.raises(ValueError, match="archive=20"):
        Tenant.load_or_generate(tmp_path, messages=5, archive=21)


def test_faults_that_damage_json_leave_bytes_alone_and_others_strike(caller, row):
    item = {"id": row["id"], "type": "RFC822"}
    plain = caller.call(PART, item).body
    for kind in ("drift", "nan", "duplicate_keys", "page_loop"):
        caller.tenant.faults.add(Fault(kind, PART))
        assert caller.call(PART, item).body == plain
    caller.tenant.faults.add(Fault("flat_fail", PART, code="x", content_type="application/octet-stream"))
    assert caller.call(PART, item).code == "x"
