"""The control socket: answers line by line, and nobody at it can hold up the main loop."""

import contextlib
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import RequestError
from daemon.requests.control_client import IDLE_S, SLOW_S
from daemon.requests.control_request import ask
from daemon.requests.control_socket import MAX_CLIENTS, ControlSocket
from daemon.requests.handler import MAX_BYTES
from daemon.requests.rate import AT_ONCE, PER_S
from tests.daemon.fake_clock import FakeClock


class Server:
    """A control socket that answers with the length of what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.asked: list[bytes] = []
        self.response: bytes | None = None
        self.control = ControlSocket(path, answer=self._answer, clock=self.clock)

    def _answer(self, line: bytes) -> bytes:
        self.asked.append(line)
        return b"%d" % len(line) if self.response is None else self.response

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(5)
        client.connect(str(self.path))
        self.control.tick()
        return client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "run" / "control.sock")
    yield server
    server.control.close()


def test_lines_are_answered_in_order_and_pieces_are_put_together(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"abc\nde")
        server.control.tick()
        assert client.recv(100) == b"3\n"
        client.sendall(b"fg\n")
        server.control.tick()
        assert client.recv(100) == b"4\n"

    assert server.asked == [b"abc", b"defg"]


def test_a_last_line_without_a_break_counts_and_ends_the_connection(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"abc")
        client.shutdown(socket.SHUT_WR)
        for _ in range(3):
            server.control.tick()

        assert client.makefile("rb").read() == b"3\n"


def test_it_is_for_its_own_user_alone_and_gone_when_it_is_closed(server: Server) -> None:
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700

    server.control.close()

    assert not server.path.exists()
    assert server.control.descriptors() == []


def test_a_line_that_is_too_long_is_cut_answered_and_the_last(server: Server) -> None:
    with server.connect() as client:
        client.setblocking(False)
        client.send(b"x" * (MAX_BYTES + 100))
        server.control.tick()
        client.settimeout(5)

        assert client.recv(100) == b"%d\n" % (MAX_BYTES + 1)
        with contextlib.suppress(ConnectionResetError):  # it had more to say
            assert client.recv(100) == b""
    assert len(server.control.descriptors()) == 1


def test_a_flood_is_answered_at_a_bounded_rate_and_does_not_keep_the_loop_awake(
    server: Server,
) -> None:
    with server.connect() as client:
        client.sendall(b"x\n" * 1_000)
        server.control.tick()
        assert len(server.asked) == 1, "one in a turn"
        for _ in range(2 * AT_ONCE):
            server.control.tick()
        assert len(server.asked) == AT_ONCE
        assert server.control.descriptors() == []

        server.clock.advance(1.0)
        for _ in range(AT_ONCE):
            server.control.tick()

        assert len(server.asked) == AT_ONCE + PER_S


def test_who_does_not_take_the_response_is_dropped(server: Server) -> None:
    server.response = b"y" * 1_000_000
    with server.connect() as client:
        client.sendall(b"x\nx\n")
        server.control.tick()
        assert len(server.asked) == 1, "the next waits until this one is taken"
        server.clock.advance(SLOW_S + 0.1)
        server.control.tick()

        taken = b""
        while piece := client.recv(100_000):
            taken += piece
        assert 0 < len(taken) < 1_000_000


def test_a_large_response_arrives_whole_at_who_takes_it(server: Server) -> None:
    server.response = b"y" * 1_000_000
    with server.connect() as client:
        client.sendall(b"x\n")
        taken = b""
        while not taken.endswith(b"\n"):
            server.control.tick()
            taken += client.recv(100_000)

    assert len(taken) == 1_000_001


def test_idle_clients_make_room_for_those_at_the_door(server: Server) -> None:
    idle = [server.connect() for _ in range(MAX_CLIENTS)]
    with server.connect() as late:
        late.sendall(b"x\n")
        server.control.tick()
        assert server.asked == []

        server.clock.advance(IDLE_S + 0.1)
        for _ in range(2):
            server.control.tick()

        assert late.recv(100) == b"1\n"
    for client in idle:
        assert client.recv(100) == b""
        client.close()


def test_who_leaves_in_the_middle_is_forgotten(server: Server) -> None:
    server.connect().close()
    with server.connect() as client:
        client.sendall(b"x\n")
    for _ in range(3):
        server.control.tick()

    assert len(server.control.descriptors()) == 1


def test_what_a_killed_one_left_is_replaced_and_what_a_living_one_uses_is_not(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rival = Server(server.path)
    assert rival.control.descriptors() == []
    assert "another aed listens there" in caplog.text
    rival.control.close()
    assert server.path.exists()

    left = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(left))
    heir = Server(left)

    assert len(heir.control.descriptors()) == 1
    heir.control.close()


@pytest.mark.parametrize("name", ["x" * 120, "a_file/control.sock"])
def test_where_nobody_can_listen_the_log_says_so(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a_file").touch()

    server = Server(tmp_path / name)
    server.control.tick()

    assert server.control.descriptors() == []
    assert "so `aed request` is not answered" in caplog.text


def test_the_client_says_why_it_cannot_ask(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no aed answers at .*nowhere \(No such file"):
        ask(tmp_path / "nowhere", "ping", {})
    with pytest.raises(RequestError, match="at most 65536 bytes"):
        ask(tmp_path / "nowhere", "ping", {"a": "x" * MAX_BYTES})


class OneFeed:
    """Says something new at each turn, to whoever has just asked with an `s`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.num_asked = 0
        self.line = b"news\n"

    def take_subscription(self) -> bool:
        return self.server.asked[-1] == b"s"

    def news(self) -> bytes:
        self.num_asked += 1
        return self.line


def test_whoever_watches_is_told_and_nothing_is_made_of_it_for_others(tmp_path: Path) -> None:
    server = Server(tmp_path / "control.sock")
    feed = OneFeed(server)
    server.control._feed = feed
    with server.connect() as other, server.connect() as watcher:
        other.sendall(b"other\n")
        server.control.tick()
        assert feed.num_asked == 0
        watcher.sendall(b"s\n")
        server.control.tick()
        server.clock.advance(IDLE_S + 1)
        server.control.tick()
        assert watcher.recv(100) == b"1\nnews\nnews\n"
        assert other.recv(100) == b"5\n"
        assert other.recv(100) == b""  # idle, which a watcher may be

    server.control.tick()
    num_asked = feed.num_asked
    server.control.tick()
    assert feed.num_asked == num_asked
    server.control.close()


def test_a_watcher_that_does_not_read_misses_news_and_is_dropped(tmp_path: Path) -> None:
    server = Server(tmp_path / "control.sock")
    feed = OneFeed(server)
    feed.line = b"x" * 50_000 + b"\n"
    server.control._feed = feed
    with server.connect() as watcher:
        watcher.sendall(b"s\n")
        for _ in range(100):
            server.control.tick()
        (client,) = server.control._clients
        assert len(client._unsent) <= len(feed.line)
        server.clock.advance(SLOW_S + 1)
        server.control.tick()

        assert server.control._clients == []
    server.control.close()
