"""The local page over HTTP, with the real daemon behind it: who may see what, and what holds."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from daemon.page.attempts import PER_ADDRESS
from daemon.page.passwords import PasswordHash
from tests.system.broker import HOST, free_port
from tests.system.daemon_process import DaemonProcess, LoudSource
from tests.system.page_client import PageClient

pytest.importorskip("starlette", reason="the page needs the web extra")

PASSWORD = "correct horse"  # noqa: S105 - of a test
SECRETS = ("cam-Ahy8chuo", "path-eiW3ohxu", "cmd-xo7Aegh2", "beat-Poh4iequ", "usr-Iek9aeph")

StartPage = Callable[..., tuple[DaemonProcess, PageClient]]


@pytest.fixture
def start_page(tmp_path: Path, loud_source: LoudSource) -> Iterator[StartPage]:
    """Starts `aed run` with a page, without a broker; keywords replace settings."""
    started: list[DaemonProcess] = []

    def start(
        *, web: dict[str, Any] | None = None, **changes: object
    ) -> tuple[DaemonProcess, PageClient]:
        port = free_port()
        settings = {
            "mqtt": {"host": HOST, "port": free_port()},
            "sources": [loud_source.settings()],
            "web": {"port": port, **(web or {})},
            **changes,
        }
        daemon = DaemonProcess(tmp_path / f"daemon{len(started)}", settings)
        started.append(daemon)
        daemon.start()
        client = PageClient(port)
        client.wait_until_up()
        return daemon, client

    yield start
    for daemon in started:
        daemon.kill()


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "web-password"
    path.write_text(PasswordHash.of(PASSWORD).to_text())
    return str(path)


def chunked(port: int, chunk: bytes) -> bytes:
    """What comes back for a body without a length; it is sent as far as it is taken."""
    head = b"POST /api/mistakes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection((HOST, port), timeout=20) as connection:
        connection.sendall(head + b"X-AED: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(5):
                connection.sendall(chunk)
        return connection.recv(1_000)


def page_of(daemon: DaemonProcess) -> psutil.Process:
    (page,) = [
        each for each in psutil.Process(daemon.pid).children() if "daemon.page" in each.cmdline()
    ]
    return page


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


def test_only_whoever_knows_the_password_sees_anything(
    start_page: StartPage, password_file: str
) -> None:
    web = {"address": "0.0.0.0", "password_file": password_file}  # noqa: S104 - with a password
    daemon, client = start_page(web=web)

    assert client.get("/").headers["location"] == "/login"
    for path in ("/api/status", "/api/live", "/api/events", "/static/app.js", "/api/entry"):
        assert client.get(path).status == 401, path
    assert client.post("/api/mistakes", {"kind": "missed"}).status == 401
    assert client.get("/login").status == 200
    client.cookie = "aed_session=AAAA"
    assert client.get("/api/status").status == 401
    client.cookie = None
    assert client.post("/api/login", {"password": PASSWORD}, {"Origin": "http://x"}).status == 403
    assert client.post("/api/login", {"password": 5}).status == 400
    assert client.post("/api/login", {"password": PASSWORD + "!"}).status == 401
    given = client.post("/api/login", {"password": PASSWORD})
    assert given.status == 200
    assert "httponly" in given.headers["set-cookie"].lower()
    assert "samesite=strict" in given.headers["set-cookie"].lower()
    assert client.get("/api/status").status == 200
    assert client.get("/").status == 200

    daemon.kill()
    daemon.start()
    client.wait_until_up()
    assert client.get("/api/entry").data == {"has_password": True}
    client.post("/api/logout", {})
    assert client.get("/api/status").status == 401


def test_passwords_cannot_be_tried_without_end(start_page: StartPage, password_file: str) -> None:
    _, client = start_page(web={"password_file": password_file})

    tries = [client.post("/api/login", {"password": f"guess {n}"}) for n in range(PER_ADDRESS)]
    last = client.post("/api/login", {"password": PASSWORD})

    assert [each.status for each in tries] == [401] * PER_ADDRESS
    assert last.status == 429
    assert 200 < int(last.headers["retry-after"]) <= 300


def test_no_secret_is_in_any_response(
    start_page: StartPage, loud_source: LoudSource, tmp_path: Path
) -> None:
    camera, path, command, beat, user = SECRETS
    (tmp_path / "pw").write_text(camera)
    closed = free_port()
    rtsp = f"rtsp://cam:{camera}@{HOST}:{closed}/{path}?t={camera}"
    _, client = start_page(
        mqtt={
            "host": HOST,
            "port": closed,
            "username": user,
            "password_file": str(tmp_path / "pw"),
        },
        heartbeat={"url": f"http://{HOST}:{closed}/{beat}"},
        sources=[
            loud_source.settings(),
            {"kind": "rtsp", "name": "cam", "url": rtsp},
            {
                "kind": "command",
                "name": "cmd",
                "sample_rate_hz": 16_000,
                "command": f"nosuchprogram --token {command}",
            },
        ],
    )
    deadline_s = time.monotonic() + 20
    while "nosuchprogram" not in client.get("/api/log").body.decode():
        assert time.monotonic() < deadline_s
        time.sleep(0.3)

    paths = ["/api/" + name for name in ("describe", "status", "log", "suppressed", "trend")]
    said = "".join(client.get(path).body.decode() for path in [*paths, "/api/events"])

    assert [secret for secret in SECRETS if secret in said] == []
    assert HOST in said
    assert "nosuchprogram" in said


def test_a_fault_of_the_page_is_none_of_hearing_and_it_comes_back(start_page: StartPage) -> None:
    daemon, client = start_page()
    heard_s = client.get("/api/status").data["health"]["sources"]["mic"]["heard_s"]
    page_of(daemon).kill()

    daemon.wait_for_log("the web page does not run: it ended with exit code -9")
    client.wait_until_up()

    source = client.get("/api/status").data["health"]["sources"]["mic"]
    assert source["heard_s"] > heard_s
    assert (source["state"], source["restarts"], source["dropped_s"]) == ("online", 0, 0.0)


def test_viewers_who_do_not_read_or_are_too_many_hold_up_nobody(start_page: StartPage) -> None:
    daemon, client = start_page()
    idle = [socket.create_connection((HOST, client.port)) for _ in range(20)]
    for each in idle:
        each.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    for each in [socket.create_connection((HOST, client.port)) for _ in range(10)]:
        each.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        idle.append(each)

    assert client.first_live(b'data: {"source"')
    assert client.get("/api/status").data["health"]["sources"]["mic"]["dropped_s"] == 0.0
    for each in idle:
        each.close()
    assert daemon.stop()[0] == 0


def test_stopping_with_viewers_is_quick_and_leaves_nothing(start_page: StartPage) -> None:
    daemon, client = start_page()
    page = page_of(daemon)
    with socket.create_connection((HOST, client.port)) as viewer:
        viewer.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert viewer.recv(100)

        code, took_s = daemon.stop()

    assert code == 0
    assert took_s < 3.0
    assert not page.is_running()
