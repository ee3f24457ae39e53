"""What the background sounds like to a model: where cosines are measured, and when they count.

A small file of a bundle, `background.npz`, made by `python -m training.teaching background`: the
space of the bundle's embeddings, and a sample of what recordings of all kinds of sounds are in it.

Axes: M windows, D embedding.
"""

import hashlib
import io
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aed.errors import TeachingError
from aed.taught.space import Space

if TYPE_CHECKING:
    from aed.bundle import Bundle

BACKGROUND_FILE = "background.npz"

TAIL = 20
"""Windows of the sample from which its tail is told."""

RARITY = 3
"""A sample of 6,000 windows is ten minutes of all kinds of sounds without a pause."""

_REMEDY = (
    "make it with python -m training.teaching background, or take the bundle that comes with aed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """A sample of all that is not the sound that is taught.

    Attributes:
        space: of the model's embeddings.
        windows: (M, D) float32, mean directions of single windows.
        nodes: (M,) the node that each window is known to sound like; empty if none.
    """

    space: Space
    windows: NDArray[np.float32]
    nodes: NDArray[np.str_]

    def reach(self, prototype: NDArray[np.float32], *, under: str) -> float:
        """The cosine with a prototype (D,) that one window in `RARITY` samples exceeds.

        The sample is too small to hold that one: the tail of its cosines is taken for exponential.

        Args:
            prototype: of length 1.
            under: a node; windows of just this one do not count, since a doorbell may well sound
                like a taught doorbell.
        """
        cosines = np.sort(self.windows[self.nodes != under] @ prototype)[::-1]
        tail = min(TAIL, len(cosines) - 1)
        excess = float(np.mean(cosines[:tail]) - cosines[tail])
        return min(1.0, float(cosines[tail]) + excess * math.log(tail * RARITY))


def read_background(bundle: "Bundle") -> Background:
    """Read a bundle's background; not kept in memory, since it is needed for teaching alone.

    Raises:
        TeachingError: the bundle has none, or it is damaged.
    """
    wanted = bundle.info["files"].get(BACKGROUND_FILE)
    if wanted is None:
        raise TeachingError(
            f"bundle {bundle.path} has no {BACKGROUND_FILE}, without which nothing can be taught: "
            f"{_REMEDY}"
        )
    where = bundle.path / BACKGROUND_FILE
    try:
        content = where.read_bytes()
    except OSError as error:
        raise TeachingError(f"{where}: cannot be read ({error.strerror}); {_REMEDY}") from error
    if hashlib.sha256(content).hexdigest() != wanted:
        raise TeachingError(f"{where}: it is not the file its maker described; {_REMEDY}")
    background = _parsed(content, str(where))
    width = bundle.widths.get("embedding")
    if background.space.width != width:
        raise TeachingError(
            f"{where}: wanted embeddings of {width} numbers, found {background.space.width}; "
            f"{_REMEDY}"
        )
    return background


def packed(background: Background) -> bytes:
    """A background as the content of its file; windows are kept to a 127th of the largest."""
    scale = float(np.abs(background.windows).max()) / 127
    names, numbers = np.unique(background.nodes, return_inverse=True)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        mean=background.space.mean,
        whitening=background.space.whitening,
        windows=np.rint(background.windows / scale).astype(np.int8),
        scale=np.float32(scale),
        names=names,
        nodes=numbers.astype(np.int16),
    )
    return file.getvalue()


def _parsed(content: bytes, where: str) -> Background:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            space = Space(mean=arrays["mean"], whitening=arrays["whitening"])
            windows = arrays["windows"] * arrays["scale"]
            nodes = arrays["names"][arrays["nodes"]]
    except (KeyError, ValueError, IndexError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise TeachingError(
            f"{where}: it is no background of sounds ({error}); {_REMEDY}"
        ) from error
    width = space.width
    if space.whitening.shape != (width, width) or windows.shape != (len(nodes), width):
        raise TeachingError(f"{where}: its arrays do not fit each other; {_REMEDY}")
    return Background(space=space, windows=windows, nodes=nodes)
