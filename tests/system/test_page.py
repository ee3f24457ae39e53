"""The local page over HTTP, with the real daemon behind it: who may see what, and what holds."""

import contextlib
import json
import socket
from pathlib import Path

import pytest

from tests.system.broker import HOST
from tests.system.page import StartPage, page_of

pytest.importorskip("starlette", reason="the page needs the web extra")


def chunked(port: int, chunk: bytes) -> bytes:
    """What comes back for a body without a length; it is sent as far as it is taken."""
    head = b"POST /api/mistakes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection((HOST, port), timeout=20) as connection:
        connection.sendall(head + b"X-AED: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(5):
                connection.sendall(chunk)
        return connection.recv(1_000)


def test_it_tells_what_is_heard_and_how_aed_is_and_keeps_what_was_wrong(
    start_page: StartPage, tmp_path: Path
) -> None:
    _, client = start_page()

    frame = json.loads(client.first_live(b'data: {"source"').removeprefix(b"data: "))
    about = client.get("/api/describe").data

    assert len(frame["posteriors"]) == len(about["nodes"])
    assert about["sources"][0]["thresholds"]["smoke_alarm"]["on"] > 0.5
    status = client.get("/api/status").data
    assert status["health"]["sources"]["mic"]["state"] == "online"
    assert status["broker_connected"] is False
    assert client.get("/api/events?limit=5&node=alarm&critical=true").data == {"events": []}
    row = {"kind": "missed", "label": "smoke_alarm", "at": "2026-11-22T18:30:16Z", "source": "mic"}
    assert client.post("/api/mistakes", row).data == {"has_clip": False}
    assert client.get("/api/mistakes").data["mistakes"][0]["label"] == "smoke_alarm"
    kept = json.loads((tmp_path / "daemon0" / "state" / "mistakes.jsonl").read_text())
    assert (kept["label"], kept["source"], kept["split"]) == ("smoke_alarm", "home:test", "train")


def test_every_response_carries_the_headers_that_keep_strangers_scripts_out(
    start_page: StartPage,
) -> None:
    _, client = start_page()

    for path in ("/", "/static/app.js", "/api/status", "/api/nothing", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    page = client.get("/").body.decode()
    assert "http" not in page
    assert "<script>" not in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_no_path_leads_out_of_what_may_be_seen(start_page: StartPage) -> None:
    _, client = start_page()

    for path in (
        "/static/../../__main__.py",
        "/static/..%2f..%2f__main__.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/index.html%00.js",
        "/api/clip/..%2f..%2fsettings.yaml",
        "/api/clip/../../../../etc/passwd",
        "/api/clip/01a21f8d-e92a-746e-a50d-3ae5810d27d8",
        "/api/explanation/%2fetc%2fpasswd",
        "//etc/passwd",
    ):
        answer = client.get(path)
        assert answer.status in (404, 422), path
        assert len(answer.body) < 300


def test_strange_sites_names_and_forms_are_turned_away(start_page: StartPage) -> None:
    _, client = start_page()
    row = {"kind": "missed", "label": "smoke_alarm", "at": "2026-11-22T18:30:16Z"}
    port = client.port

    assert client.get("/api/status", {"Host": f"evil.example:{port}"}).status == 421
    assert client.get("/", {"Host": "evil.example"}).status == 421
    assert client.get("/api/status", {"Sec-Fetch-Site": "cross-site"}).status == 403
    for wrong in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}:{port + 1}"},
        {"X-AED": "0"},
        {"Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert client.post("/api/mistakes", row, wrong).status == 403, wrong
    assert client.ask("DELETE", "/api/mistakes").status == 403
    right = {"Origin": f"http://{HOST}:{port}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/mistakes", row, right).status == 200
    assert len(client.get("/api/mistakes").data["mistakes"]) == 1


def test_whatever_is_sent_is_answered_and_changes_nothing(start_page: StartPage) -> None:
    daemon, client = start_page()
    event_id = "01a21f8d-e92a-746e-a50d-3ae5810d27d8"
    long = {
        "kind": "missed",
        "label": "smoke_alarm",
        "at": "2026-11-22T18:30:16Z",
        "note": "x" * 501,
    }

    wrong: list[object] = [
        [],
        "text",
        None,
        {"kind": "missed"},
        {"kind": "false_alarm", "event_id": event_id},
        {"kind": "false_alarm", "event_id": "../../x"},
        {"kind": "missed", "label": "no_such_node", "at": "2026-11-22T18:30:16Z"},
        {"kind": "missed", "label": "smoke_alarm", "at": "yesterday"},
        {"request": "mute", "for_s": 3600},
        long,
    ]
    for data in wrong:
        assert client.post("/api/mistakes", data).status in (400, 422), data
    script = {"Content-Type": "application/json", "X-AED": "1"}
    assert client.ask("POST", "/api/mistakes", b"[" * 8_000, script).status == 400
    assert client.ask("POST", "/api/mistakes", b"\xff", script).status == 400
    assert client.ask("POST", "/api/mistakes", b"x" * 9_000, script).status == 413
    assert b" 413 " in chunked(client.port, b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    absurd = {**script, "Content-Length": "-5"}
    assert client.ask("POST", "/api/mistakes", b"", absurd).status in (400, 413)
    for query in ("limit=-1", "limit=99999", "since=now", "node=%00", "critical=maybe&limit=x"):
        assert client.get(f"/api/events?{query}").status in (400, 422), query
    assert client.get("/api/events?node=" + "x" * 2_000).status == 414
    for name in ("mute", "set_threshold", "reload", "self_test", "subscribe", "recent_events"):
        assert client.get(f"/api/{name}").status == 404
    assert client.get("/api/mistakes").data == {"mistakes": []}
    assert page_of(daemon).is_running()
    assert "Traceback" not in daemon.log


def test_what_is_no_http_ends_nothing_and_fills_no_log(start_page: StartPage) -> None:
    daemon, client = start_page()
    get = b"GET / HTTP/1.1\r\n"
    local = b"Host: 127.0.0.1\r\n"

    for sent in (
        b"\x16\x03\x01\x02\x00" + bytes(range(256)),
        b"NONSENSE\r\n\r\n",
        get + b"Host: [\r\n\r\n",
        get + b"Host: \xff\xfe\r\n\r\n",
        get + local + b"Cookie: aed_session=\xff; ;=;\r\n\r\n",
        get + local + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        get + local + b"X: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n" + local + b"\r\n",
        b"GET /%ff%00 HTTP/1.1\r\n" + local + b"\r\n",
        get + local + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ):
        with socket.create_connection((HOST, client.port), timeout=20) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                status = connection.recv(1_000)[9:12]
            assert status in (b"", b"200", b"400", b"404", b"413", b"421", b"431"), sent[:60]

    assert client.get("/api/status").status == 200
    assert "web page" not in daemon.log
