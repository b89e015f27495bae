"""Links are followed only where they may lead, without credentials, up to the cap."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.errors import (
    NotFoundError,
    NotOfferedError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import content
from mailroom.mimecast.presigned import checked_link

FILE, DETAIL = "/api/gateway/message/get-file", "/api/gateway/message/get-message-detail"


@pytest.mark.parametrize(
    "link",
    [
        "https://eu.download.api.services.mimecast.com/x?expires=1&sig=a%2Fb",
        "https://EU.Mimecast.com:443/x",
        "https://a.mimecast.com",
    ],
)
def test_links_to_mimecast_are_followed(link):
    assert checked_link(link, FILE) == link


@pytest.mark.parametrize(
    "link",
    [
        "http://eu.mimecast.com/x",
        "https://mimecast.com.evil.example/x",
        "https://evilmimecast.com/x",
        "https://evil.example/.mimecast.com",
        "https://evil.example?.mimecast.com/",
        "https://evil.example#.mimecast.com/",
        "https://evil.example\\.mimecast.com/x",
        "https://user@evil.example:a@eu.mimecast.com/x",
        "https://eu.mimecast.com@evil.example/x",
        "https://eu.mimecast.com:8443/x",
        "https://eu.mimecast.com./x",
        "https://eu.mimecast.com/x\r\nHost: evil.example",
        "https://eu.mimecast.com/a b",
        "https://eu.mimecast。com/x",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/x",
        "file:///etc/passwd",
        "//eu.mimecast.com/x",
        "",
        None,
        {"url": "https://eu.mimecast.com/x"},
        "https://eu.mimecast.com/" + "x" * 10_000,
    ],
)
def test_other_links_are_not(link):
    with pytest.raises(ResponseError, match="not followed"):
        checked_link(link, FILE)


def test_a_link_to_where_the_api_itself_is_may_be_followed():
    assert checked_link("http://127.0.0.1:80/x", FILE, "http://127.0.0.1:80") == "http://127.0.0.1:80/x"
    for link in ("http://127.0.0.1:81/x", "http://127.0.0.1/x", "http://127.0.0.1:80@evil.example/x",
                 "https://127.0.0.1:80/x", "http://127.0.0.1:800/x"):  # fmt: skip
        with pytest.raises(ResponseError):
            checked_link(link, FILE, "http://127.0.0.1:80")


@pytest.fixture
def loopback(server, client_for):
    server.add(FILE, ok({"urls": [f"{server.url}/blob?sig=x"]}))
    return client_for("2.0")


def test_a_file_is_written_and_its_digest_told(server, loopback):
    server.add("/blob", Answer(b"x" * 200_000))
    sink = BytesIO()
    digest = content.get_file(loopback, "f", sink)
    assert (digest.size, digest.sha256) == (200_000, hashlib.sha256(b"x" * 200_000).hexdigest())
    assert len(sink.getvalue()) == 200_000


def test_a_file_over_the_cap_is_refused(server, loopback):
    server.add("/blob", Answer(b"x" * 200_000))
    sink = BytesIO()
    with pytest.raises(RejectedError, match="larger than 100000") as caught:
        content.get_file(loopback, "f", sink, max_bytes=100_000)
    assert caught.value.code == "too_large"
    assert len(sink.getvalue()) <= 100_000


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(b"", 302, {"Location": "http://169.254.169.254/"}), ResponseError),
        (Answer(b"", 403), NotFoundError),
        (Answer(b"", 404), NotFoundError),
        (Answer(b"", 503), TransientError),
        (Answer(b"x" * 100, cut=10), TransientError),
        (Answer(reset=True), TransientError),
    ],
)
def test_a_failed_download_is_a_typed_error(server, loopback, answer, kind):
    server.add("/blob", answer)
    with pytest.raises(kind):
        content.get_file(loopback, "f", BytesIO())
    assert len(server.calls("/blob")) == 1


@pytest.mark.parametrize("data", [(), ({},), ({"urls": []},), (None,)])
def test_no_link_is_no_file(server, loopback, data):
    server.add(FILE, ok(*data))
    with pytest.raises(NotFoundError):
        content.get_file(loopback, "f", BytesIO())


def test_the_parts_of_a_message_are_listed(server, client_1):
    part = {"id": "f1", "filename": "../../a.exe", "size": "12", "sha256": "AB", "contentType": "x/y"}
    server.add(DETAIL, ok({"id": "h1", "mimeMessageId": "<m>", "attachments": [part, None, {"filename": "no id"}]}))
    detail = content.get_message_detail(client_1, "h1")
    assert [(entry.id, entry.name, entry.size, entry.sha256) for entry in detail.attachments] == [
        ("f1", "../../a.exe", 12, "ab")
    ]


@pytest.mark.parametrize("status", [403, 404])
def test_message_detail_is_said_to_be_missing_on_api_2(server, client, status):
    for answer in (
        Answer({"fail": [{"code": "app_forbidden", "message": ""}]}, status),
        Answer(b"", status),
        Answer({"meta": {"status": status}, "data": [], "fail": []}, status),
    ):
        server.add(DETAIL, answer)
        with pytest.raises(NotOfferedError, match="get-message-info"):
            content.get_message_detail(client, "h1")


def test_on_api_1_a_missing_permission_is_one(server, client_1):
    server.add(DETAIL, fail("err_forbidden", status=403))
    with pytest.raises(PermissionMissingError, match=r"Gateway \| Tracking \| Read"):
        content.get_message_detail(client_1, "h1")
