"""Tables of posteriors written by hand, and the log-mel of tones to go with them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import Posteriors
from aed.pulses import band_centres_hz
from ontology import LabelSet, Ontology

Row = Mapping[str, float]
"""Node to posterior; its ancestors have at least as much."""

QUIET = 0.02
BANDS = 64
FMIN_HZ, FMAX_HZ = 60.0, 7_800.0
NOISE_LOG_MEL = -8.0


def quiet(duration_s: float) -> list[Row]:
    """Nothing to be heard."""
    return [{}] * round(duration_s * 10)


def sounding(duration_s: float, **nodes: float) -> list[Row]:
    """These nodes at these posteriors."""
    return [nodes] * round(duration_s * 10)


def table(
    ontology: Ontology,
    rows: Sequence[Row],
    *,
    start_frame: int = 0,
    level_dbfs: float = -30.0,
    log_mel: NDArray[np.float32] | None = None,
) -> Posteriors:
    """Posteriors of rows of 100 ms each."""
    labels = LabelSet(ontology)
    values = np.full((len(rows), len(labels)), QUIET, np.float32)
    for frame, row in enumerate(rows):
        for node, posterior in row.items():
            path = labels.ancestors[labels.column(node)]
            values[frame, path] = np.maximum(values[frame, path], np.float32(posterior))
    return Posteriors(
        values=values,
        start_frame=start_frame,
        level_dbfs=np.full(len(rows), level_dbfs, np.float32),
        log_mel=noise_log_mel(len(rows) / 10) if log_mel is None else log_mel,
    )


def cut_table(posteriors: Posteriors, lengths: Sequence[int]) -> list[Posteriors]:
    """The same frames in blocks of these lengths; the last length goes on to the end."""
    blocks: list[Posteriors] = []
    start = 0
    while start < len(posteriors.values):
        length = lengths[min(len(blocks), len(lengths) - 1)]
        stop = min(start + length, len(posteriors.values))
        blocks.append(
            Posteriors(
                values=posteriors.values[start:stop],
                start_frame=posteriors.start_frame + start,
                level_dbfs=posteriors.level_dbfs[start:stop],
                log_mel=posteriors.log_mel[10 * start : 10 * stop],
            )
        )
        start = stop
    return blocks


def noise_log_mel(duration_s: float, seed: int = 0) -> NDArray[np.float32]:
    """(L, F): log-mel of a quiet room."""
    rng = np.random.default_rng(seed)
    frames = round(duration_s * 100)
    return (NOISE_LOG_MEL + rng.normal(0.0, 0.7, (frames, BANDS))).astype(np.float32)


def with_tone(
    log_mel: NDArray[np.float32],
    pulses: Sequence[tuple[float, float]],
    *,
    pitch_hz: float = 3100.0,
    level: float = 1.0,
) -> NDArray[np.float32]:
    """Add a tone that is on from and to these times, in seconds."""
    band = int(np.abs(band_centres_hz(BANDS, FMIN_HZ, FMAX_HZ) - pitch_hz).argmin())
    toned = log_mel.copy()
    for onset_s, offset_s in pulses:
        frames = slice(round(onset_s * 100), round(offset_s * 100))
        toned[frames, band] = np.maximum(toned[frames, band], level)
        toned[frames, band - 1] = np.maximum(toned[frames, band - 1], level - 3.0)
        toned[frames, band + 1] = np.maximum(toned[frames, band + 1], level - 3.0)
    return toned


def t3_pulses(onset_s: float, cycles: int) -> list[tuple[float, float]]:
    """Pulses of a T3 alarm."""
    starts = [onset_s + 4.0 * cycle + step for cycle in range(cycles) for step in (0, 1, 2)]
    return [(start, start + 0.5) for start in starts]


def t4_pulses(onset_s: float, cycles: int) -> list[tuple[float, float]]:
    """Pulses of a T4 alarm."""
    starts = [onset_s + 5.7 * cycle + 0.2 * step for cycle in range(cycles) for step in range(4)]
    return [(start, start + 0.1) for start in starts]
