"""What of a package's files is kept: pieces that scenes can hold, taken evenly.

Axes: S samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.debian.archive import evenly
from training.errors import TrainingDataError
from training.labels import UNLABELLED

PIECE_S = 10.0
LEAST_S = 0.3
"""Shorter ones are dropped: clicks of an interface, mostly."""

MOST_PIECES = 60
"""Of a package, for music and for everything else: none drowns the others."""

MUSIC = "music"
_MUSIC_WORDS = ("music", "soundtrack", "song", "theme")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a file.

    Attributes:
        file: where.
        start_s: from its beginning.
        label: `music`, or `unlabelled` where only a listener could say.
    """

    file: Path
    start_s: float
    label: str

    def samples(self) -> NDArray[np.float32]:
        """(S,) at 16 kHz, at most `PIECE_S`.

        Raises:
            TrainingDataError: the file cannot be decoded there.
        """
        try:
            with soundfile.SoundFile(self.file) as sound:
                sound.seek(round(self.start_s * sound.samplerate))
                heard = sound.read(
                    round(PIECE_S * sound.samplerate), dtype="float32", always_2d=True
                )
                rate_hz = sound.samplerate
        except (OSError, soundfile.LibsndfileError) as error:
            raise TrainingDataError(f"{self.file}: cannot be decoded: {error}") from error
        mono = heard.mean(axis=1)
        if len(mono) < LEAST_S * rate_hz or not np.isfinite(mono).all():
            raise TrainingDataError(f"{self.file}: has no sound at {self.start_s:.1f} s")
        resampled: NDArray[np.float32] = librosa.resample(
            mono, orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ, res_type="soxr_hq"
        )
        return np.clip(resampled, -1, 1)


def pieces(files: Sequence[Path], *, all_music: bool) -> list[Piece]:
    """Pieces of a package's files; those that libsndfile cannot open are left out.

    Args:
        files: in order.
        all_music: the package holds nothing else, whatever its files are called.
    """
    found: dict[str, list[Piece]] = {MUSIC: [], UNLABELLED: []}
    for piece in _all(files, all_music=all_music):
        found[piece.label].append(piece)
    return [
        piece
        for each in found.values()
        for piece in evenly(each, max(1.0, len(each) / MOST_PIECES))
    ]


def _all(files: Sequence[Path], *, all_music: bool) -> Iterator[Piece]:
    for file in files:
        try:
            duration_s = soundfile.info(file).duration
        except (OSError, soundfile.LibsndfileError):
            continue
        words = "/".join(part.lower() for part in file.parts[-4:])
        is_music = all_music or any(word in words for word in _MUSIC_WORDS)
        label = MUSIC if is_music and duration_s >= PIECE_S else UNLABELLED
        for number in range(max(1, int(duration_s / PIECE_S))):
            if duration_s >= LEAST_S:
                yield Piece(file=file, start_s=number * PIECE_S, label=label)
