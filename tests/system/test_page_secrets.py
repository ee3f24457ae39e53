"""The local page over HTTP: passwords, and what no response may hold."""

import time
from pathlib import Path

import pytest

from daemon.page.attempts import PER_ADDRESS
from daemon.page.passwords import PasswordHash
from tests.system.broker import HOST, free_port
from tests.system.daemon_process import LoudSource
from tests.system.page import StartPage

pytest.importorskip("starlette", reason="the page needs the web extra")

PASSWORD = "correct horse"  # noqa: S105 - of a test
SECRETS = ("cam-Ahy8chuo", "path-eiW3ohxu", "cmd-xo7Aegh2", "beat-Poh4iequ", "usr-Iek9aeph")


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "web-password"
    path.write_text(PasswordHash.of(PASSWORD).to_text())
    return str(path)


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
