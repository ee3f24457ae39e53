"""Numbers of a cell: the same for every method, so that only the method differs."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything beside the cell itself that decides its figures; it stands in the cell's file.

    Attributes:
        steps: optimiser steps of the supervised (or semi-supervised) training.
        pretraining_steps: optimiser steps of masked-spectrogram pretraining, before `steps`.
        crops: labelled crops a step.
        unlabelled_crops: unlabelled crops a step besides, in the consistent methods.
        crop_s: length of a crop, a multiple of 0.1 s.
        learning_rate: peak.
        warmup_share: share of the steps until the peak; half a cosine to zero follows.
        weight_decay: of AdamW.
        average_decay: of the running mean of the weights, which teaches and is judged.
        mixup: parameter of the Beta distribution of mixup on labelled crops; 0 is none.
        views: distorted versions of each clip that are kept on disk, beside the mild one.
        strangers: further crops a step that hold nothing of the tree (noises and tones).
        stranger_weight: weight of their loss.
        confidence: posterior from which the teacher is believed.
        temperature: divides the logits of what the teacher teaches; below 1 it sharpens.
        consistency_weight: weight of the consistency loss once ramped up.
        ramp_share: share of the steps over which it is ramped up.
        clips_per_node: most clips of a node (home set: speech would drown the rest).
    """

    steps: int = 600
    pretraining_steps: int = 600
    crops: int = 32
    unlabelled_crops: int = 32
    crop_s: float = 2.0
    learning_rate: float = 4e-3
    warmup_share: float = 0.05
    weight_decay: float = 0.02
    average_decay: float = 0.99
    mixup: float = 0.0
    views: int = 5
    strangers: int = 4
    stranger_weight: float = 0.5
    confidence: float = 0.8
    temperature: float = 1.0
    consistency_weight: float = 1.0
    ramp_share: float = 0.25
    clips_per_node: int = 48

    @property
    def crop_frames(self) -> int:
        """Log-mel frames (10 ms) of a crop."""
        return 10 * round(self.crop_s * 10)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def settings_for(dataset: str, *, smoke: bool) -> Settings:
    """Settings of a data set's cells; `smoke` makes a cell take seconds and mean nothing."""
    settings = Settings()
    if dataset == "home":  # a third of its clips are shorter than two seconds
        settings = replace(settings, steps=1_000, pretraining_steps=1_000, crop_s=1.5)
    if smoke:
        settings = replace(
            settings,
            steps=8,
            pretraining_steps=4,
            crops=16,
            unlabelled_crops=16,
            views=1,
            clips_per_node=12,
        )
    return settings
