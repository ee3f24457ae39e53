"""A full disk, a broker that has no address, a source that fails again and again."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_run import STATE, TOPICS, payloads, phases

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

SMALL_DISK_BYTES = 256 << 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with hardly any room."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(folder)]
    try:
        mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount on PATH")
    if mounted.returncode:
        pytest.skip(f"a small file system needs root: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no byte free within the block."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        for size in itertools.chain([4096] * (SMALL_DISK_BYTES // 4096), [1] * 4096):
            try:
                os.write(file.fileno(), bytes(size))
            except OSError:
                break
    yield
    filler.unlink()


def test_an_alarm_is_told_from_a_full_disk_and_the_disk_is_used_again_when_it_can_be(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, small_disk: Path
) -> None:
    daemon = start_daemon(state_directory=str(small_disk / "state"))
    subscriber.wait_for(TOPICS.hearing, b"online")
    with filled(small_disk):
        loud_source.be_loud()
        subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the alert")
        assert "reports are kept in memory only, until the broker has them" in daemon.log
        assert "disk is full" in daemon.log
        loud_source.be_quiet()
        subscriber.wait_until(lambda: "end" in phases(subscriber), "its end")
    assert payloads(subscriber, TOPICS.alert)[0]["critical"]

    num_complaints = daemon.log.count("kept in memory only")
    loud_source.be_loud()
    subscriber.wait_until(lambda: phases(subscriber).count("start") == 2, "another alarm")
    loud_source.be_quiet()
    subscriber.wait_until(lambda: phases(subscriber).count("end") == 2, "its end")
    assert daemon.log.count("kept in memory only") == num_complaints
    assert "Traceback" not in daemon.log
    assert daemon.stop()[0] == 0


def test_a_disk_that_is_full_at_the_start_keeps_nobody_from_being_warned(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, small_disk: Path
) -> None:
    with filled(small_disk):
        daemon = start_daemon(state_directory=str(small_disk / "state"))
        subscriber.wait_for(TOPICS.hearing, b"online")
        loud_source.be_loud()
        subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the alert")
        assert daemon.stop()[0] == 0
    assert "Traceback" not in daemon.log


def test_a_broker_whose_name_means_nothing_is_said_once_and_does_not_deafen(
    start_daemon: StartDaemon, loud_source: LoudSource
) -> None:
    daemon = start_daemon(mqtt={"host": "no-such-broker.invalid"})
    daemon.wait_for_log("cannot use the broker at no-such-broker.invalid:1883: ")
    daemon.wait_for_log("source mic: listening to")
    loud_source.be_loud()
    time.sleep(3.0)

    assert daemon.log.count("cannot use the broker") == 1
    code, seconds = daemon.stop()
    assert (code, seconds < 3.0) == (0, True)


@pytest.mark.slow
def test_a_source_that_fails_six_times_is_heard_again_and_nothing_piles_up(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    script = tmp_path / "moody.py"
    script.write_text(
        "import array, os, pathlib, sys, time\n"
        f"tries = pathlib.Path({str(tries)!r})\n"
        "with tries.open('a') as file: file.write('x')\n"
        "number = tries.stat().st_size\n"
        "if number % 4 == 0: sys.exit(3)\n"
        "soft, loud = (array.array('h', [a, -a] * 400).tobytes() for a in (30, 16000))\n"
        "begin_s = time.monotonic()\n"
        "while True:\n"
        "    os.write(1, loud if number > 6 else soft)\n"
        "    time.sleep(0.05)\n"
        "    if number <= 6 and time.monotonic() - begin_s > 0.3:\n"
        "        os._exit(1) if number % 5 else time.sleep(600)\n"
    )
    settings = {
        "kind": "command",
        "name": "mic",
        "command": [sys.executable, str(script)],
        "sample_rate_hz": 16_000,
    }
    daemon = start_daemon(sources=[settings])
    subscriber.wait_for(TOPICS.hearing, b"online")
    process = psutil.Process(daemon.pid)
    num_files, num_threads = process.num_fds(), process.num_threads()

    subscriber.wait_for(STATE, b"ON", timeout_s=240.0)

    assert tries.stat().st_size == 7
    assert process.num_fds() <= num_files + 2
    assert process.num_threads() == num_threads
    assert len(process.children()) == 1
    assert b"stalled" in subscriber.topic(TOPICS.source_status("mic"))
    assert "Traceback" not in daemon.log


def test_a_broker_that_closes_every_connection_at_once_is_not_stormed(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    strict = Broker(tmp_path / "strict", settings="allow_anonymous true\nmax_connections 1\n")
    strict.start()
    guest = Subscriber(strict.port)
    try:
        daemon = start_daemon(mqtt={"host": HOST, "port": strict.port})
        daemon.wait_for_log("the broker at")
        time.sleep(5.0)
        assert daemon.log.count("the broker at") <= 3
        guest.close()
        daemon.wait_for_log("connected to the broker", 30.0)
    finally:
        strict.stop()
