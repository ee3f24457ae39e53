"""Log-mel front end and noise floor, as a torch module that is exported inside the graph.

The DFT is two steps of decimation in frequency and then matrices: odd bins see only the difference
of a frame's halves, even bins only their sum, and of that sum the same holds once more. That is
three eighths of the multiplications of the DFT as one matrix, with nothing but slices, sums and
products, which every runtime has and does in few calls.

Axes: B clips, S samples, L log-mel frames (10 ms), F mel bands, K spectrum bins.

Sources: decimation in frequency, Gentleman and Sande (1966), "Fast Fourier transforms: for fun and
profit"; mel scale of Slaney, Auditory Toolbox (1998), as in librosa's default; the recursive floor
is a bias-corrected exponential mean (Kingma and Ba 2015, section 3) of the log-mel.
"""

import math
from dataclasses import dataclass

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

MAX_FRAMES_PER_CALL = 100
"""Posterior frames (ten seconds) that one call may ask for; longer streams are cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndConfig:
    """Numbers of the front end; they are stored in the bundle."""

    sample_rate_hz: int = 16_000
    window_samples: int = 400
    hop_samples: int = 160
    mel_bands: int = 64
    fmin_hz: float = 60.0
    fmax_hz: float = 7_800.0
    power_offset: float = 5e-7
    """Added to the mel power before the logarithm: digital silence and a converter's last bit
    become nearly the same. Smaller would let the last bit be heard, larger would hide a quiet
    room from a microphone of low gain."""
    floor_time_constant_s: float = 3.0
    floor_prior_log: float = -6.0
    """What the floor is taken to be before anything was heard (natural log of mel power)."""
    floor_prior_weight: float = 0.05
    """Weight of that prior, as a share of a fully learned floor."""

    hops_per_frame: int = 10
    """Log-mel frames per posterior frame."""

    @property
    def frame_s(self) -> float:
        """Time from one posterior to the next, in seconds."""
        return self.hops_per_frame * self.hop_samples / self.sample_rate_hz

    @property
    def context_samples(self) -> int:
        """Samples of the past that a frame needs beside its own hop."""
        return self.window_samples - self.hop_samples


class LogMel(nn.Module):
    """Natural log of mel power, hop by hop, with the past handed in.

    Frame l covers the `window_samples` that end with hop l, so nothing waits for the future.
    """

    window: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        size = config.window_samples
        self.block = math.gcd(config.hop_samples, size)
        angle = math.pi * (torch.arange(size, dtype=torch.float64) + 0.5) / size
        self.register_buffer("window", (torch.sin(angle) ** 2).float(), persistent=False)  # Hann
        self.odd = _MelPower(config, first_bin=1, step=2)
        self.twice_odd = _MelPower(config, first_bin=2, step=4)
        self.fourfold = _MelPower(config, first_bin=4, step=4)  # DC carries no mel weight

    def forward(self, audio: Tensor) -> Tensor:
        """Map (B, context_samples + L * hop_samples) audio to (B, L, F) log-mel."""
        blocks = audio.unflatten(1, (-1, self.block))
        per_window = self.config.window_samples // self.block
        per_hop = self.config.hop_samples // self.block
        columns = [blocks[:, i : (i + 1 - per_window) or None : per_hop] for i in range(per_window)]
        frames = torch.cat(columns, dim=2) * self.window  # (B, L, window_samples)
        first, second = frames.chunk(2, dim=2)
        left, right = (first + second).chunk(2, dim=2)
        power = self.fourfold(left + right) + self.twice_odd(left - right)
        return torch.log(power + self.odd(first - second) + self.config.power_offset)


class _MelPower(nn.Module):
    """Power that the bins `first_bin`, `first_bin + step`, ... give to each mel band.

    Args:
        config: of the front end.
        first_bin: a bin of the DFT over the whole window.
        step: from one bin to the next.
    """

    waves: Tensor
    mel: Tensor

    def __init__(self, config: FrontEndConfig, *, first_bin: int, step: int) -> None:
        super().__init__()
        size = config.window_samples
        length = size // 4 if first_bin % 2 == 0 else size // 2
        weights = torch.from_numpy(mel_filters(config).T)  # (bins, F)
        last_bin = int(weights.any(1).nonzero()[-1])
        bins = torch.arange(first_bin, last_bin + 1, step)  # (K,)
        angle = 2 * math.pi * torch.outer(torch.arange(length).double(), bins.double()) / size
        buffers = {
            "waves": torch.cat([torch.cos(angle), torch.sin(angle)], dim=1),  # (length, 2 K)
            "mel": weights[bins].repeat(2, 1),  # (2 K, F)
        }
        for name, value in buffers.items():
            self.register_buffer(name, value.to(torch.float32).contiguous(), persistent=False)

    def forward(self, folded: Tensor) -> Tensor:
        """Map what these bins see of frames, (B, L, length), to (B, L, F)."""
        spectrum = folded @ self.waves
        return (spectrum * spectrum) @ self.mel


class NoiseFloor(nn.Module):
    """Slow causal mean of each band, and the two level-free views of the log-mel made with it.

    View 0 is the log-mel above the mean floor of all bands: it keeps the spectrum's shape. View 1
    is the log-mel above each band's own floor: it keeps what is new. Neither changes with the
    microphone's gain once the floor has been learned. The floor moves once per posterior.
    """

    recursion: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        step = torch.arange(1, MAX_FRAMES_PER_CALL + 1, dtype=torch.float64)
        rate = config.frame_s / config.floor_time_constant_s
        age = step[:, None] - step[None, :]  # row: now, column: then
        kernel = (1 - math.exp(-rate)) * torch.exp(-rate * age) * (age >= 0)
        decay = torch.exp(-rate * step)[:, None]  # of the state, which comes first
        recursion = torch.cat([decay, kernel], dim=1).float()  # (T, 1 + T)
        self.register_buffer("recursion", recursion, persistent=False)
        self.state_shape = (1, 1, config.mel_bands + 1)

    def forward(self, log_mel: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Subtract the floor learned up to each posterior frame.

        Args:
            log_mel: (B, L, F), at most ten seconds of it.
            state: (B, *state_shape), decayed sums of the bands above the prior and of the
                weights; zeros at the start of a stream.

        Returns:
            views (B, 2, L, F) and the next state.
        """
        config = self.config
        # (B, 1, T, hops, F); the second axis becomes the two views.
        frames = log_mel.unflatten(1, (1, -1, config.hops_per_frame))
        above = frames.mean(3) - config.floor_prior_log  # (B, 1, T, F)
        seen = functional.pad(above, (0, 1), value=1.0)  # and one column of weights
        count = seen.shape[2]
        recursion = self.recursion[:count, : count + 1]
        sums = recursion @ torch.cat([state, seen], dim=2)  # (B, 1, T, F + 1)
        learned = sums[..., -1:]  # 1 - decay since the start of the stream
        weight = learned * (1 - config.floor_prior_weight) + config.floor_prior_weight
        floor = (sums[..., :-1] / weight + config.floor_prior_log).unsqueeze(3)
        views = torch.cat([frames - floor.mean(4, keepdim=True), frames - floor], dim=1)
        return torch.clamp(views, -8.0, 16.0).flatten(2, 3), sums[:, :, -1:]


def mel_filters(config: FrontEndConfig) -> NDArray[np.float64]:
    """Triangular filters of Slaney's mel scale, peak 1, shape (F, 201), as librosa makes them."""
    filters: NDArray[np.float64] = librosa.filters.mel(
        sr=config.sample_rate_hz,
        n_fft=config.window_samples,
        n_mels=config.mel_bands,
        fmin=config.fmin_hz,
        fmax=config.fmax_hz,
        norm=None,
        dtype=np.float64,
    )
    return filters
