"""A bad model goes back by itself, and an install that is cut off leaves the old one."""

import functools
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from daemon.bundles.store import BundleStore
from tests.aed.spoiling import describe, replace_file, with_key
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT, LoudSource
from tests.system.faulty_bundles import (
    write_bundle_of_no_numbers,
    write_bundle_that_slows_down,
    write_failing_bundle,
    write_hanging_bundle,
    write_slow_bundle,
)
from tests.system.installed_bundles import aed, models, named, problem, put_in_place
from tests.system.test_run import STATE, TOPICS

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]


def has_tried(store: BundleStore, name: str, tries: int) -> bool:
    found = store.find(name)
    return found is not None and found.tries == tries


def test_a_model_that_is_too_slow_is_not_even_heard_with(
    start_installed: StartDaemon, subscriber: Subscriber, tmp_path: Path, state: Path
) -> None:
    daemon = start_installed()
    subscriber.wait_for(TOPICS.hearing, b"online")

    code, said = aed(daemon, "install", str(write_slow_bundle(tmp_path / "new", tmp_path / "old")))

    assert code == 78
    assert "is too slow for this machine: a second of sound of all sources takes" in said
    subscriber.wait_until(lambda: "is too slow" in problem(subscriber), "the problem")
    subscriber.wait_until(lambda: "old@" in str(BundleStore(state).current), "the link is back")
    assert len(set(models(subscriber))) == 1
    assert "given up: " in aed(daemon, "list")[1]


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_bundle_that_slows_down, "it is too slow for this machine: hearing took"),
        (write_bundle_of_no_numbers, "it computes what is no number"),
        (write_failing_bundle, "it fails in hearing: "),
    ],
)
def test_a_model_that_fails_within_its_first_minute_goes_back_and_the_alarm_is_told(  # noqa: PLR0917 - fixtures
    start_installed: StartDaemon,
    subscriber: Subscriber,
    tmp_path: Path,
    loud_source: LoudSource,
    state: Path,
    write: Callable[[Path, Path], Path],
    reason: str,
) -> None:
    new = write(tmp_path / "new", tmp_path / "old")
    describe(new, with_key("name", "new"))
    daemon = start_installed()
    subscriber.wait_for(TOPICS.hearing, b"online")
    code, said = aed(daemon, "install", str(new))
    assert (code, models(subscriber)) == (0, ["old", "new"]), said

    loud_source.be_loud()

    subscriber.wait_until(lambda: reason in problem(subscriber), "the problem", 40.0)
    subscriber.wait_for(STATE, b"ON")
    assert models(subscriber) == ["old", "new", "old"]
    assert f"was given up: {reason}" in daemon.log
    subscriber.wait_until(lambda: "old@" in str(BundleStore(state).current), "the link is back")
    assert daemon.stop()[0] == 0


def test_an_install_that_is_killed_leaves_the_old_model_and_the_next_one_cleans_up(
    start_installed: StartDaemon,
    subscriber: Subscriber,
    tmp_path: Path,
    loudness_bundle: Path,
    state: Path,
) -> None:
    daemon = start_installed()
    subscriber.wait_for(TOPICS.hearing, b"online")
    large = named(tmp_path / "large", loudness_bundle, "large")
    replace_file(large, "weights.safetensors", bytes(128 << 20))
    asking = subprocess.Popen(
        [
            *(sys.executable, "-m", "aed", "bundle", "install", str(large)),
            *("--config", str(daemon.settings_path)),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )

    def kill_installer() -> bool:
        if not list((state / "bundles").glob(".incoming-*/weights.safetensors")):
            return False
        for child in psutil.Process(daemon.pid).children():
            if "daemon.bundles.install" in child.cmdline():
                child.send_signal(signal.SIGKILL)
        return True

    subscriber.wait_until(kill_installer, "half of the bundle")
    _, told = asking.communicate(timeout=30)
    assert (asking.returncode, b"ended with signal 9" in told) == (78, True), told
    assert list((state / "bundles").glob(".incoming-*"))
    assert str(BundleStore(state).current).startswith("old@")

    new = named(tmp_path / "new", loudness_bundle, "new")
    assert aed(daemon, "install", str(new))[0] == 0
    assert models(subscriber) == ["old", "new"]
    assert not list((state / "bundles").glob(".incoming-*"))


def test_a_model_with_which_the_daemon_never_lives_long_is_given_up_at_the_next_start(
    start_installed: StartDaemon,
    subscriber: Subscriber,
    tmp_path: Path,
    loud_source: LoudSource,
    state: Path,
) -> None:
    hanging = write_hanging_bundle(tmp_path / "new", tmp_path / "old")
    describe(hanging, with_key("name", "new"))
    daemon = start_installed()
    daemon.kill()
    name = put_in_place(state, hanging, is_proven=False)
    loud_source.be_loud()
    store = BundleStore(state)
    for tries in (1, 2, 3):
        daemon.start()
        subscriber.wait_until(functools.partial(has_tried, store, name, tries), "a try")
        daemon.kill()  # as systemd does, whose watchdog gets no sign of life

    daemon.start()

    subscriber.wait_for(STATE, b"ON")
    told = f"the model {name} was given up: aed has ended 3 times within its first minute"
    assert told in problem(subscriber)
    assert str(store.current).startswith("old@")


def test_instead_of_a_damaged_model_the_one_before_it_hears_and_a_rollback_mends_it(
    start_installed: StartDaemon,
    subscriber: Subscriber,
    tmp_path: Path,
    loudness_bundle: Path,
    state: Path,
) -> None:
    daemon = start_installed()
    daemon.kill()
    new = named(tmp_path / "new", loudness_bundle, "new")
    name = put_in_place(state, new, is_proven=False)
    (state / "bundles" / name / "model.onnx").write_bytes(b"")
    since = len(subscriber.heard)
    daemon.start()
    subscriber.wait_for(TOPICS.hearing, b"online", since=since)
    subscriber.wait_until(lambda: "old@" in problem(subscriber), "the problem")
    assert "cannot be used" in problem(subscriber)
    assert "aed bundle rollback --config" in daemon.log
    assert "damaged" in aed(daemon, "list")[1]

    code, said = aed(daemon, "rollback")

    assert (code, f"back from {name} to old@" in said) == (0, True), said
    subscriber.wait_until(lambda: models(subscriber) == ["old"], "the old model")
    code, said = aed(daemon, "rollback")
    assert (code, "to the one that comes with aed" in said.replace("bundle", "one")) == (0, True)
    subscriber.wait_until(lambda: models(subscriber) == ["old", "home"], "the shipped model")
