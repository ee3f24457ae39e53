"""Gives a bundle its background: hears every recording that may train weights that ship.

Axes: T posterior frames, D embedding, M windows.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aed.bundle import Bundle, load_bundle
from aed.taught.background import BACKGROUND_FILE, Background, packed
from aed.taught.space import space_of, windowed
from training.labels import ROOM_LABEL, read_label_map
from training.release.description import open_description, seal
from training.session import open_data
from training.teaching.heard import hear_all

WINDOWS = 6_000
"""So many are kept: a megabyte."""

SEED = 7


def make_background(bundle: Bundle, data: Path, cache: Path) -> Background:
    """Hear the background of a bundle.

    Args:
        bundle: the model.
        data: folder of recordings with a manifest; its rows of `train` and `ship` count.
        cache: where decoded clips are kept.

    Raises:
        TrainingDataError: the recordings cannot be used.
    """
    opened = open_data(data, cache, held_out_share=0.0)
    targets = read_label_map(bundle.labels).targets
    rows = [
        row
        for row in opened.rows
        if row.split == "train" and row.use == "ship" and row.label != ROOM_LABEL
    ]
    rng = np.random.default_rng(SEED)
    rows = [rows[place] for place in rng.permutation(len(rows))]
    bank = opened.bank(tuple(rows))
    heard = hear_all(bundle, (bank.clip(number) for number in range(len(rows))), seed=SEED)
    known = [targets[row.label].node if row.label in targets else None for row in rows]
    return background_of(heard, [node or "" for node in known], rng)


def background_of(
    heard: list[NDArray[np.float32]], nodes: list[str], rng: np.random.Generator
) -> Background:
    """The background of some recordings.

    Args:
        heard: (T, D) embeddings of each.
        nodes: what each is known to sound like; empty if unknown.
        rng: draws the windows that are kept.
    """
    space = space_of(np.concatenate(heard))
    windows, names = [], []
    for embedding, node in zip(heard, nodes, strict=True):
        directions = space.directions(embedding)
        windows.append(windowed(directions, directions[:0]))
        names += [node] * len(directions)
    joined = np.concatenate(windows)
    kept = rng.choice(len(joined), min(WINDOWS, len(joined)), replace=False)
    return Background(space=space, windows=joined[kept], nodes=np.array(names)[kept])


def install(path: Path, data: Path, cache: Path) -> int:
    """Write a bundle's background and describe it.

    Args:
        path: folder of the bundle.
        data: folder of recordings.
        cache: where decoded clips are kept.

    Returns:
        How many bytes it has.

    Raises:
        BundleError: the bundle cannot be used.
        TrainingDataError: the recordings cannot be used.
    """
    content = packed(make_background(load_bundle(path), data, cache))
    info = open_description(path)
    (path / BACKGROUND_FILE).write_bytes(content)
    info["files"][BACKGROUND_FILE] = hashlib.sha256(content).hexdigest()
    seal(path, info)
    load_bundle(path)
    return len(content)
