"""Settings are tried on dev, and wrong ones are refused before anything is trained."""

from pathlib import Path

import pytest

from training.errors import TrainingDataError
from training.experiments.__main__ import main
from training.experiments.settings import Settings
from training.experiments.trying import changed, try_settings
from training.experiments.unit import Workplace


def place(folder: Path, cache: Path) -> Workplace:
    return Workplace(data=folder, cache=cache, out=cache, is_smoke=True, budget_s=None)


def ignore(_doing: str, _step: int, _steps: int) -> None:
    """Nobody watches."""


def test_changes_are_of_the_kind_of_the_setting() -> None:
    settings = changed(Settings(), ["steps=7", "confidence=0.95"])

    assert (settings.steps, settings.confidence) == (7, 0.95)
    assert settings.crops == Settings().crops


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stesp=7", "there is no setting 'stesp'"),
        ("steps=x", "wanted steps=int, found 'x'"),
        ("confidence", "wanted confidence=float, found ''"),
        ("clips_per_node=24", "clips_per_node decides which clips are dev"),
    ],
)
def test_a_change_that_is_none_is_refused(change: str, message: str) -> None:
    with pytest.raises(TrainingDataError, match=message):
        changed(Settings(), [change])


def test_to_try_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", "--data", "nowhere"]) == 1
    assert "wanted the name of a cell" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["esc10-tree-10-fold1", "home-treee-10-seed0", "home"])
def test_a_cell_without_dev_or_method_is_refused(
    name: str, esc10_folder: Path, cache: Path
) -> None:
    with pytest.raises(TrainingDataError, match="wanted a cell of the home set"):
        try_settings(name, [], place(esc10_folder, cache), ignore)


def test_a_seed_outside_of_the_grid_is_judged_on_dev_and_leaves_no_cell(
    esc10_folder: Path, cache: Path
) -> None:
    told = try_settings(
        "home-tree_consistency-100-seed0",
        ["steps=2"],
        place(esc10_folder, cache),
        ignore,
    )

    assert told.startswith("home-tree_consistency-100-seed0 steps=2: on ")
    assert "of dev accuracy " in told
    assert not list(cache.glob("home-*.json"))
