"""The running daemon tests its model, and restarts itself once at most."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aed.bundle import SHIPPED, Bundle, load_bundle
from daemon.health.self_check import EVERY_S, MARK_NAME, TELL_S, SelfCheck, is_restart_spent
from tests.daemon.fake_clock import FakeClock


def spoilt(bundle: Bundle) -> Bundle:
    """A model that computes something else than it did for its maker."""
    return replace(bundle, bias=bundle.bias + np.float32(1.0))


def pass_through(check: SelfCheck) -> int:
    """Run the test that is due; returns the turns that it took."""
    before = check.health
    for turn in range(1, 100):
        check.tick()
        if check.health is not before:
            return turn
    raise AssertionError("no self-test has ended")


def test_a_sound_model_is_tested_at_the_start_and_again_each_day(
    bundle: Bundle, tmp_path: Path
) -> None:
    clock = FakeClock()
    check = SelfCheck(bundle, folder=tmp_path, clock=clock)

    assert pass_through(check) == len(bundle.self_test.audio) // 16_000
    first = check.health
    assert first is not None
    assert first.passed
    assert first.at == "2023-11-14T22:13:20.000Z"
    assert first.deviation is not None
    clock.advance(EVERY_S - 1.0)
    check.tick()
    assert check.health is first
    clock.advance(1.0)
    pass_through(check)
    assert check.health is not None
    assert check.health.at == "2023-11-15T22:13:20.000Z"
    assert check.problem is None
    assert not check.must_restart


def test_the_first_failure_asks_for_a_restart_and_the_second_for_none(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    first = SelfCheck(spoilt(bundle), folder=tmp_path, clock=clock)
    pass_through(first)
    assert first.must_restart
    is_overdue = [first.is_restart_overdue]
    clock.advance(TELL_S)
    is_overdue.append(first.is_restart_overdue)
    assert is_overdue == [False, True]
    assert is_restart_spent(tmp_path)

    second = SelfCheck(spoilt(bundle), folder=tmp_path, clock=clock)
    for _ in range(3):
        pass_through(second)
        assert not second.must_restart
        assert second.problem is not None
        assert "the model fails its self-test: at " in second.problem
        assert second.health is not None
        assert not second.health.passed
        clock.advance(EVERY_S)

    said = [record.getMessage().rpartition("; ")[2] for record in caplog.records]
    assert said == ["ending, to be started again", *["hearing on all the same"] * 3]


def test_a_model_that_was_loaded_anew_is_tested_although_its_files_are_the_same(
    bundle: Bundle, tmp_path: Path
) -> None:
    check = SelfCheck(bundle, folder=tmp_path, clock=FakeClock())
    pass_through(check)
    again = replace(spoilt(load_bundle(SHIPPED)), digest=bundle.digest)

    check.follow(bundle)
    check.tick()
    assert check.problem is None
    check.follow(again)
    pass_through(check)

    assert check.problem is not None


def test_a_restart_is_allowed_again_only_after_a_day_that_was_well(
    bundle: Bundle, tmp_path: Path
) -> None:
    clock = FakeClock()
    (tmp_path / MARK_NAME).touch()
    check = SelfCheck(bundle, folder=tmp_path, clock=clock)
    pass_through(check)
    assert is_restart_spent(tmp_path)

    clock.advance(EVERY_S)
    pass_through(check)

    assert not is_restart_spent(tmp_path)


def test_a_model_that_recovers_is_no_problem_any_more(bundle: Bundle, tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / MARK_NAME).touch()
    check = SelfCheck(spoilt(bundle), folder=tmp_path, clock=clock)
    pass_through(check)
    check._bundle = bundle
    clock.advance(EVERY_S)
    pass_through(check)

    assert check.problem is None


def test_without_a_disk_to_remember_it_there_is_no_restart(bundle: Bundle, tmp_path: Path) -> None:
    check = SelfCheck(spoilt(bundle), folder=tmp_path / "gone", clock=FakeClock())
    pass_through(check)

    assert not check.must_restart
    assert check.problem is not None


def test_another_model_is_tested_at_once_and_the_same_one_is_not(
    bundle: Bundle, tmp_path: Path
) -> None:
    check = SelfCheck(bundle, folder=tmp_path, clock=FakeClock())
    pass_through(check)
    first = check.health

    check.follow(bundle)
    check.tick()
    assert check.health is first
    check.follow(replace(spoilt(bundle), digest="another"))
    pass_through(check)
    assert check.problem is not None
