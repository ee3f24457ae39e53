"""What every training command needs at hand: label columns, targets, and scenes of its clips."""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from ontology import LabelSet, Ontology
from training.clips.bank import ClipRow, Clips, held_out, open_bank, read_manifest
from training.clips.shard_bank import holds_shards, open_shards
from training.errors import TrainingDataError
from training.kinds import SYNTHESISED_NODES
from training.labels import (
    ROOM_LABEL,
    SHIPPED_MAP,
    LabelMap,
    node_target,
    read_label_map,
    refuse_unknown,
    untaught,
)
from training.loop.config import RunConfig
from training.scenes.distorted import DistortedScenes
from training.scenes.mixtures import SceneDataset
from training.scenes.taught import TaughtScenes

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The recordings of a data folder, split the way every run splits them.

    Attributes:
        folder: the data folder: recordings, or shards of them.
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

    def digest(self, config: RunConfig) -> str:
        """A hash of which recordings a run learns from, and of what their labels mean."""
        rows = [(row.path, row.label, row.group) for row in self.training_rows(config)]
        told = json.dumps(rows).encode() + SHIPPED_MAP.read_bytes()
        return hashlib.sha256(told).hexdigest()[:16]

    def bank(self, rows: tuple[ClipRow, ...]) -> Clips:
        """Clips of some rows: from shards, or else all of the manifest are decoded once."""
        if holds_shards(self.folder):
            return open_shards(self.folder).only(rows)
        return open_bank(self.folder, self.rows, self.cache).only(rows)

    def scenes(self, config: RunConfig, ontology: Ontology) -> SceneDataset:
        """All scenes of a run, by index.

        Raises:
            TrainingDataError: labels of the manifest mean nothing, or recordings cannot be used.
        """
        labels = LabelSet(ontology)
        label_map = read_label_map(labels)
        refuse_unknown((row.label for row in self.rows if row.label != ROOM_LABEL), label_map)
        if silent := self.untaught(config, label_map, labels):
            _logger.warning(
                "%d of %d nodes have neither a clip nor a synthesised sound to learn from: %s",
                len(silent),
                len(labels.nodes),
                ", ".join(silent),
            )
        return SceneDataset(
            self.bank(self.training_rows(config)),
            label_map,
            labels,
            config.mixture,
            seed=config.seed,
            length=config.steps * config.batch_scenes,
            hard_paths=frozenset(config.hard_paths),
        )

    def untaught(self, config: RunConfig, label_map: LabelMap, labels: LabelSet) -> list[str]:
        """Nodes that are never true in a run, by a recording or by a synthesised sound."""
        targets = label_map.targets
        known = [targets[row.label] for row in self.training_rows(config) if row.label in targets]
        known += [node_target(labels, node) for node in SYNTHESISED_NODES & set(labels.nodes)]
        return untaught(labels, known)


def views(scenes: SceneDataset, config: RunConfig, teacher: Path | None) -> Dataset[Any]:
    """The scenes as a run's steps take them.

    Args:
        scenes: of the run.
        config: the run.
        teacher: folder of YAMNet, for a run that learns from it.

    Raises:
        TrainingDataError: the run learns from YAMNet, which is not there or cannot be used.
    """
    if config.distillation.weight > 0:
        if teacher is None:
            raise TrainingDataError(
                "the run learns from YAMNet: give --teacher DIR, set AED_YAMNET to the folder of "
                "its TFLite file, or set distillation.weight to 0"
            )
        return TaughtScenes(scenes, teacher)
    return DistortedScenes(scenes) if config.consistency.weight > 0 else scenes


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
