import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from training.errors import TrainingDataError
from training.loop.curves import (
    CURVES_NAME,
    DPI,
    PANEL_INCHES,
    RunLog,
    draw_curves,
    main,
    read_log,
    write_curves,
)
from training.loop.step_log import LOG_NAME, StepLog

pytestmark = pytest.mark.torch

LOG = """\
step,loss,recall_depth_0,recall_depth_1,lr
50,2.5000,0.1000,,1.00e-03
100,1.5000,0.2000,0.3000,5.00e-04
"""


def _folder(tmp_path: Path, text: str = LOG) -> Path:
    (tmp_path / LOG_NAME).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_log_is_read_with_gaps_where_fields_are_empty(tmp_path: Path) -> None:
    log = read_log(_folder(tmp_path) / LOG_NAME)

    assert log.steps.tolist() == [50, 100]
    assert list(log.columns) == ["loss", "recall_depth_0", "recall_depth_1", "lr"]
    assert log.columns["loss"].tolist() == [2.5, 1.5]
    np.testing.assert_array_equal(log.columns["recall_depth_1"], [np.nan, 0.3])


def test_the_log_that_training_writes_is_understood(tmp_path: Path) -> None:
    writer = StepLog(tmp_path / LOG_NAME, 0)
    writer.append(50, {"loss": 2.0, "loss_depth_0": float("nan"), "lr": 1e-3})
    writer.append(100, {"loss": 1.0, "loss_depth_0": 0.5, "lr": 5e-4})

    log = read_log(tmp_path / LOG_NAME)

    assert log.steps.tolist() == [50, 100]
    assert log.columns["lr"].tolist() == [1e-3, 5e-4]


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    log = read_log(_folder(tmp_path, LOG + "150,1.2") / LOG_NAME)

    assert log.steps.tolist() == [50, 100]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no whole line"),
        ("step,loss", "no whole line"),
        ("step,loss\n", "has not told anything yet"),
        ("loss,step\n1,2\n", "first is `step`, found loss, step"),
        ("step,loss,loss\n1,2,3\n", "wanted different columns"),
        ("step,loss\n50,1\n100\n", "line 3: wanted 2 fields, found 1"),
        ("step,loss\n50,low\n", "wanted numbers, found 'low'"),
        ("step,loss\n100,1\n50,1\n", "steps that rise"),
        ("step,loss\n0.5,1\n", "whole steps"),
        ("step,loss\n,1\n", "whole steps"),
    ],
)
def test_what_is_no_log_is_refused_with_its_reason(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(TrainingDataError, match=complaint):
        read_log(_folder(tmp_path, text) / LOG_NAME)


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="--out"):
        read_log(tmp_path / LOG_NAME)
    (tmp_path / LOG_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingDataError, match="--out"):
        read_log(tmp_path / LOG_NAME)


def test_depths_share_a_panel_and_other_figures_have_their_own(tmp_path: Path) -> None:
    figure = draw_curves(read_log(_folder(tmp_path) / LOG_NAME), "a run")

    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["loss", "recall by depth", "lr"]
    recall = figure.axes[1]
    assert [line.get_label() for line in recall.get_lines()] == ["0", "1"]
    assert recall.get_ylim() == pytest.approx((-0.02, 1.02))
    assert figure.axes[0].get_legend() is None


def test_a_learning_rate_is_no_share() -> None:
    steps = np.array([1, 2])
    log = RunLog(steps=steps, columns={"learning_rate": np.array([1e-3, 1e-4])})

    assert draw_curves(log, "").axes[0].get_ylim()[1] < 0.01


def test_the_picture_holds_ink_in_every_panel(tmp_path: Path) -> None:
    path = write_curves(_folder(tmp_path))

    assert path == tmp_path / CURVES_NAME
    picture = imread(path)
    assert picture.shape[:2] == (2 * PANEL_INCHES[1] * DPI, 2 * PANEL_INCHES[0] * DPI)
    half_y, half_x = picture.shape[0] // 2, picture.shape[1] // 2
    coloured = np.ptp(picture[..., :3], axis=2) > 0.2  # neither black, grey nor white
    assert coloured[:half_y, :half_x].any()
    assert coloured[:half_y, half_x:].any()
    assert coloured[half_y:, :half_x].any()
    assert not coloured[half_y:, half_x:].any()  # three figures: the fourth place is empty
    assert sorted(file.name for file in tmp_path.iterdir()) == [CURVES_NAME, LOG_NAME]


def test_a_second_picture_replaces_the_first(tmp_path: Path) -> None:
    first = write_curves(_folder(tmp_path)).read_bytes()
    _folder(tmp_path, LOG + "150,1.0000,0.3000,0.4000,1.00e-04\n")

    assert write_curves(tmp_path).read_bytes() != first


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_leaves_the_picture_of_before(tmp_path: Path) -> None:
    before = write_curves(_folder(tmp_path)).read_bytes()
    (tmp_path / f"curves.{os.getpid()}.partial").symlink_to("/dev/full")

    with pytest.raises(TrainingDataError, match="No space left"):
        write_curves(tmp_path)

    assert (tmp_path / CURVES_NAME).read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [CURVES_NAME, LOG_NAME]


def test_the_command_says_where_the_picture_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(_folder(tmp_path))]) == 0
    assert capsys.readouterr().out == f"{tmp_path / CURVES_NAME}\n"


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-W", "error", "-m", "training.loop.curves", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1
    assert found.stderr.startswith(f"training.loop.curves: {tmp_path / LOG_NAME}: cannot be read")
    assert len(found.stderr.splitlines()) == 1


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(alphabet="step,loss0123456789.-eE\n\"'$_ nainf\x00", max_size=60))
def test_any_text_is_a_log_or_refused(tmp_path: Path, text: str) -> None:
    try:
        log = read_log(_folder(tmp_path, text) / LOG_NAME)
    except TrainingDataError as error:
        assert LOG_NAME in str(error)  # noqa: PT017 - either outcome is fine
    else:
        assert all(len(values) == len(log.steps) for values in log.columns.values())


@settings(deadline=None, max_examples=5)
@given(st.lists(st.text(alphabet="ab_$\\^{}0123456789", min_size=1), min_size=1, unique=True))
def test_columns_of_any_name_can_be_drawn(names: list[str]) -> None:
    steps = np.arange(3)
    log = RunLog(steps=steps, columns={name: np.array([0.0, np.nan, 1.0]) for name in names[:4]})

    figure = draw_curves(log, "$run_{1}")
    figure.canvas.draw()

    assert figure.axes
