"""Beats arrive at a real server, never slow the loop, and never tell their URL."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from daemon.health.heartbeat import LIMIT_S, SAY_AGAIN_S, Heartbeat
from daemon.health.heartbeat_request import why_not_heard
from daemon.settings.heartbeat import HeartbeatSettings
from tests.daemon.fake_clock import FakeClock
from tests.daemon.health.web_server import HOST, WebServer
from tests.system.test_tls import make_authority, sign

SECRET = "0e1d-secret"  # noqa: S105 - of this test alone


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def ask(url: str, server: WebServer, *, trusted: Path | None = None) -> str | None:
    """Make one request by a process of its own; gives what it found wrong."""
    environment = {**os.environ, **({} if trusted is None else {"SSL_CERT_FILE": str(trusted)})}
    words = [sys.executable, "-m", "daemon.health.heartbeat_request"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(url.encode())
        child.stdin.close()
        while child.poll() is None:
            server.turn()
        reason = child.stdout.read().decode().strip()
    assert (child.returncode == 0) == (not reason)
    return reason or None


@contextlib.contextmanager
def beating(url: str, clock: FakeClock) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(HeartbeatSettings(url=SecretStr(url)), clock=clock)
    try:
        yield heartbeat
    finally:
        heartbeat.close()


def turn_until(
    heartbeat: Heartbeat, condition: Callable[[], bool], server: WebServer | None = None
) -> float:
    """Turn until something is so; returns the longest turn in seconds."""
    longest_s = 0.0
    deadline_s = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline_s, heartbeat.health
        begin_s = time.monotonic()
        heartbeat.tick(is_hearing=True, is_connected=True)
        longest_s = max(longest_s, time.monotonic() - begin_s)
        if server is None:
            time.sleep(0.01)
        else:
            server.turn()
    return longest_s


def test_a_beat_arrives_and_the_next_when_it_is_due(server: WebServer) -> None:
    clock = FakeClock()
    with beating(server.url(f"/200/{SECRET}"), clock) as heartbeat:
        turn_until(heartbeat, lambda: heartbeat.health.sent_at is not None, server)
        assert server.paths == [f"/200/{SECRET}"]
        assert heartbeat.health.sent_at == "2023-11-14T22:13:20.000Z"
        clock.advance(59.0)
        heartbeat.tick(is_hearing=True, is_connected=True)
        assert heartbeat._child is None
        clock.advance(1.0)
        turn_until(heartbeat, lambda: len(server.paths) == 2, server)


def test_nothing_is_sent_while_nothing_is_heard(server: WebServer) -> None:
    clock = FakeClock()
    with beating(server.url("/200"), clock) as heartbeat:
        for _ in range(10):
            heartbeat.tick(is_hearing=False, is_connected=True)
            clock.advance(60.0)
            assert heartbeat._child is None
        turn_until(heartbeat, lambda: heartbeat.health.sent_at is not None, server)

    assert len(server.paths) == 1


def test_a_broker_that_is_away_for_long_ends_the_beats_until_it_is_back(
    server: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    with beating(server.url("/200"), clock) as heartbeat:
        for beat in range(1, 6):  # a restart of the broker takes less than five minutes
            turn_until(heartbeat, lambda: heartbeat._child is not None)
            turn_until(heartbeat, lambda: heartbeat._child is None, server)
            assert len(server.paths) == beat
            clock.advance(60.0)
            heartbeat.tick(is_hearing=False, is_connected=False)

        for _ in range(3):
            clock.advance(240.0)
            heartbeat.tick(is_hearing=True, is_connected=False)
            assert heartbeat._child is None
        turn_until(heartbeat, lambda: heartbeat._child is not None)
        turn_until(heartbeat, lambda: heartbeat._child is None, server)

    assert len(server.paths) == 6
    assert "it has been away for 300 s" in caplog.text


def test_who_wants_beats_without_a_broker_gets_them(server: WebServer) -> None:
    clock = FakeClock()
    wanted = HeartbeatSettings(url=SecretStr(server.url("/200")), without_broker_s=None)
    heartbeat = Heartbeat(wanted, clock=clock)
    clock.advance(3_600.0)

    heartbeat.tick(is_hearing=True, is_connected=False)

    assert heartbeat._child is not None
    heartbeat.close()


def test_a_refusal_is_told_and_said_once_a_minute_without_the_url(
    server: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    with beating(server.url(f"/404/{SECRET}"), clock) as heartbeat:
        for beat in range(1, 4):
            heartbeat.tick(is_hearing=True, is_connected=True)
            turn_until(heartbeat, lambda: heartbeat._child is None, server)
            assert len(server.paths) == beat
            clock.advance(SAY_AGAIN_S)

    assert heartbeat.problem == "the heartbeat does not arrive: it answers 404"
    assert heartbeat.health.problem == "it answers 404"
    assert [record.getMessage() for record in caplog.records] == [
        f"the heartbeat does not arrive at {HOST}: it answers 404"
    ] * 3
    assert SECRET not in caplog.text


def test_a_server_that_never_answers_delays_no_turn_and_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        url = f"http://{HOST}:{mute.getsockname()[1]}/{SECRET}"
        with beating(url, clock) as heartbeat:
            heartbeat.tick(is_hearing=True, is_connected=True)
            child = heartbeat._child
            assert child is not None
            assert SECRET not in " ".join(psutil.Process(child.pid).cmdline())
            with mute.accept()[0]:  # it has asked, and waits
                clock.advance(LIMIT_S)
                longest_s = turn_until(heartbeat, lambda: heartbeat._child is None)

    assert longest_s < 0.2
    assert not psutil.pid_exists(child.pid)
    assert heartbeat.health.problem == f"no answer within {LIMIT_S:.0f} s"
    assert SECRET not in caplog.text


def test_at_most_one_beat_is_under_way() -> None:
    clock = FakeClock()
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        with beating(f"http://{HOST}:{mute.getsockname()[1]}/", clock) as heartbeat:
            heartbeat._every_s = 5
            heartbeat.tick(is_hearing=True, is_connected=True)
            first = heartbeat._child
            clock.advance(LIMIT_S - 1.0)
            heartbeat.tick(is_hearing=True, is_connected=True)

            assert heartbeat._child is first


def test_closing_ends_the_beat_under_way() -> None:
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        with beating(f"http://{HOST}:{mute.getsockname()[1]}/", FakeClock()) as heartbeat:
            heartbeat.tick(is_hearing=True, is_connected=True)
            child = heartbeat._child
            assert child is not None

    assert not psutil.pid_exists(child.pid)


def test_a_redirect_is_followed_and_a_ring_of_them_is_not(server: WebServer) -> None:
    server.location = server.url("/200/there")
    assert ask(server.url("/302/here"), server) is None
    assert server.paths == ["/302/here", "/200/there"]

    server.location = server.url("/302/ring")
    assert ask(server.url("/302/ring"), server) == "it answers 302"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl (Debian package)")
def test_https_is_used_with_a_trusted_server_alone_and_never_left(
    server: WebServer, tmp_path: Path
) -> None:
    authority = make_authority(tmp_path, "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sign(tmp_path, "server", authority))
    with WebServer(context) as secure:
        assert ask(secure.url("/200"), secure, trusted=authority[0]) is None
        secure.location = server.url("/200/for-all-to-read")
        assert ask(secure.url("/302"), secure, trusted=authority[0]) == "it answers 302"
        reason = str(ask(secure.url("/200"), secure))

    assert reason.startswith("its certificate is not trusted: ")
    assert server.paths == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x"])
def test_a_redirect_elsewhere_than_to_the_web_is_refused(server: WebServer, target: str) -> None:
    server.location = target

    assert ask(server.url("/302"), server) is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/0e1d-secret", "Connection refused"),
        ("http://nowhere.invalid/0e1d-secret", "e"),
        ("http://127.0.0.1:1/a b\tc0e1d-secret", ""),
    ],
)
def test_what_is_wrong_is_told_without_the_url(url: str, reason: str) -> None:
    found = why_not_heard(url)

    assert found is not None
    assert reason in found
    assert SECRET not in found
    assert "nowhere" not in found


def test_something_that_speaks_no_http_is_told() -> None:
    with socket.socket() as odd:
        odd.bind((HOST, 0))
        odd.listen()
        with beating(f"http://{HOST}:{odd.getsockname()[1]}/", FakeClock()) as heartbeat:
            heartbeat.tick(is_hearing=True, is_connected=True)
            with odd.accept()[0] as connection:
                connection.sendall(b"220 mail\r\n\r\n")
                turn_until(heartbeat, lambda: heartbeat._child is None)

    assert heartbeat.health.problem == "it does not speak HTTP (BadStatusLine)"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="htps:/[]@.%?#\\ \n\t0é", max_size=30))
def test_any_address_is_accepted_or_refused_and_never_repeated(text: str) -> None:
    with contextlib.suppress(ValidationError):
        accepted = HeartbeatSettings(url=SecretStr(f"http://{text}"))
        assert text not in repr(accepted) or len(text) < 8
        assert accepted.url.get_secret_value().isprintable()
