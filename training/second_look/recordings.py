"""What the second look learns from: scenes, and recordings by themselves, in folds of sessions.

Axes: S samples, T posterior frames, N ontology nodes.
"""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from aed.audio import SAMPLE_RATE_HZ
from ontology import LabelSet
from training.clips.bank import ClipRow
from training.labels import ROOM_LABEL, read_label_map
from training.scenes.mixtures import MixtureConfig, SceneDataset
from training.second_look.collect import CLIPS, SCENES, Heard
from training.session import open_data

FOLDS = 4
SEED = 4_711

LEAD_S = 2.0
"""Quiet noise before every other recording: a stream begins with the sound, or long before it."""

LEAD_LEVEL_DB = -70.0
"""Its level in dBFS."""

ALARMING = MixtureConfig(alarm_share=0.3, break_share=0.16, glass_share=0.16)
"""Scenes of what must not be demoted."""

HARD = MixtureConfig(
    alarm_share=0.0, tone_share=0.25, break_share=0.12, glass_share=0.0, hard_share=0.35
)
"""Scenes of what should be: tones, clatter, and recordings that the bundle mistook before."""

ALARMING_SHARE = 0.3
"""Of the scenes. Few others make a good bundle fire, so it takes many."""


class Recordings:
    """Single clips, and scenes, of what may train a model that ships.

    Args:
        folder: of the recordings.
        cache: where decoded clips are kept.
        labels: columns of the bundle's posteriors.
    """

    def __init__(self, folder: Path, cache: Path, labels: LabelSet) -> None:
        self._data = open_data(folder, cache, held_out_share=0.0)
        self._labels = labels
        self._map = read_label_map(labels)
        rows = [row for row in self._data.rows if row.split == "train" and row.use == "ship"]
        self.clip_rows = tuple(row for row in rows if row.label in self._map.targets)
        """The recordings that `clips` goes through."""
        self._room_rows = tuple(row for row in rows if row.label == ROOM_LABEL)

    def clips(self) -> Iterator[Heard]:
        """Every recording by itself, half of them after quiet."""
        rng = np.random.default_rng(SEED)
        lead = rng.standard_normal(round(LEAD_S * SAMPLE_RATE_HZ)).astype(np.float32)
        lead *= np.float32(10 ** (LEAD_LEVEL_DB / 20))
        bank = self._data.bank(self.clip_rows)
        for index, row in enumerate(bank.rows):
            target, clip = self._map.targets[row.label], bank.clip(index)
            yield Heard(
                name=row.path,
                samples=np.concatenate([lead, clip]) if index % 2 else clip,
                true=target.true[np.newaxis],
                unknown=target.unknown[np.newaxis],
                fold=fold_of(row),
                stratum=CLIPS,
            )

    def scenes(self, count: int, hard_paths: Collection[str]) -> Iterator[Heard]:
        """Scenes, each of the sessions of one fold; rooms are in all of them.

        Args:
            count: how many.
            hard_paths: recordings that the bundle took for something critical.
        """
        alarming = round(count * ALARMING_SHARE)
        for kind, config, length in (
            ("alarming", ALARMING, alarming),
            ("hard", HARD, count - alarming),
        ):
            for fold in range(FOLDS):
                rows = tuple(row for row in self.clip_rows if fold_of(row) == fold)
                dataset = SceneDataset(
                    self._data.bank((*rows, *self._room_rows)),
                    self._map,
                    self._labels,
                    config,
                    seed=SEED + fold,
                    length=len(range(fold, length, FOLDS)),
                    hard_paths=hard_paths,
                )
                for index in range(len(dataset)):
                    audio, true, unknown = dataset[index]
                    yield Heard(
                        name=f"{kind} scene {index} of fold {fold}",
                        samples=audio.numpy(),
                        true=true.numpy(),
                        unknown=unknown.numpy(),
                        fold=fold,
                        stratum=SCENES,
                    )


def fold_of(row: ClipRow) -> int:
    """Fold of a row's group, by the hash of its name."""
    return hashlib.sha256(row.group.encode()).digest()[0] % FOLDS
