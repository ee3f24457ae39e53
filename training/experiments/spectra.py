"""Log-mel spectra of all clips in several distorted versions, made once and kept on disk.

Distorting is what costs most in a short training, so every clip is distorted a few times
beforehand; crops, masks and mixtures are drawn anew in every step.

Axes: C clips, V views (0 is the mild one), L log-mel frames (10 ms), F mel bands.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from aed.model.front_end import FrontEndConfig, LogMel
from training.clips.bank import FRAME_SAMPLES, ClipBank
from training.clips.bank_files import exclusive
from training.distortions import as_tensor
from training.errors import TrainingDataError
from training.experiments import views

FRAMES_PER_HOP = 10
"""Log-mel frames of 100 ms, the grid on which crops begin."""

LONGEST_S = 5.0
"""Of a longer clip only its loudest part is used."""

ACTIVE_RANGE_DB = 12.0
"""A crop is taken where its level is within this range below the loudest crop of its clip."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumBank:
    """Spectra of clips, read through the page cache.

    Attributes:
        frames: (V, all L, F) float16, clips one after another.
        bounds: (C, 2) int64, where each clip begins and ends, in frames.
        power: (all L / 10,) float64, mean power of each 100 ms of the mild view.
    """

    frames: NDArray[np.float16]
    bounds: NDArray[np.int64]
    power: NDArray[np.float64]

    @property
    def views(self) -> int:
        """How many versions there are of each clip, the mild one included."""
        return len(self.frames)

    def crop(self, clip: int, *, view: int, start: int, length: int) -> NDArray[np.float16]:
        """(length, F) of a clip from frame `start` on."""
        first = self.bounds[clip, 0] + start
        return self.frames[view, first : first + length]

    def starts(self, clip: int, length: int) -> NDArray[np.int64]:
        """Frames at which a crop of `length` frames may begin: where the clip sounds."""
        first, last = self.bounds[clip] // FRAMES_PER_HOP
        hops = length // FRAMES_PER_HOP
        sums = np.convolve(self.power[first:last], np.ones(hops), mode="valid")
        return np.flatnonzero(sums >= sums.max() * 10 ** (-ACTIVE_RANGE_DB / 10)) * FRAMES_PER_HOP


def open_spectra(
    bank: ClipBank, cache: Path, *, views_per_clip: int, least_frames: int, seed: int = 0
) -> SpectrumBank:
    """Open the spectra of a bank, made first if they are not in `cache`.

    The key is the content of the clips and everything that decides what is made of them.

    Args:
        bank: the clips.
        cache: folder of cached spectra.
        views_per_clip: distorted views, beside the mild one.
        least_frames: shorter clips are lengthened by quiet to so many frames.
        seed: of the distortions.

    Raises:
        TrainingDataError: the cache cannot be written to.
    """
    digest = hashlib.sha256(
        repr((FrontEndConfig(), views.VERSION, views_per_clip, least_frames, seed)).encode()
    )
    for clip in range(len(bank.rows)):
        start, end = bank.bounds[clip]
        digest.update(np.ascontiguousarray(bank.samples[start:end]).tobytes() + b"|")
    stem = cache / f"spectra-{digest.hexdigest()[:16]}"
    facts_path = stem.with_suffix(".npz")
    if not facts_path.exists():
        with exclusive(cache):
            if not facts_path.exists():  # another process may have been quicker
                try:
                    _write(
                        bank,
                        stem,
                        views_per_clip=views_per_clip,
                        least_frames=least_frames,
                        seed=seed,
                    )
                except OSError as error:
                    raise TrainingDataError(
                        f"{stem}: cannot be written ({error.strerror}); make room there, or name "
                        "another folder with --cache"
                    ) from error
    with np.load(facts_path) as facts:
        bounds, power = facts["bounds"], facts["power"]
    frames = np.load(stem.with_suffix(".npy"), mmap_mode="r")
    return SpectrumBank(frames=frames, bounds=bounds, power=power)


def _write(
    bank: ClipBank, stem: Path, *, views_per_clip: int, least_frames: int, seed: int
) -> None:
    """Write both files; the small one comes last and in one move, so what is there is whole."""
    config = FrontEndConfig()
    log_mel = LogMel(config)
    distorter = views.Distorter(np.random.default_rng([seed, 0]))
    least = least_frames * config.hop_samples
    cut = [_loudest_part(bank.clip(clip), least) for clip in range(len(bank.rows))]
    lengths = [len(samples) // config.hop_samples for samples in cut]
    ends = np.cumsum([0, *lengths])
    shape = (views_per_clip + 1, int(ends[-1]), config.mel_bands)
    partial = stem.with_suffix(f".{os.getpid()}.partial.npy")
    try:
        frames = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
        _reserve(partial)
        power = []
        for clip in track(range(len(cut)), description="distorting clips", transient=True):
            audio = as_tensor(cut[clip])
            for view in range(views_per_clip + 1):
                rng = np.random.default_rng([seed, clip, view])
                seen = distorter.strong(audio, rng) if view else distorter.mild(audio, rng)
                if not view:
                    power.append(seen.unflatten(0, (-1, FRAME_SAMPLES)).square().mean(1).numpy())
                padded = torch.nn.functional.pad(seen, (config.context_samples, 0))
                spectrum = log_mel(padded[None])[0].numpy()
                frames[view, ends[clip] : ends[clip + 1]] = spectrum
        frames.flush()
        del frames
        partial.replace(stem.with_suffix(".npy"))
        facts = stem.with_suffix(f".{os.getpid()}.partial.npz")
        bounds = np.stack([ends[:-1], ends[1:]], axis=1)
        np.savez(facts, bounds=bounds, power=np.concatenate(power).astype(np.float64))
        facts.replace(stem.with_suffix(".npz"))
    finally:
        partial.unlink(missing_ok=True)
    _logger.info("%s: %d clips in %d views", stem.with_suffix(".npy"), len(cut), shape[0])


def _reserve(path: Path) -> None:
    """Take a sparse file's room on the disk now: a full disk kills whoever writes to its map."""
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _loudest_part(samples: NDArray[np.float32], least_samples: int) -> NDArray[np.float32]:
    """Whole 100 ms frames of a clip (S,), at least and at most as long as wanted."""
    most = round(LONGEST_S * 16_000)
    if len(samples) > most:
        energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
        starts = np.arange(0, len(samples) - most + 1, FRAME_SAMPLES)
        start = int(starts[(energy[starts + most] - energy[starts]).argmax()])
        samples = samples[start : start + most]
    wanted = max(least_samples, -(-len(samples) // FRAME_SAMPLES) * FRAME_SAMPLES)
    return np.pad(samples, (0, wanted - len(samples)))
