"""From a trained network to the figures of a cell.

Axes: C clips, B crops, N ontology nodes, K leaves.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ontology import LabelSet
from training.decisions import climb, descend, least_risk, likeliest_leaf
from training.experiments.crops import CropSource
from training.experiments.heads import Objective
from training.experiments.methods import Method, Reading
from training.experiments.network import CropClassifier
from training.hierarchy import ROOT, leaf_columns
from training.metrics import (
    Threshold,
    Truth,
    accuracy,
    choose_threshold,
    hierarchical_score,
    known_from_unseen,
    leaf_confidence,
    summarise,
    unseen_shares,
)

_CROPS_AT_ONCE = 128
_LEAST_RISK_FIGURES = ("accuracy", "hierarchical_f1", "mean_height", "mistake_height")

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A trained network and how it answers.

    Attributes:
        network: in evaluation mode.
        objective: what its outputs mean.
        labels: the tree.
        reading: how an answer is read from them.
    """

    network: CropClassifier
    objective: Objective
    labels: LabelSet
    reading: Reading

    def probabilities(
        self, crops: CropSource, clips: NDArray[np.int64], *, view: int = 0
    ) -> Probabilities:
        """P(node) of each clip, (C, N): the mean over its crops, half a crop apart."""
        pieces = [crops.all_of(int(clip), step=crops.length // 2, view=view) for clip in clips]
        heard = torch.cat(pieces)
        with torch.inference_mode():
            found = torch.cat(
                [
                    self.objective.probabilities(
                        self.network(self.network.encoder.views(heard[start:][:_CROPS_AT_ONCE]))
                    )
                    for start in range(0, len(heard), _CROPS_AT_ONCE)
                ]
            )
        parts = found.split([len(piece) for piece in pieces])
        means: Probabilities = torch.stack([part.mean(0) for part in parts]).numpy()
        return self.unsummed(means) if self.reading == "flat" else means

    def unsummed(self, probabilities: Probabilities) -> Probabilities:
        """What a classifier that knows of no tree says of a node: its likeliest leaf, (C, N)."""
        leaves = leaf_columns(self.labels)
        below = self.labels.ancestors[leaves]  # (K, N)
        return np.asarray((probabilities[:, leaves, None] * below).max(axis=1))

    def node(self, probabilities: Probabilities, threshold: float) -> NDArray[np.int64]:
        """Column of the deepest node that is sure enough, (C,), or ROOT.

        Leaf sums are climbed from the likeliest leaf; a tree, whose probability may stop at a
        super-category, is descended from the root.
        """
        if threshold > 1:
            return np.full(len(probabilities), ROOT)
        decide = descend if self.reading == "tree" else climb
        return decide(probabilities, self.labels, threshold=threshold)


def closed_figures(
    judge: Judge, found: Probabilities, columns: NDArray[np.int64]
) -> dict[str, Any]:
    """Figures on clips whose leaf is known, a leaf answered for each.

    The likeliest leaf is answered, whatever the method, so that only training differs; where the
    method knows the tree, `least_risk` holds figures of the leaf whose expected mistake is least.
    """
    truth, labels = Truth.of_nodes(columns, judge.labels), judge.labels
    figures: dict[str, Any] = dict(summarise(found, truth, labels))
    figures["least_risk"] = None
    if judge.reading != "flat":
        # Mass that stops above the leaves scales all risks of a clip alike: the least stays least.
        answers = least_risk(found[:, leaf_columns(labels)], labels)
        careful = summarise(found, truth, labels, answers)
        figures["least_risk"] = {name: careful[name] for name in _LEAST_RISK_FIGURES}
    return figures


def distorted_figures(
    judge: Judge, found: Probabilities, distorted: Probabilities, columns: NDArray[np.int64]
) -> dict[str, Any]:
    """Figures on distorted versions of clips whose leaf is known.

    `agreement` is the share of clips of which the same leaf is answered, distorted or not.
    """
    truth, labels = Truth.of_nodes(columns, judge.labels), judge.labels
    answers = likeliest_leaf(distorted, labels)
    return {
        "accuracy": accuracy(answers, truth, labels),
        "hierarchical_f1": hierarchical_score(answers, truth, labels).f1,
        "agreement": float((answers == likeliest_leaf(found, labels)).mean()),
    }


def chosen_threshold(judge: Judge, found: Probabilities, columns: NDArray[np.int64]) -> Threshold:
    """Threshold of `Judge.node` by the rule of `training.metrics.threshold`, on dev clips."""
    return choose_threshold(found, Truth.of_nodes(columns, judge.labels), judge.node)


def selective_figures(
    judge: Judge, threshold: Threshold, found: Probabilities, columns: NDArray[np.int64]
) -> dict[str, Any]:
    """Figures on clips of known sounds, where an answer may stop early."""
    answers = judge.node(found, threshold.value)
    truth = Truth.of_nodes(columns, judge.labels)
    score = hierarchical_score(answers, truth, judge.labels)
    return {
        "threshold": asdict(threshold),
        "hierarchical_precision": score.precision,
        "hierarchical_recall": score.recall,
        "hierarchical_f1": score.f1,
        "abstained": float((answers == ROOT).mean()),
    }


def unseen_figures(
    judge: Judge, threshold: Threshold, known: Probabilities, unseen: Probabilities, parent: str
) -> dict[str, Any]:
    """Figures on clips of a leaf that was left out, whose super-category is `parent`."""
    shares = unseen_shares(judge.node(unseen, threshold.value), judge.labels, parent)
    told_apart = known_from_unseen(
        leaf_confidence(known, judge.labels), leaf_confidence(unseen, judge.labels)
    )
    return {**asdict(shares), "known_from_unseen": told_apart}


def stranger_figures(
    judge: Judge, threshold: Threshold, found: Mapping[str, Probabilities]
) -> dict[str, Any]:
    """Share of the clips of each stranger for which nothing is named."""
    return {
        kind: float((judge.node(probabilities, threshold.value) == ROOT).mean())
        for kind, probabilities in found.items()
    }


def judge_of(
    network: CropClassifier, objective: Objective, labels: LabelSet, method: Method
) -> Judge:
    """The judge of a method's network."""
    return Judge(network=network, objective=objective, labels=labels, reading=method.reading)
