"""Recordings of a package's files: long ones as they are, short ones one after another.

Axes: S samples.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ

LONGEST_S = 120.0
"""Of a recording; a longer file makes several."""

GAP_S = 0.5
GAP_DBFS = -65.0
"""Between joined files it is as quiet as a room, not as a file's end."""

LEAST_S = 0.3
"""Shorter files are dropped: clicks of an interface, mostly."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One recording to be written.

    Attributes:
        samples: (S,) float32 at 16 kHz.
        node: a node that its file's name speaks of; None for one that may be joined.
    """

    samples: Samples
    node: str | None


@dataclass(slots=True)
class _Row:
    """Files that wait to be written as one."""

    parts: list[Samples] = field(default_factory=list)
    samples: int = 0


def join(files: Iterable[tuple[str | None, Samples]]) -> Iterator[Joined]:
    """Join files.

    Args:
        files: the node of each name, and its samples (S,).

    Yields:
        Recordings; a file with a node stands alone.
    """
    rng = np.random.default_rng(0)
    most = round(LONGEST_S * SAMPLE_RATE_HZ)
    row = _Row()
    for node, samples in files:
        if len(samples) < LEAST_S * SAMPLE_RATE_HZ:
            continue
        if node is not None:
            yield Joined(samples=samples[:most], node=node)
            continue
        for start in range(0, len(samples), most):
            piece = samples[start : start + most]
            if row.parts and row.samples + len(piece) > most:
                yield _written(row)
                row = _Row()
            row.parts += [piece, _gap(rng)]
            row.samples += len(piece) + len(row.parts[-1])
    if row.parts:
        yield _written(row)


def _written(row: _Row) -> Joined:
    return Joined(samples=np.concatenate(row.parts), node=None)


def _gap(rng: np.random.Generator) -> Samples:
    noise = rng.standard_normal(round(GAP_S * SAMPLE_RATE_HZ), dtype=np.float32)
    return noise * np.float32(10 ** (GAP_DBFS / 20))
