"""Who is measured: aed at several block lengths, YAMNet at several hops, on the same samples.

Axes: S samples, C classes.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from training.yamnet import YAMNET_FILE, YamnetNetwork, yamnet_windows

if TYPE_CHECKING:
    from aed.bundle import Bundle

AED_CALLS_PER_S = (1, 2, 5)
HEADLINE_CALLS_PER_S = 1
"""At the pace of YAMNet's windows side by side: about a call a second on both sides."""

DAEMON_CALLS_PER_S = 5
"""What the daemon does: no sound waits longer than 0.2 s for its call, and calls cost."""

YAMNET_HOPS_SAMPLES = (15_600, 7_800, 1_600)
"""Side by side, as Frigate has them; with half overlap; with aed's ten posteriors a second."""

HEADLINE_HOP_SAMPLES = 15_600
"""The cheapest way to run YAMNet is the one that aed is compared with."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to hear a recording.

    Attributes:
        key: its name in `bench.json`.
        title: its name in tables.
        hop_samples: samples between two calls: how long a sound may wait to be looked at.
        posteriors_per_s: how often it says what it hears.
        hear: hears (S,) float32 samples of 16 kHz from the beginning of a stream.
    """

    key: str
    title: str
    hop_samples: int
    posteriors_per_s: float
    hear: Callable[[Samples], None]

    @property
    def delay_s(self) -> float:
        """Longest time that a sample waits for the call that hears it, in seconds."""
        return self.hop_samples / SAMPLE_RATE_HZ


def aed_contestants(bundle: "Bundle") -> list[Contestant]:
    """Aed as the daemon runs it, conditioning and front end included, in blocks of 1, 0.5, 0.2 s.

    Args:
        bundle: what to hear with.
    """
    return [aed_contestant(bundle, calls) for calls in AED_CALLS_PER_S]


def yamnet_contestants(folder: Path | None) -> list[Contestant]:
    """YAMNet as TFLite, one thread, at the three hops.

    Args:
        folder: where YAMNET_FILE lies; None gives no contestants.
    """
    if folder is None:
        return []
    hear_at = load_yamnet(folder)
    return [
        Contestant(
            key=f"yamnet_hop_{hop}",
            title=f"YAMNet, hop {hop / SAMPLE_RATE_HZ:.3g} s",
            hop_samples=hop,
            posteriors_per_s=SAMPLE_RATE_HZ / hop,
            hear=partial(hear_at, hop),
        )
        for hop in YAMNET_HOPS_SAMPLES
    ]


def load_yamnet(folder: Path) -> Callable[[int, Samples], None]:
    """Load YAMNet; gives a function of hop and samples that hears a recording.

    Args:
        folder: where YAMNET_FILE lies.
    """
    network = YamnetNetwork(folder)

    def hear(hop_samples: int, samples: Samples) -> None:
        for window in yamnet_windows(samples, hop_samples):
            network.scores(window)

    return hear


def yamnet_folder() -> Path | None:
    """The folder of AED_YAMNET, or None where it is unset or lacks the file."""
    folder = Path(os.environ.get("AED_YAMNET", ""))
    return folder if (folder / YAMNET_FILE).is_file() else None


def aed_contestant(bundle: "Bundle", calls_per_s: int) -> Contestant:
    """Aed in blocks of one length.

    Args:
        bundle: what to hear with.
        calls_per_s: blocks per second of audio.
    """
    from aed.detector import StreamingDetector

    detector = StreamingDetector(bundle)
    hop_samples = SAMPLE_RATE_HZ // calls_per_s

    def hear(samples: Samples) -> None:
        detector.reset()
        for start in range(0, len(samples), hop_samples):
            block = samples[start : start + hop_samples]
            detector.feed(AudioChunk(samples=block, sample_rate_hz=SAMPLE_RATE_HZ))

    return Contestant(
        key=f"aed_{calls_per_s}_calls_per_s",
        title=f"aed, {calls_per_s} call{'s' * (calls_per_s > 1)}/s",
        hop_samples=hop_samples,
        posteriors_per_s=10.0,
        hear=hear,
    )
