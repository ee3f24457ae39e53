"""The recordings that scenes are made of: which are drawn, how often, and what is made of them.

Axes: S samples.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.clips.bank import Clips
from training.labels import ROOM_LABEL, UNLABELLED, Target
from training.scenes.breaks import varied
from training.synthesis.breaking import render_glass
from training.synthesis.glass import draw_glass

_MOST_GROUPS = 100.0
_RENDERED_SECOND_SHARE = 0.5

Samples = NDArray[np.float32]


class RecordedSounds:
    """Draws recordings by label, then by group: many clips of one session count as one.

    Args:
        bank: the clips.
        targets: what each label means.
        break_node: recordings of this node are each time made into another break.
        hard_paths: recordings that an earlier run took for something else.
    """

    def __init__(
        self,
        bank: Clips,
        targets: Mapping[str, Target],
        *,
        break_node: str,
        hard_paths: Collection[str],
    ) -> None:
        self._bank, self._break_node = bank, break_node
        self._clips_of = {
            label: clips for label, clips in _by_label_and_group(bank).items() if label in targets
        }
        labels = tuple(self._clips_of)
        self.breaks = [name for name in labels if targets[name].node == break_node]
        self.sounds = [name for name in labels if targets[name].node is not None]
        self.unlabelled = [name for name in labels if name == UNLABELLED]
        self.beds = [name for name in labels if targets[name].is_bed]
        self.hard = [
            index
            for index, row in enumerate(bank.rows)
            if row.path in hard_paths and row.label in self.sounds
        ]

    def one_of(self, labels: Sequence[str], rng: np.random.Generator) -> tuple[str, Samples]:
        """A label, by the square root of how many groups it was recorded in, and a clip (S,)."""
        groups = np.array([len(self._clips_of[label]) for label in labels], dtype=np.float64)
        odds = np.sqrt(np.minimum(groups, _MOST_GROUPS))
        label = str(rng.choice(labels, p=odds / odds.sum()))
        clips = self._clips_of[label][int(rng.integers(len(self._clips_of[label])))]
        return label, self._bank.clip(clips[int(rng.integers(len(clips)))])

    def a_break(self, rng: np.random.Generator) -> tuple[str, Samples]:
        """A label of a break, and a break (S,) made of a recording of it."""
        label, clip = self.one_of(self.breaks, rng)
        return label, varied(clip, lambda: self._second_break(rng), rng)

    def a_hard_one(self, rng: np.random.Generator) -> tuple[str, Samples]:
        """The label and the samples (S,) of a recording that was mistaken before."""
        index = self.hard[int(rng.integers(len(self.hard)))]
        return self._bank.rows[index].label, self._bank.clip(index)

    def _second_break(self, rng: np.random.Generator) -> Samples:
        if rng.random() < _RENDERED_SECOND_SHARE:
            return render_glass(draw_glass(rng, self._break_node), rng).samples
        return self.one_of(self.breaks, rng)[1]


def _by_label_and_group(bank: Clips) -> dict[str, list[list[int]]]:
    """Indices of the clips of each label, group by group; impulse responses are no sounds."""
    clips: dict[str, dict[str, list[int]]] = {}
    for index, row in enumerate(bank.rows):
        if row.label != ROOM_LABEL:
            clips.setdefault(row.label, {}).setdefault(row.group, []).append(index)
    return {label: list(groups.values()) for label, groups in sorted(clips.items())}
