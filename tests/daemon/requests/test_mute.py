"""A mute is over in time, whatever the clocks and the disk do, and spares what is critical."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import RequestError
from daemon.outbox.reports import Report
from daemon.requests.mute import FILE_NAME, LONGEST_CRITICAL_S, LONGEST_S, Mute
from ontology import home
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import alert

HOME = home()
CRITICAL = alert("x")


def told(node: str) -> list[Report]:
    """An alert and its event that are not critical."""
    body = json.dumps({"event_type": node}).encode()
    return [replace(report, critical=False, body=body) for report in CRITICAL]


HARMLESS = told("doorbell")


def mute(folder: Path, clock: FakeClock, *, is_for_critical: bool = False) -> Mute:
    return Mute(folder, is_for_critical=is_for_critical, ontology=HOME, clock=clock)


def kinds(reports: list[Report]) -> list[str]:
    return [report.kind for report in reports]


def test_alerts_are_silenced_until_it_is_over_and_critical_ones_and_events_never(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock)
    assert kinds(it.audible(HARMLESS)) == ["alert", "event"]

    it.set(600, by="a test")

    assert kinds(it.audible(HARMLESS)) == ["event"]
    assert kinds(it.audible(CRITICAL)) == ["alert", "event"]
    assert it.payload().until == "2023-11-14T22:23:20.000Z"
    clock.advance(599)
    assert kinds(it.audible(HARMLESS)) == ["event"]
    clock.advance(1)
    assert kinds(it.audible(HARMLESS)) == ["alert", "event"]
    assert (it.payload().muted, it.payload().until) == (False, None)


def test_critical_alerts_are_silenced_where_settings_say_so_and_for_an_hour_at_most(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock, is_for_critical=True)

    with pytest.raises(RequestError, match="from 0 to 3600"):
        it.set(LONGEST_CRITICAL_S + 1, by="a test")
    assert it.remaining_s == 0
    it.set(60, by="a test")

    assert kinds(it.audible(CRITICAL)) == ["event"]
    assert kinds(mute(tmp_path, clock).audible(CRITICAL)) == ["alert", "event"], "taken back"


@pytest.mark.parametrize("node", ["alarm", "breakage"])
def test_what_may_be_critical_and_is_not_sure_enough_to_be_named_is_never_silenced(
    tmp_path: Path, node: str
) -> None:
    it = mute(tmp_path, FakeClock())
    it.set(LONGEST_S, by="a test")

    assert kinds(it.audible(told(node))) == ["alert", "event"]
    assert kinds(it.audible(told("crockery"))) == ["event"]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["reload", "restart"])
def test_a_mute_asked_for_as_harmless_silences_nothing_critical_whatever_settings_say_later(
    tmp_path: Path, *, is_restarted: bool
) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock)
    it.set(LONGEST_S, by="a test")

    it.follow(is_for_critical=True, ontology=HOME)
    if is_restarted:
        it = mute(tmp_path, clock, is_for_critical=True)

    assert kinds(it.audible(CRITICAL)) == kinds(it.audible(told("alarm"))) == ["alert", "event"]
    assert kinds(it.audible(HARMLESS)) == ["event"]
    assert it.payload().critical is False
    it.set(LONGEST_CRITICAL_S, by="a test")
    assert kinds(it.audible(CRITICAL)) == ["event"]


def test_a_mute_that_is_over_stays_over_after_reloads_and_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock, is_for_critical=True)
    it.set(LONGEST_CRITICAL_S, by="a test")
    it.follow(is_for_critical=False, ontology=HOME)
    clock.advance(LONGEST_CRITICAL_S)
    assert it.remaining_s == 0

    it.follow(is_for_critical=True, ontology=HOME)

    assert it.remaining_s == 0
    assert mute(tmp_path, clock).remaining_s == 0


def test_reloads_leave_a_mute_as_long_as_the_disk_says(tmp_path: Path) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock)
    it.set(LONGEST_S, by="a test")
    it.follow(is_for_critical=True, ontology=HOME)
    clock.advance(LONGEST_CRITICAL_S + 100)

    it.follow(is_for_critical=False, ontology=HOME)

    assert it.remaining_s == mute(tmp_path, clock).remaining_s > 0


def test_zero_ends_it_for_the_next_run_too(tmp_path: Path) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock)
    it.set(600, by="a test")

    it.set(0, by="a test")

    assert it.remaining_s == 0
    assert mute(tmp_path, clock).remaining_s == 0


@pytest.mark.parametrize("jump_s", [-1e9, -60.0, 1e9])
def test_over_a_restart_of_the_daemon_a_jump_of_the_wall_clock_does_not_matter(
    tmp_path: Path, jump_s: float
) -> None:
    clock = FakeClock()
    mute(tmp_path, clock).set(600, by="a test")
    clock.advance(100)
    clock.wall += jump_s

    again = mute(tmp_path, clock)

    assert again.remaining_s == 500
    clock.advance(500)
    assert again.remaining_s == 0


@pytest.mark.parametrize(
    ("passed_s", "left_s"),
    [(200.0, 400.0), (600.0, 0.0), (-1.0, 0.0), (1.0, 580.0)],
    ids=["by the wall clock", "it is over", "the clock went backwards", "it stood still"],
)
def test_over_a_restart_of_the_machine_it_lasts_no_longer_than_it_was_meant_to(
    tmp_path: Path, passed_s: float, left_s: float
) -> None:
    clock = FakeClock()
    mute(tmp_path, clock).set(600, by="a test")
    clock.boot_id = "the next boot"
    clock.boottime = 20.0
    clock.wall += passed_s

    assert mute(tmp_path, clock).remaining_s == left_s


def test_what_is_shown_follows_a_wall_clock_that_was_set_and_else_stands_still(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    it = mute(tmp_path, clock)
    it.set(600, by="a test")
    shown = it.payload()
    clock.advance(10)
    clock.wall += 0.5
    assert it.payload() == shown

    clock.wall += 3_600

    assert it.payload().until == "2023-11-14T23:23:20.500Z"


def test_a_disk_that_refuses_is_said_and_the_mute_holds_until_the_end_of_the_run(
    tmp_path: Path,
) -> None:
    it = mute(tmp_path / "missing", FakeClock())

    with pytest.raises(RequestError, match=r"done, but .* cannot be written"):
        it.set(600, by="a test")

    assert it.remaining_s == 600


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
NUMBER = st.floats() | st.integers() | JSON
KEPT = st.fixed_dictionaries(
    {},
    optional={
        "for_s": NUMBER,
        "set_wall_s": NUMBER | st.just(FakeClock().wall),
        "set_boottime_s": NUMBER | st.just(FakeClock().boottime),
        "boot_id": st.just("this boot") | JSON,
    },
).map(lambda content: json.dumps(content).encode())


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=100) | KEPT)
def test_whatever_the_disk_has_made_of_it_it_is_bounded(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE_NAME).write_bytes(content)
    clock = FakeClock()

    it = mute(folder, clock)

    assert 0 <= it.remaining_s <= LONGEST_S
    clock.advance(LONGEST_S)
    assert kinds(it.audible(HARMLESS)) == ["alert", "event"]
