from __future__ import annotations

import json

import pytest

from mailroom.errors import ResponseError
from mailroom.mimecast.envelope import parse_json, read_envelope

ERROR = {"field": "id", "code": "err_validation_null", "message": "must not be null", "retryable": False}


def read(value, status=200):
    return read_envelope(status, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        ([{"key": {"id": "a"}, "errors": [ERROR]}], [({"id": "a"}, "id", "err_validation_null")]),
        ([{"errors": [ERROR, ERROR]}], [(None, "id", "err_validation_null")] * 2),
        ([{"code": "app_forbidden", "message": "no"}], [(None, "", "app_forbidden")]),
        ({"code": "app_forbidden", "message": "no"}, [(None, "", "app_forbidden")]),
        ({"key": "a", "errors": ERROR}, [("a", "id", "err_validation_null")]),
        ("broken", [(None, "", "")]),
        ([{"key": {"id": "a"}, "errors": [{"code": "x"}]}], [({"id": "a"}, "", "x")]),
        ([None, 7], [(None, "", ""), (None, "", "")]),
        (None, []),
        ([], []),
    ],
)
def test_every_known_shape_of_fail_is_read(fail, expected):
    envelope = read({"meta": {"status": 200}, "data": [], "fail": fail})
    found = [(failure.key, error.field, error.code) for failure in envelope.failures for error in failure.errors]
    assert found == expected


def test_a_missing_fail_is_no_failure():
    assert read({"meta": {"status": 200}, "data": []}).failures == []


def test_meta_status_counts_when_http_claims_success():
    assert read({"meta": {"status": 403}, "data": []}).status == 403
    assert read({"meta": {"status": 200}, "data": []}, status=500).status == 500
    assert read({"meta": {"status": True}, "data": []}).status == 200


def test_absent_data_is_told_from_empty_data():
    assert read({"data": []}).has_data
    assert not read({"meta": {"status": 200}}).has_data
    assert read({"data": {"a": 1}}).data == [{"a": 1}]


def test_an_empty_body_is_an_error_only_when_success_is_claimed():
    assert read_envelope(400, b"").empty_body
    with pytest.raises(ResponseError, match="empty"):
        read_envelope(200, b" \r\n")


def test_a_gateway_page_keeps_its_status():
    envelope = read_envelope(502, b"<html>Bad Gateway</html>")
    assert envelope.status == 502
    assert "HTML" in envelope.failures[0].errors[0].message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "HTML"),
        (b'{"data": [1', "cut off"),
        (b"[1, 2]", "list"),
        (b'"text"', "str"),
        (b'{"data": [NaN]}', "NaN"),
        (b'{"data": [-Infinity]}', "Infinity"),
        (b'{"data": [], "data": [1]}', "twice"),
        (b'{"data": ' + b"[" * 200_000, "deep"),
        (b'{"data": ["\xe9t\xe9"]}', "UTF-8"),
        ('{"data": []}'.encode("utf-16"), "UTF-8"),
        (b'{"data": [' + b"9" * 10_000 + b"]}", "not JSON"),
    ],
)
def test_an_unreadable_success_is_a_typed_error(body, reason):
    with pytest.raises(ResponseError, match=reason):
        read_envelope(200, body)


@pytest.mark.parametrize("colon", [":", " : "])
def test_however_it_is_spaced_json_is_read_exactly_or_refused(colon):
    def reading(text):
        return parse_json(text.replace(":", colon).encode())

    assert reading('{"a":12345678901234567890123,"b":[1.50,-0.0,1e3],"c":"\\u00e9\\/","d":{}}') == {
        "a": 12345678901234567890123,
        "b": [1.5, -0.0, 1000.0],
        "c": "\xe9/",
        "d": {},
    }
    assert reading('{"a":' + "[" * 253 + "]" * 253 + "}")["a"]
    for text in ('{"a":{"b":1,"b":1}}', '{"a":[{"b":1,"b":2}]}', '{"a":' + "[" * 254 + "]" * 254 + "}"):
        with pytest.raises(ResponseError, match=r"twice|deep"):
            reading(text)


def test_a_byte_order_mark_is_skipped():
    assert read_envelope(200, b"\xef\xbb\xbf" + b'{"data": [1]}').data == [1]


def test_error_texts_never_quote_the_body():
    with pytest.raises(ResponseError) as caught:
        parse_json(b'{"data": "the-secret-content" oops')
    assert "the-secret-content" not in str(caught.value)


def test_texts_of_the_other_side_become_one_bounded_line():
    message = "line\r\nforged: yes\x1b[31m" + "x" * 100_000
    said = str(read({"fail": [{"code": "c", "message": message}]}).failures[0].errors[0])
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 700
