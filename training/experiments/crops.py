"""Crops of spectra for one training step: where they begin, what is masked, what is mixed.

Axes: B crops, L log-mel frames (10 ms), F mel bands.

Sources: masks of bands and times are SpecAugment (Park et al. 2019) without its warping; mixup is
Zhang et al. (2018), here of powers, as sounds mix in air.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.experiments.spectra import SpectrumBank

BAND_MASKS, WIDEST_BANDS = 2, 8
TIME_MASKS, LONGEST_FRAMES = 2, 20
LARGEST_SHIFT_FRAMES = 30
"""How far apart the crops begin that teacher and student hear of one clip."""


class CropSource:
    """Draws crops where clips sound.

    Args:
        bank: the spectra.
        length: frames of a crop.
    """

    def __init__(self, bank: SpectrumBank, length: int) -> None:
        self._bank, self.length = bank, length
        self._starts: dict[int, NDArray[np.int64]] = {}

    @property
    def clips(self) -> int:
        """How many clips there are to draw from."""
        return len(self._bank.bounds)

    def draw(self, clips: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """One crop (B, L, F) of each clip, in a view drawn at random."""
        return self._crops(
            [(clip, int(rng.integers(self._bank.views)), self._start(clip, rng)) for clip in clips]
        )

    def draw_pair(
        self, clips: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Two crops (B, L, F) of each clip: mild, and distorted and slightly shifted in time."""
        mild, strong = [], []
        for clip in clips:
            start = self._start(clip, rng)
            last = int(np.diff(self._bank.bounds[clip])[0]) - self.length
            shift = int(rng.integers(-LARGEST_SHIFT_FRAMES, LARGEST_SHIFT_FRAMES + 1))
            view = int(rng.integers(1, self._bank.views))
            mild.append((clip, 0, start))
            strong.append((clip, view, min(max(start + shift, 0), last)))
        return self._crops(mild), self._crops(strong)

    def all_of(self, clip: int, *, step: int, view: int = 0) -> Tensor:
        """Crops (B, L, F) of a view of a clip, the mild one unless said, `step` frames apart."""
        starts, last = [], -step
        for start in self._possible(clip):
            if start - last >= step:
                starts.append((clip, view, int(start)))
                last = int(start)
        return self._crops(starts)

    def _start(self, clip: int, rng: np.random.Generator) -> int:
        return int(rng.choice(self._possible(clip)))

    def _possible(self, clip: int) -> NDArray[np.int64]:
        clip = int(clip)
        if clip not in self._starts:
            self._starts[clip] = self._bank.starts(clip, self.length)
        return self._starts[clip]

    def _crops(self, places: Sequence[tuple[int, int, int]]) -> Tensor:
        crops = [
            self._bank.crop(clip, view=view, start=start, length=self.length)
            for clip, view, start in places
        ]
        return torch.from_numpy(np.stack(crops).astype(np.float32))


def masked(views: Tensor, rng: np.random.Generator) -> Tensor:
    """Views (B, 2, L, F) with a few bands and short times set to zero, the level of the floor."""
    clips, _, frames, bands = views.shape
    hidden = torch.zeros(clips, frames, bands, dtype=torch.bool)
    for _ in range(BAND_MASKS):
        hidden |= _spans(rng, clips, bands, WIDEST_BANDS)[:, None, :]
    for _ in range(TIME_MASKS):
        hidden |= _spans(rng, clips, frames, LONGEST_FRAMES)[:, :, None]
    return views.masked_fill(hidden[:, None], 0.0)


def mixed(log_mel: Tensor, order: Tensor, share: Tensor) -> Tensor:
    """Log-mel (B, L, F) of crops mixed with those of `order`; `share` (B,) is the first's power."""
    first = log_mel + share.log()[:, None, None]
    second = log_mel[order] + (1 - share).log()[:, None, None]  # -inf where the first is alone
    return torch.logaddexp(first, second)


def mixing(crops: int, strength: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Partners (B,) and shares λ (B,) of mixup; the first of a pair is always the stronger one.

    Args:
        crops: B.
        strength: parameter of the symmetric Beta distribution; 0 mixes nothing.
        rng: of partners and shares.
    """
    order = torch.from_numpy(rng.permutation(crops))
    if strength == 0:
        return order, torch.ones(crops)
    share = rng.beta(strength, strength, crops).astype(np.float32)
    return order, torch.from_numpy(np.maximum(share, 1 - share))


def _spans(rng: np.random.Generator, clips: int, length: int, longest: int) -> Tensor:
    """One span of up to `longest` in each row of (clips, length) bool."""
    width = rng.integers(0, min(longest, length) + 1, clips)
    start = (rng.random(clips) * (length - width + 1)).astype(np.int64)
    place = np.arange(length)
    return torch.from_numpy((place >= start[:, None]) & (place < (start + width)[:, None]))
