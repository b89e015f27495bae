from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest

from sandbox import Tenant, main, serve

ACCOUNT = "/api/account/get-account"


def exchange(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while block := sock.recv(65536):
            received += block
    return received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", b"400"),
        (b"A" * 70_000, b"413"),
    ],
)
def test_bytes_that_are_no_request_are_answered_and_the_line_closed(caller, sent, status):
    answer = exchange(caller.connection.port, sent)

    assert answer.split(b" ")[1] == status
    assert caller.call(ACCOUNT).status == 200


def test_requests_can_follow_each_other_on_one_line_without_waiting(caller):
    one = b"GET /__sandbox__/state HTTP/1.1\r\nHost: x\r\n\r\n"

    answer = exchange(caller.connection.port, one * 3)

    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_a_client_may_take_the_server_for_its_proxy(caller):
    answer = exchange(caller.connection.port, b"GET http://any.example/__sandbox__/state HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"data": {}}', b'{"data": [1]}', b'{"data": [], "more": 1}', b'{"meta": {"pagination": 3}}']
)
def test_a_body_that_is_no_envelope_is_400(caller, body):
    assert caller.send("POST", ACCOUNT, body, caller.signed(ACCOUNT)).status == 400


def test_a_body_of_another_type_is_400_and_an_empty_one_is_fine(caller):
    headers = {**caller.signed(ACCOUNT), "Content-Type": "text/plain"}

    assert caller.send("POST", ACCOUNT, b'{"data": []}', headers).status == 400
    assert caller.send("POST", ACCOUNT, b"", caller.signed(ACCOUNT)).status == 200


def test_the_date_header_is_tenant_time(caller):
    caller.tenant.advance(timedelta(hours=1))

    assert caller.call(ACCOUNT).headers["date"] == "Tue, 14 Jan 2025 10:30:00 GMT"


def test_every_answer_has_a_request_id_and_every_call_is_remembered(caller):
    answer = caller.call(ACCOUNT)
    call = caller.tenant.calls[-1]

    assert answer.headers["x-request-id"] == call.request_id
    assert (call.path, call.method, call.status, call.generation) == (ACCOUNT, "POST", 200, "1.0")


def test_a_closed_server_takes_no_more_calls_and_its_port_is_free():
    server = serve(Tenant.generate(messages=1, seed=1))
    server.close()

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=2)
    serve(Tenant.generate(messages=1, seed=1), port=server.port).close()


def test_the_back_door_arms_faults_and_moves_time(caller):
    def post(name, body):
        return caller.send("POST", f"/__sandbox__/{name}", json.dumps(body).encode()).json

    assert post("faults", {"kind": "status", "path": ACCOUNT, "status": 500}) == {"armed": 1}
    assert caller.call(ACCOUNT).status == 500
    post("limit", {"path": ACCOUNT, "calls": 1, "per_seconds": 60})
    assert [caller.call(ACCOUNT).status for _ in range(2)] == [200, 429]
    assert post("advance", {"seconds": 60})["now"] == "2025-01-14T09:31:00+00:00"
    (hold_id,) = post("message", {"subject": "by the back door", "to": ["a@northwind.example"]})["hold_ids"]
    assert hold_id in caller.send("GET", "/__sandbox__/labels").json
    assert "error" in post("faults", {"kind": "nothing"})
    assert caller.send("GET", "/__sandbox__/nothing").status == 404
    assert all(not call.path.startswith("/__sandbox__/") for call in caller.tenant.calls)


def test_the_command_refuses_a_rate_it_cannot_read(capsys):
    with pytest.raises(SystemExit):
        main(["--rate-limit", "fast"])

    assert "50/s" in capsys.readouterr().err


def test_a_second_tenant_on_the_same_port_is_told_what_to_do(capsys):
    with serve(Tenant.generate(messages=1, seed=7)) as first:
        taken = first.url.rpartition(":")[2]
        for port in (taken, "99999"):
            with pytest.raises(SystemExit) as ended:
                main(["--messages", "1", "--archive", "0", "--port", port])
            assert ended.value.code == 2
            assert "take another port with --port, 0 for any" in capsys.readouterr().err


def test_a_memory_that_cannot_be_kept_is_told_with_the_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    with pytest.raises(SystemExit):
        main(["--messages", "1", "--archive", "0", "--port", "0", "--state", str(tmp_path / "file")])

    assert f"{tmp_path / 'file'}: " in capsys.readouterr().err
