"""Which cells may stand beside each other: those of one network and of today's settings."""

from collections.abc import Mapping

from training.errors import TrainingDataError
from training.experiments.cells import Result
from training.experiments.settings import settings_for


def comparable(results: Mapping[str, Result]) -> dict[str, Result]:
    """Cells that were made with the settings that new ones would be made with.

    Raises:
        TrainingDataError: two of them are of networks of different size.
    """
    wanted = {name: settings_for(name, smoke=False).as_dict() for name in ("esc10", "home")}
    kept = {
        name: result
        for name, result in results.items()
        if dict(result.settings) == wanted[result.cell.dataset]
    }
    sizes = {result.data["parameters"]: name for name, result in kept.items()}
    if len(sizes) > 1:
        told = ", ".join(f"{name} has {size}" for size, name in sizes.items())
        raise TrainingDataError(
            f"cells of different networks cannot be compared, and the number of parameters differs "
            f"({told}): delete those of the older network and make them anew"
        )
    return kept
