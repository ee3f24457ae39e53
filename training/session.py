"""What every training command needs at hand: label columns, targets, and scenes of its clips."""

from dataclasses import dataclass
from pathlib import Path

from ontology import LabelSet, Ontology
from training.clips import ClipBank, ClipRow, held_out, open_bank, read_manifest
from training.config import RunConfig
from training.errors import TrainingDataError
from training.labels import read_label_map
from training.mixtures import SceneDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The recordings of a data folder, split the way every run splits them.

    Attributes:
        folder: the data folder.
        cache: where decoded clips are kept.
        rows: the whole manifest.
        reserved: groups that no gradient sees.
    """

    folder: Path
    cache: Path
    rows: tuple[ClipRow, ...]
    reserved: frozenset[str]

    def training_rows(self, config: RunConfig) -> tuple[ClipRow, ...]:
        """Rows that may train weights that ship, without reserved and excluded groups."""
        left_out = self.reserved | set(config.exclude_groups)
        return tuple(
            row
            for row in self.rows
            if row.split == "train" and row.use == "ship" and row.group not in left_out
        )

    def bank(self, rows: tuple[ClipRow, ...]) -> ClipBank:
        """Decoded clips of some rows; all rows of the manifest are decoded once, together."""
        return open_bank(self.folder, self.rows, self.cache).only(rows)

    def scenes(self, config: RunConfig, ontology: Ontology) -> SceneDataset:
        """All scenes of a run, by index."""
        labels = LabelSet(ontology)
        return SceneDataset(
            self.bank(self.training_rows(config)),
            read_label_map(labels),
            labels,
            config.mixture,
            seed=config.seed,
            length=config.steps * config.batch_scenes,
        )


def open_data(folder: Path | None, cache: Path, *, held_out_share: float) -> TrainingData:
    """Read a data folder's manifest and reserve its held-out groups.

    Raises:
        TrainingDataError: no folder given, or no usable manifest in it.
    """
    if folder is None:
        raise TrainingDataError(
            "no recordings: give --data DIR, or set AED_DATA to a folder with a manifest.tsv"
        )
    rows = read_manifest(folder)
    shippable = [row for row in rows if row.split == "train" and row.use == "ship"]
    reserved = held_out(shippable, share=held_out_share)
    return TrainingData(folder=folder, cache=cache, rows=rows, reserved=reserved)
