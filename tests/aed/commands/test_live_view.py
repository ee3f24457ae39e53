"""The live view fits any terminal and shows what matters first."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from aed.commands.listen.live_view import MOST_EVENTS, LiveView, bar
from aed.events import EventTracker
from aed.thresholds import resolve
from ontology import LabelSet, home
from tests.aed.tables import FMAX_HZ, FMIN_HZ, Row, quiet, sounding, table

HOME = home()
LABELS = LabelSet(HOME)


def heard(rows: list[Row], level_dbfs: float = -30.0) -> LiveView:
    view = LiveView(LABELS, "kitchen")
    tracker = EventTracker(HOME, resolve({}, HOME), fmin_hz=FMIN_HZ, fmax_hz=FMAX_HZ)
    for start in range(0, len(rows), 7):
        posteriors = table(HOME, rows[start : start + 7], start_frame=start, level_dbfs=level_dbfs)
        view.hear(posteriors, tracker.feed(posteriors))
    return view


def text(view: LiveView, width: int = 130, height: int = 45) -> str:
    return "\n".join(line.plain for line in view.lines(width, height))


def test_everything_is_shown_where_there_is_room() -> None:
    shown = text(heard([*quiet(1), *sounding(5, smoke_alarm=0.9)]))

    assert all(node.name[:16] in shown for node in HOME.nodes)
    assert "aed  00:06.0" in shown
    assert "-30.0 dBFS" in shown
    assert "now  alarm/life_safety/smoke_alarm  90%" in shown


def test_a_small_terminal_shows_the_probable_branches_and_the_top_of_the_others() -> None:
    shown = text(heard([*quiet(1), *sounding(5, smoke_alarm=0.9)]), width=60, height=28)

    assert "Smoke alarm" in shown
    assert "Life-safety alarm" in shown
    assert "Outdoors" in shown
    assert "Church bell" not in shown


def test_a_tiny_terminal_shows_the_probable_branch_alone() -> None:
    shown = text(heard(sounding(5, smoke_alarm=0.9)), width=50, height=10)

    assert "Smoke alarm" not in shown or "Life-safety alarm" in shown
    assert "Alarm" in shown


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 120),
    ascii_only=st.booleans(),
    seed=st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_it_is_never_larger_than_the_terminal(
    width: int, height: int, *, ascii_only: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    nodes = rng.choice(LABELS.nodes, 5)
    row: Row = {str(node): float(rng.uniform()) for node in nodes}
    view = heard([row] * 20)

    lines = view.lines(width, height, ascii_only=ascii_only)

    assert len(lines) <= height
    assert max(line.cell_len for line in lines) <= width
    if ascii_only:
        assert all(line.plain.isascii() for line in lines)


@given(most=st.integers(0, 100), seed=st.integers(0, 100))
def test_no_node_is_shown_without_its_ancestors(most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    row: Row = {str(node): float(rng.uniform()) for node in rng.choice(LABELS.nodes, 8)}
    view = heard([row] * 3)

    shown = view.shown_columns(most)

    assert len(shown) <= most
    assert shown == sorted(shown)
    for column in shown:
        above = np.flatnonzero(LABELS.ancestors[column])
        assert set(above.tolist()) <= set(shown)


def test_what_flashed_keeps_its_place_for_a_while() -> None:
    view = heard([*sounding(0.3, window_glass=0.9), *quiet(0.5)])

    assert LABELS.column("window_glass") in view.shown_columns(20)


def test_the_latest_events_are_shown_newest_first_each_once() -> None:
    rows: list[Row] = []
    for node in ("dog", "doorbell", "speech", "knock", "cat", "rain", "drill", "siren"):
        rows += [*sounding(3, **{node: 0.9}), *quiet(6)]

    shown = text(heard(rows), height=60).split("Events\n")[1].splitlines()

    assert len(shown) == MOST_EVENTS
    assert "alarm/siren" in shown[0]
    assert "tools/drill" in shown[1]


def test_nothing_heard_yet_is_said() -> None:
    assert "none yet" in text(LiveView(LABELS, "kitchen"))


def test_the_state_of_the_source_is_shown() -> None:
    view = LiveView(LABELS, "kitchen")
    view.say("offline: no such device")

    assert "offline: no such device" in text(view)


@pytest.mark.parametrize("level_dbfs", [-120.0, -80.0, 0.0, 3.0])
def test_the_meter_stays_within_its_line(level_dbfs: float) -> None:
    assert f"{level_dbfs:7.1f} dBFS" in text(heard(quiet(1), level_dbfs))


def test_rich_prints_it_at_the_size_of_the_console() -> None:
    console = Console(file=io.StringIO(), width=100, height=30, force_terminal=True)

    console.print(heard(sounding(5, smoke_alarm=0.9)), height=30)

    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert 20 <= len(lines) <= 30


def test_bars() -> None:
    assert bar(0.0, 5) == "     "
    assert bar(1.0, 5) == "█████"
    assert bar(7.0, 5) == "█████"
    assert bar(-1.0, 5) == "     "
    assert bar(0.5, 5) == "██▌  "
    assert bar(0.5, 5, ascii_only=True) == "##   "
