"""How loud each posterior frame is, in the same graph as what is heard in it.

Axes: B clips, S samples, T posterior frames.
"""

import math

import torch
from torch import Tensor

from aed.posteriors import SILENCE_DBFS


def levels_dbfs(audio: Tensor, *, frame_samples: int) -> Tensor:
    """RMS level (B, T) of audio (B, T * frame_samples), its constant part left out.

    In dB relative to full scale; a full-scale sine has -3.
    """
    frames = audio.unflatten(1, (-1, frame_samples))
    swing = frames - frames.mean(2, keepdim=True)
    level = torch.log((swing * swing).mean(2)) * (10.0 / math.log(10.0))
    return level.clamp(min=SILENCE_DBFS)
