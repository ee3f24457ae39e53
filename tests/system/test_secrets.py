"""Password, camera address and heartbeat address appear nowhere, whatever goes wrong."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.health.web_server import WebServer
from tests.system.aed_check import check
from tests.system.broker import HOST, Broker, Subscriber, free_port
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_run import STATE, TOPICS

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on PATH"),
]

USER = "ear"
SECRETS = {
    "password": "pw-Zu5aelee",
    "wrong password": "pw-ohCh3eif",
    "password of the camera": "cam-Ahy8chuo",
    "path of the camera": "path-eiW3ohxu",
    "token of the camera": "tok-ieThae7o",
    "password in a command": "cmd-xo7Aegh2",
    "heartbeat": "beat-Poh4iequ",
}


def leaked(text: str) -> list[str]:
    """Which secrets a text holds."""
    return [name for name, secret in SECRETS.items() if secret.lower() in text.lower()]


def camera_url(port: int) -> str:
    secret = SECRETS["path of the camera"], SECRETS["token of the camera"]
    user = f"cam:{SECRETS['password of the camera']}"
    return f"rtsp://{user}@{HOST}:{port}/{secret[0]}?token={secret[1]}"


def command_line(port: int) -> str:
    url = f"http://cam:{SECRETS['password in a command']}@{HOST}:{port}/a.wav"
    return f"ffmpeg -nostdin -loglevel error -i {url} -f s16le -"


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that checks the password of whoever gives a name; nobody needs one to listen."""
    folder = tmp_path / "strict"
    folder.mkdir()
    words = ["mosquitto_passwd", "-b", "-c", str(folder / "pw"), USER, SECRETS["password"]]
    subprocess.run(words, check=True, capture_output=True)
    broker = Broker(folder, settings=f"allow_anonymous true\npassword_file {folder / 'pw'}\n")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def settings(tmp_path: Path, strict_broker: Broker, loud_source: LoudSource) -> dict[str, Any]:
    password = tmp_path / "password"
    password.write_text(SECRETS["password"])
    closed = free_port()
    login = {"username": USER, "password_file": str(password)}
    command = {"kind": "command", "name": "cmd", "sample_rate_hz": 16_000}
    return {
        "mqtt": {"host": HOST, "port": strict_broker.port, **login},
        "sources": [
            loud_source.settings(),
            {"kind": "rtsp", "name": "cam", "url": camera_url(closed)},
            {**command, "command": command_line(closed)},
        ],
    }


def test_no_secret_is_logged_published_or_kept_whatever_goes_wrong(
    tmp_path: Path,
    strict_broker: Broker,
    start_daemon: StartDaemon,
    loud_source: LoudSource,
    settings: dict[str, Any],
) -> None:
    server = WebServer()
    heartbeat = {"url": server.url(f"/500/{SECRETS['heartbeat']}"), "every_s": 10}
    subscriber = Subscriber(strict_broker.port)
    daemon = start_daemon(**settings, heartbeat=heartbeat)
    subscriber.wait_for(TOPICS.hearing, b"online")
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    loud_source.be_quiet()

    def said(text: str) -> bool:
        server.turn()
        return text in daemon.log

    for text in ("source cam is offline", "source cmd is offline", "it answers 500"):
        subscriber.wait_until(lambda text=text: said(text), text, 30.0)  # type: ignore[misc]
    server.server_close()

    bad_url = server.url("/").replace("//", f"//u:{SECRETS['heartbeat']}@")
    wrong: dict[str, Any] = {"kind": "rtsp", "name": "cam", "url": [camera_url(1)]}
    daemon.reload(
        heartbeat={"url": bad_url},
        sources=[wrong, {**wrong, "url": camera_url(1).replace("rtsp", "http")}],
    )
    daemon.wait_for_log("sources[0].url: wanted")
    daemon.wait_for_log("heartbeat.url: wanted")
    (tmp_path / "password").write_text(SECRETS["wrong password"])
    strict_broker.stop()
    strict_broker.start()
    daemon.wait_for_log(f"it refuses the password of user '{USER}'", 40.0)
    code, _ = daemon.stop()
    subscriber.close()

    assert code == 0
    assert json.loads(subscriber.topic(TOPICS.health)[-1])["sources"]["cam"]["reason"]
    assert leaked(daemon.log) == []
    for message in subscriber.heard:
        assert leaked(f"{message.topic} {message.payload!r}") == [], message.topic
    kept = [path for path in (tmp_path / "daemon0" / "state").rglob("*") if path.is_file()]
    assert "outbox.sqlite" in {path.name for path in kept}
    assert [path for path in kept if leaked(path.read_bytes().decode(errors="replace"))] == []


def test_the_check_shows_no_secret_whatever_it_finds(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    heartbeat = {"url": f"https://example.invalid/{SECRETS['heartbeat']}"}

    right = check(tmp_path, {**settings, "heartbeat": heartbeat})
    (tmp_path / "password").write_text(SECRETS["wrong password"])
    refused = check(tmp_path, {**settings, "heartbeat": heartbeat})
    wrong = check(
        tmp_path,
        {
            "mqtt": {"host": HOST, "password": SECRETS["password"]},
            "sources": [
                {"kind": "rtsp", "name": "a b", "url": camera_url(1).replace("rtsp", "http")}
            ],
            "heartbeat": {"url": f"ftp://{SECRETS['heartbeat']}"},
        },
    )

    assert (right.code, refused.code, wrong.code) == (1, 1, 78)
    assert right.verdicts()["delivery"] == "ok"
    assert "Connection refused" in right.fault("cam")
    assert "Connection refused" in right.fault("cmd")
    assert refused.verdicts()["login"] == "failed"
    assert len(wrong.stage("settings")["faults"]) >= 3
    for checked in (right, refused, wrong):
        assert leaked(checked.text) == []
