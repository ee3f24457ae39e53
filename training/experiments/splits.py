"""Which clips teach with their label, which without, which choose thresholds, which judge.

No group (recording session) stands in two of train, dev and test.

Axes: C clips.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingDataError
from training.experiments.corpora import Corpus
from training.experiments.grid import Cell
from training.hierarchy import leaf_columns

_DEV_SEED = 0x0DE7
_DEV_SHARES = {"rest": 0.85, "dev": 0.15}
_HOME_SHARES = {"train": 0.6 / 0.85, "test": 0.25 / 0.85}
"""Of what dev leaves: train, dev and test have 60, 15 and 25 % of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Indices of clips, ascending.

    Attributes:
        labelled: clips that teach with their label.
        train: all clips that may teach, those labelled among them.
        dev: clips that choose thresholds; none in ESC-10.
        test: clips that judge; of each the leaf is known.
        unseen: clips of the leaf that is left out; they judge too, and never teach.
    """

    labelled: NDArray[np.int64]
    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    test: NDArray[np.int64]
    unseen: NDArray[np.int64]


def split(corpus: Corpus, cell: Cell) -> Split:
    """Split a corpus for a cell; which labels a cell sees is the same for every method.

    ESC-10: the cell's fold is tested, all others teach, none is dev. Home: dev groups are the same
    for all cells, so that nothing that was chosen on them meets a test clip; the others are drawn
    by the seed, node by node, into train and test.

    Raises:
        TrainingDataError: nothing is left to train on, or to test on.
    """
    rng = np.random.default_rng([cell.turn, 0x5EED])
    if cell.dataset == "esc10":
        parts = np.where(corpus.folds == cell.turn, "test", "train")
    else:
        parts = _grouped_parts(corpus, rng)
    unseen = np.zeros(len(parts), dtype=np.bool_)
    if cell.unseen is not None:
        unseen = corpus.columns == corpus.labels.column(cell.unseen)
    known = corpus.columns >= 0
    train = np.flatnonzero((parts == "train") & ~unseen)
    leaf = np.isin(corpus.columns, leaf_columns(corpus.labels))
    test = np.flatnonzero((parts == "test") & leaf & ~unseen)
    if not len(test):
        raise TrainingDataError(f"{cell.name}: no clip of a known leaf is left to test on")
    labelled = _labelled(corpus, train[known[train]], cell.label_percent, rng)
    return Split(
        labelled=labelled,
        train=train,
        dev=np.flatnonzero((parts == "dev") & known & ~unseen),
        test=test,
        unseen=np.flatnonzero(unseen),
    )


def _labelled(
    corpus: Corpus, train: NDArray[np.int64], percent: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A share of the clips of each node, at least one of each."""
    chosen = []
    for column in np.unique(corpus.columns[train]):
        own = rng.permutation(train[corpus.columns[train] == column])
        chosen.append(own[: max(1, round(len(own) * percent / 100))])
    if not chosen:
        raise TrainingDataError("no clip with a label is left to train on")
    return np.sort(np.concatenate(chosen))


def _grouped_parts(corpus: Corpus, rng: np.random.Generator) -> NDArray[np.str_]:
    """Part of each clip, (C,): whole groups, of each node its share."""
    clips = np.arange(len(corpus.columns))
    parts = _shared_out(corpus, clips, _DEV_SHARES, np.random.default_rng(_DEV_SEED))
    rest = np.flatnonzero(parts == "rest")
    parts[rest] = _shared_out(corpus, rest, _HOME_SHARES, rng)[rest]
    return parts


def _shared_out(
    corpus: Corpus,
    clips: NDArray[np.int64],
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    """Part of each of `clips`, (C,) with blanks for all others: each group to the emptiest part."""
    clips_of: dict[str, list[int]] = {}
    groups = corpus.groups
    for clip in clips.tolist():
        clips_of.setdefault(groups[clip], []).append(clip)
    # A group counts for the node that most of its clips have.
    own: dict[int, list[str]] = {}
    for place in rng.permutation(len(clips_of)):
        group = list(clips_of)[place]
        own.setdefault(_most_frequent(corpus.columns[clips_of[group]]), []).append(group)
    parts = np.full(len(corpus.columns), "", dtype="<U5")
    for members in own.values():
        total = sum(len(clips_of[group]) for group in members)
        room = {part: share * total for part, share in shares.items()}
        for group in members:
            part = max(room, key=room.__getitem__)
            room[part] -= len(clips_of[group])
            parts[clips_of[group]] = part
    return parts


def _most_frequent(columns: NDArray[np.int64]) -> int:
    values, counts = np.unique(columns, return_counts=True)
    return int(values[counts.argmax()])
