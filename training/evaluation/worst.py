"""The worst of a node, as pictures: sounds it missed, stretches in which it spoke for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure
from scipy.signal import spectrogram

from training.evaluation.contestants import Said
from training.evaluation.hearing import Heard
from training.evaluation.matching import Block, FoundSound, NodeMatches
from training.evaluation.material import JudgedNode

MOST = 20
LEAST_SCORE = 0.05
"""What speaks more softly than this for nothing is no case to look at."""

_BEFORE_S, _AFTER_S = 4.0, 6.0
_DPI = 80
_FFT = 512
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCase:
    """One of them.

    Attributes:
        kind: `missed` or `false alarm`.
        name: of the recording.
        at_s: stream time of its highest score.
        score: that score.
        picture: file name of its PNG.
    """

    kind: str
    name: str
    at_s: float
    score: float
    picture: str


def worst_cases(
    heard: Sequence[Heard],
    contestant: int,
    node: JudgedNode,
    matches: NodeMatches,
    folder: Path,
) -> list[WorstCase]:
    """Draw the sounds with the lowest scores and the stretches with the highest.

    Args:
        heard: the recordings.
        contestant: whose scores, by its index.
        node: which.
        matches: its sounds and stretches.
        folder: where the pictures go.
    """
    missed = sorted(matches.found, key=lambda each: each.score)[:MOST]
    wrong = sorted(matches.blocks, key=lambda each: -each.score)[:MOST]
    wrong = [block for block in wrong if block.score >= LEAST_SCORE]
    places: list[tuple[str, Sequence[FoundSound | Block]]] = [
        ("missed", missed),
        ("false alarm", wrong),
    ]
    cases = []
    for kind, entries in places:
        for number, entry in enumerate(entries):
            each = heard[entry.recording]
            picture = f"{node.id}-{kind.replace(' ', '-')}-{number:02d}.png"
            _draw(each, each.said[contestant], node, entry.at_s, folder / picture)
            cases.append(
                WorstCase(
                    kind=kind,
                    name=each.judged.name,
                    at_s=entry.at_s,
                    score=entry.score,
                    picture=picture,
                )
            )
    return cases


def _draw(each: Heard, said: Said, node: JudgedNode, at_s: float, path: Path) -> None:
    """Spectrogram of the moments around, with the score over it."""
    first_s = max(0.0, min(at_s - _BEFORE_S, each.duration_s - _BEFORE_S - _AFTER_S))
    last_s = min(each.duration_s, first_s + _BEFORE_S + _AFTER_S)
    info = soundfile.info(each.judged.file)
    samples, rate_hz = soundfile.read(
        each.judged.file,
        start=round(first_s * info.samplerate),
        stop=round(last_s * info.samplerate),
        dtype="float32",
        always_2d=True,
    )
    figure = Figure(figsize=(7.0, 2.6), layout="constrained")
    axes = figure.subplots()
    hz, times_s, power = spectrogram(
        samples.mean(axis=1), rate_hz, nperseg=min(_FFT, len(samples)), mode="psd"
    )
    axes.pcolormesh(
        first_s + times_s, hz, 10 * np.log10(power + _FLOOR), cmap="magma", rasterized=True
    )
    axes.set_ylim(0, min(8_000, rate_hz / 2))
    axes.set_ylabel("Hz")
    axes.set_xlabel("s")
    over = axes.twinx()
    time_s = said.time_s()
    shown = (time_s >= first_s) & (time_s <= last_s)
    over.plot(time_s[shown], said.scores[shown, node.place], color="#4fd1ff", linewidth=2)
    over.set_ylim(0, 1.02)
    over.set_ylabel(f"P({node.id})")
    over.set_xlim(first_s, max(last_s, first_s + 0.1))
    figure.savefig(path, dpi=_DPI)
