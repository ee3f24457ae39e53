"""What home scenes are mixed of: dev clips, and recordings of speech, music and effects.

Each belongs to one part, so that no sound of a development scene stands in a confirming one.

Axes: S samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from ontology import LabelSet
from training.clips.bank import Clips
from training.errors import TrainingDataError
from training.evaluation.truth import Recording, part_of
from training.labels import ROOM_LABEL, Target

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A short recording.

    Attributes:
        index: in the bank.
        node: deepest node known of it, None for background.
    """

    index: int
    node: str | None


class Sources:
    """Everything that scenes of one part are mixed of.

    Args:
        part: which.
        bank: dev clips.
        targets: what each label means.
        labels: the ontology.
        folder: of the long recordings.
        recordings: these, from its `truth.tsv`.

    Raises:
        TrainingDataError: the part has no clip or no long recording.
    """

    def __init__(
        self,
        part: str,
        *,
        bank: Clips,
        targets: dict[str, Target],
        labels: LabelSet,
        folder: Path,
        recordings: Sequence[Recording],
    ) -> None:
        self._bank, self._folder = bank, folder
        critical = list(labels.critical)
        own = [
            (Clip(index=index, node=targets[row.label].node), targets[row.label])
            for index, row in enumerate(bank.rows)
            if row.label in targets and row.label != ROOM_LABEL and part_of(row.group) == part
        ]
        self.harmless = [
            clip for clip, target in own if not (target.true | target.unknown)[critical].any()
        ]
        self.critical = [clip for clip, target in own if target.true[critical].any()]
        self.long = [each for each in recordings if each.part == part and not each.sounds]
        if not self.harmless or not self.long:
            raise TrainingDataError(
                f"part {part}: {len(self.harmless)} harmless dev clips and {len(self.long)} long "
                "recordings; scenes need both"
            )

    def clip(self, clip: Clip) -> Samples:
        """Samples (S,) of a clip."""
        return self._bank.clip(clip.index)

    def stretch(self, duration_s: float, rng: np.random.Generator) -> Samples:
        """A stretch of a long recording (S,), repeated if it is shorter."""
        recording = self.long[int(rng.integers(len(self.long)))]
        samples = soundfile.read(self._folder / recording.path, dtype="float32")[0]
        count = round(duration_s * SAMPLE_RATE_HZ)
        repeats = -(-count // len(samples))
        tiled = np.tile(samples, repeats + 1)
        start = int(rng.integers(len(samples)))
        return np.asarray(tiled[start : start + count], dtype=np.float32)
