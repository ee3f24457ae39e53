"""Which cells may stand beside each other: those of one network and of today's settings."""

from collections import Counter
from collections.abc import Mapping

from training.errors import TrainingDataError
from training.experiments.cells import Result
from training.experiments.grid import full_grid
from training.experiments.settings import settings_for


def comparable(results: Mapping[str, Result]) -> dict[str, Result]:
    """Cells of the grid, made with the settings that new ones would be made with.

    Raises:
        TrainingDataError: two of them are of networks of different size.
    """
    wanted = {cell: settings_for(cell.dataset, smoke=False).as_dict() for cell in full_grid()}
    kept = {
        name: result
        for name, result in results.items()
        if wanted.get(result.cell) == dict(result.settings)
    }
    _refuse_two_networks(kept)
    return kept


def _refuse_two_networks(results: Mapping[str, Result]) -> None:
    sizes = Counter(result.data["parameters"] for result in results.values()).most_common()
    if len(sizes) < 2:  # noqa: PLR2004 - one network, or no cell
        return
    told = []
    for size, count in (sizes[0], sizes[-1]):
        name = next(name for name in results if results[name].data["parameters"] == size)
        told.append(
            f"{name} has {size} parameters (commit {results[name].commit}, {count} of "
            f"{len(results)} cells)"
        )
    raise TrainingDataError(
        f"cells of different networks cannot be compared: {' and '.join(told)}; delete the files "
        "of the cells of the older commit and make them anew"
    )
