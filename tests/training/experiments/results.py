"""Made-up results of cells, for tests of files and of the report."""

from typing import Any

from training.experiments.cells import Result
from training.experiments.grid import Cell, full_grid
from training.experiments.methods import METHODS
from training.experiments.settings import settings_for


def made_up(cell: Cell, *, accuracy: float) -> Result:
    """A result with all the figures that the report reads."""
    metrics: dict[str, Any] = {
        "accuracy": accuracy,
        "balanced_accuracy": accuracy,
        "mean_average_precision": accuracy,
        "hierarchical_f1": accuracy,
        "mistake_height": 2.0,
        "mean_height": 2.0 * (1 - accuracy),
        "calibration_error_by_depth": [0.1, None, 1 - accuracy],
        "least_risk": None,
        "distorted": {
            "accuracy": accuracy - 0.1,
            "hierarchical_f1": accuracy - 0.1,
            "agreement": accuracy,
        },
        "pseudo_labels": None,
    }
    if METHODS[cell.method].reading != "flat":
        metrics["least_risk"] = {
            "accuracy": accuracy - 0.02,
            "hierarchical_f1": accuracy + 0.02,
            "mean_height": 1.9 * (1 - accuracy),
            "mistake_height": 1.9,
        }
    if METHODS[cell.method].is_consistent:
        metrics["pseudo_labels"] = {"rate_by_depth": [0.5, 0.2], "accuracy_by_depth": [0.9, None]}
    if cell.dataset == "home":
        metrics["selective"] = {"hierarchical_f1": accuracy, "abstained": 0.2}
        metrics["at_the_root"] = {"white_noise": 1.0, "pure_tone": 0.2, "silence": 1.0}
    if cell.unseen:
        shares = {"right": 0.5, "wrong_leaf": 0.2, "wrong_group": 0.1, "abstained": 0.2}
        metrics["unseen"] = shares
    return Result(
        cell=cell,
        settings=settings_for(cell.dataset, smoke=False).as_dict(),
        data={"labelled_clips": 32, "train_clips": 320, "test_clips": 80, "parameters": 150_000},
        metrics=metrics,
        seconds=120.0,
        memory_mb=900.0,
        commit="abc1234",
        command=f"python -m training.experiments run {cell.name}",
    )


def whole_grid(*, ours: float, others: float, step: float = 0.0) -> list[Result]:
    """A result of every cell: ours has one accuracy, all others another.

    Each fold or seed after the first is better by `step`, in all methods alike.
    """
    return [
        made_up(
            cell,
            accuracy=(ours if cell.method == "tree_consistency" else others)
            + step * (cell.turn - 1),
        )
        for cell in full_grid()
    ]
