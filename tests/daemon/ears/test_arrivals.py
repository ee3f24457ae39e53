"""Waiting a little, so that several sources are heard with one call."""

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from daemon.clocks import SystemClock
from daemon.ears.arrivals import GATHER_S, wait_for_others

Pipe = tuple[int, int]


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    made = [os.pipe() for _ in range(2)]
    yield made
    for ends in made:
        for end in ends:
            os.close(end)


def waited_s(descriptors: set[int], ready: set[int]) -> float:
    begin_s = time.monotonic()
    wait_for_others(descriptors, ready, clock=SystemClock())
    return time.monotonic() - begin_s


def test_a_source_alone_and_a_turn_without_sound_wait_for_nobody(pipes: list[Pipe]) -> None:
    (first, _), (second, _) = pipes
    assert waited_s({first}, {first}) < GATHER_S / 2
    assert waited_s({first, second}, set()) < GATHER_S / 2


def test_a_source_that_brings_nothing_is_waited_for_a_little(pipes: list[Pipe]) -> None:
    (first, _), (second, _) = pipes
    assert GATHER_S * 0.9 < waited_s({first, second}, {first}) < 1.0


def test_the_wait_ends_when_all_have_brought_something(pipes: list[Pipe]) -> None:
    (first, _), (second, to_second) = pipes
    command = ["sh", "-c", f"sleep {GATHER_S / 4}; printf sound"]
    with subprocess.Popen(command, stdout=to_second):
        took_s = waited_s({first, second}, {first})

    assert took_s < GATHER_S * 0.9
    assert os.read(second, 5) == b"sound"
