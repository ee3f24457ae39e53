"""The page's process: started, started again when it ends, ended with us; a fault is said."""

import os
import random
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from daemon.settings.web import WebSettings
from daemon.viewing.process import (
    LINES_S,
    LONGEST_WAIT_S,
    MOST_LINES,
    START_AFTER_S,
    STEADY_S,
    PageProcess,
)
from tests.daemon.fake_clock import FakeClock
from tests.system.broker import free_port

HOST = "127.0.0.1"


def is_listened(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


class Runner:
    """Turns the loop by hand."""

    def __init__(self, folder: Path, settings: WebSettings) -> None:
        self.clock = FakeClock()
        self.page = PageProcess(
            settings,
            socket=folder / "control.sock",
            state=folder,
            clock=self.clock,
            rng=random.Random(0),  # noqa: S311 - jitter
        )
        self.clock.advance(START_AFTER_S)

    def until(self, condition: Callable[[], object]) -> None:
        deadline_s = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline_s, self.page.problem
            self.page.tick()
            time.sleep(0.02)

    def pid(self) -> int:
        assert self.page._child is not None
        return self.page._child.pid


def test_it_is_started_again_after_a_kill_and_ends_with_us(tmp_path: Path) -> None:
    port = free_port()
    runner = Runner(tmp_path, WebSettings(port=port))
    runner.until(lambda: is_listened(port))
    first = runner.pid()
    psutil.Process(first).kill()

    runner.until(lambda: runner.page.problem is not None)
    assert "it ended with exit code -9" in str(runner.page.problem)
    runner.clock.advance(LONGEST_WAIT_S)
    runner.until(lambda: is_listened(port))
    second = runner.pid()
    runner.clock.advance(STEADY_S + 1)
    runner.page.tick()

    assert runner.page.problem is None
    assert second != first
    runner.page.close()
    assert not psutil.pid_exists(second)
    runner.page.tick()
    assert not is_listened(port)


def test_a_port_that_is_taken_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        runner = Runner(tmp_path, WebSettings(port=port))
        runner.until(lambda: runner.page.problem is not None)

        assert f"{HOST} port {port}: Address already in use" in str(runner.page.problem)
        assert f"port {port}" in caplog.text
    runner.clock.advance(LONGEST_WAIT_S)
    runner.until(lambda: is_listened(port))
    runner.page.close()


@pytest.mark.parametrize("content", ["", "hunter2hunter2\n"])
def test_without_a_hash_in_the_password_file_nobody_is_let_in(tmp_path: Path, content: str) -> None:
    path = tmp_path / "web-password"
    path.write_text(content)
    port = free_port()
    settings = WebSettings(port=port, address="0.0.0.0", password_file=str(path))  # noqa: S104 - refused
    runner = Runner(tmp_path, settings)

    runner.until(lambda: runner.page.problem is not None)

    assert "aed web password" in str(runner.page.problem)
    assert "hunter2" not in str(runner.page.problem)
    assert not is_listened(port)
    runner.page.close()


def test_a_page_whose_daemon_is_gone_leaves_the_port(tmp_path: Path) -> None:
    port = free_port()
    code = (
        "import sys, time, random, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from daemon.clocks import SystemClock\n"
        "from daemon.viewing.process import PageProcess\n"
        "from daemon.settings.web import WebSettings\n"
        "page = PageProcess(WebSettings(port=int(sys.argv[1])), socket=pathlib.Path('x'),\n"
        "    state=pathlib.Path('.'), clock=SystemClock(), rng=random.SystemRandom())\n"
        "while True: page.tick(); time.sleep(0.05)\n"
    )
    root = str(Path(__file__).parents[3])
    daemon = psutil.Popen(
        [sys.executable, "-c", code, str(port), root],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
    )
    deadline_s = time.monotonic() + 20
    while not is_listened(port) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert is_listened(port)
    daemon.kill()
    daemon.wait()

    while is_listened(port) and time.monotonic() < deadline_s:
        time.sleep(0.05)

    assert not is_listened(port)


def test_what_it_says_is_logged_and_a_flood_of_it_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runner = Runner(tmp_path, WebSettings(port=free_port()))
    code = "import sys; [print('no', n, file=sys.stderr) for n in range(500)]; sys.stdin.read(1)"
    runner.page._command = [sys.executable, "-c", f"{code}; import time; time.sleep(600)"]
    runner.until(lambda: runner.page._num_lines == 500)

    assert caplog.text.count("web page: no") == MOST_LINES
    runner.clock.advance(LINES_S)
    runner.page.tick()
    assert f"web page: {500 - MOST_LINES} lines more" in caplog.text
    runner.page.close()


def test_without_the_web_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    runner = Runner(tmp_path, WebSettings(port=free_port()))
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from daemon.page.__main__ import main\n"
        "sys.exit(main())\n"
    )
    runner.page._command[1:3] = ["-c", code]

    runner.until(lambda: runner.page.problem is not None)

    assert "pip install 'aed[web]'" in str(runner.page.problem)
    runner.page.close()
