"""The first minute of a new model."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daemon.bundles.watch import BundleWatch, memory_mb
from tests.daemon.fake_clock import FakeClock


@dataclass(slots=True)
class Gauge:
    """What an ear has measured."""

    heard_s: float = 0.0
    took_s: float = 0.0
    inference_s: float = 0.0


@dataclass(slots=True)
class FakeEar:
    """An ear whose measures are set by the test."""

    lost_frames: int = 0
    meter: Gauge = field(default_factory=Gauge)
    tally: Gauge = field(default_factory=Gauge)


@dataclass(slots=True)
class FakeCheck:
    problem: str | None = None


class Watched:
    """One ear, watched, with turns of half a second."""

    def __init__(self, *, former_busy: float = 0.0) -> None:
        self.clock = FakeClock()
        self.check, self.ear, self.memory = FakeCheck(), FakeEar(), 80.0
        check: Any = self.check
        self.ears: Any = [(None, self.ear)]
        self.watch = BundleWatch(
            self_check=check,
            clock=self.clock,
            memory=lambda: self.memory,
            former_busy=former_busy,
        )

    def listen(self, duration_s: float, *, busy: float, gives: float = 1.0) -> str | None:
        """Let time pass in which hearing takes a part of it, until something is wrong."""
        for _ in range(int(2 * duration_s)):
            self.clock.advance(0.5)
            self.ear.tally.inference_s += 0.5 * busy
            self.ear.meter.heard_s += 0.5 * gives
            reason = self.watch.look(self.ears)
            if reason is not None:
                return reason
        return None


def test_a_model_that_hears_a_minute_in_time_has_proven_itself() -> None:
    watched = Watched()

    assert watched.listen(59.0, busy=0.4) is None
    assert not watched.watch.is_over(watched.ears)
    assert watched.listen(1.0, busy=0.4) is None
    assert watched.watch.is_over(watched.ears)


def test_without_sound_nothing_is_proven() -> None:
    watched = Watched()

    assert watched.listen(300.0, busy=0.0, gives=0.0) is None
    assert not watched.watch.is_over(watched.ears)


def test_a_model_that_becomes_slow_is_told_within_seconds() -> None:
    watched = Watched()
    assert watched.listen(40.0, busy=0.01) is None

    reason = watched.listen(4.0, busy=0.9)

    assert str(reason).startswith("it is too slow for this machine: hearing took 60 % of 3 s")


def test_a_pause_of_the_machine_is_not_held_against_the_model() -> None:
    watched = Watched()
    assert watched.listen(10.0, busy=0.01) is None

    assert watched.listen(1.0, busy=1.0) is None
    assert watched.listen(10.0, busy=0.01) is None


def test_a_machine_on_which_the_former_model_was_slow_too_is_given_more_time() -> None:
    assert Watched(former_busy=0.4).listen(20.0, busy=0.7) is None
    assert Watched(former_busy=0.9).listen(20.0, busy=0.95) is not None


def test_new_ears_begin_at_nought_and_that_is_no_sign_of_anything() -> None:
    watched = Watched()
    assert watched.listen(10.0, busy=0.4) is None
    watched.ear.tally.inference_s = 0.0

    assert watched.listen(10.0, busy=0.4) is None


def test_memory_may_not_grow_by_more_than_a_hundred_megabytes() -> None:
    watched = Watched()
    watched.memory = 179.0
    assert watched.listen(10.0, busy=0.1) is None
    watched.memory = 181.0

    assert watched.listen(10.0, busy=0.1) == (
        "it takes too much memory: 101 MB more than before, wanted at most 100"
    )


def test_numbers_that_are_none_a_failed_self_test_and_an_exception_are_told_at_once() -> None:
    watched = Watched()
    watched.ear.lost_frames = 1
    assert watched.watch.look(watched.ears) == "it computes what is no number"
    watched.check.problem = "the model fails its self-test"
    assert watched.watch.look(watched.ears) == "the model fails its self-test"
    watched.watch.blame("it fails in hearing")
    watched.watch.blame("a consequence")
    assert watched.watch.look(watched.ears) == "it fails in hearing"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell")
def test_the_memory_of_a_process_is_that_of_a_process() -> None:
    before_mb = memory_mb()
    block = bytearray(b"x" * 50_000_000)
    now_mb = memory_mb()

    assert before_mb is not None
    assert now_mb is not None
    assert 45.0 < now_mb - before_mb < 60.0
    assert len(block) == 50_000_000
