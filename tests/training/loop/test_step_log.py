import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import CheckpointError
from training.loop.step_log import LOG_NAME, StepLog

pytestmark = pytest.mark.torch


def _figures(loss: float) -> dict[str, float]:
    return {"loss": loss, "recall_depth_0": math.nan, "lr": 2e-3}


def test_a_line_holds_the_figures_and_an_empty_field_what_nobody_could_judge(
    tmp_path: Path,
) -> None:
    log = StepLog(tmp_path / LOG_NAME, 0)
    log.append(50, _figures(6.29301))
    log.append(100, _figures(4.0))

    assert log.path.read_text() == (
        "step,loss,recall_depth_0,lr\n50,6.2930,,2.00e-03\n100,4.0000,,2.00e-03\n"
    )


def test_lines_after_the_checkpoint_and_a_half_written_one_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    path.write_text("step,loss\n1,2.0\n2,1.9\n3,1.8\n1", encoding="utf-8")

    StepLog(path, 2)

    assert path.read_text(encoding="utf-8") == "step,loss\n1,2.0\n2,1.9\n"


def test_lines_of_other_columns_are_kept_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    path.write_text("step,loss,old\n50,2.0,1\n", encoding="utf-8")

    StepLog(path, 50).append(100, _figures(1.5))

    aside = tmp_path / "log.before-100.csv"
    assert aside.read_text(encoding="utf-8") == "step,loss,old\n50,2.0,1\n"
    assert path.read_text(encoding="utf-8").splitlines()[0] == "step,loss,recall_depth_0,lr"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    path.symlink_to("/dev/full")
    log = StepLog(tmp_path / "other.csv", 0)
    log.path = path

    with pytest.raises(CheckpointError, match=r"No space left on device.*same command again"):
        log._write("step\n", "a")


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=60), step=st.integers(0, 9))
def test_any_bytes_are_a_log_or_refused(
    content: bytes, step: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        StepLog(path, step)
    except CheckpointError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        StepLog(path, step).append(step + 1, _figures(1.0))
