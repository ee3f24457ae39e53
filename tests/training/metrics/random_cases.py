"""Trees, truths and probabilities for property tests. P(node) never exceeds P(parent) in them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import ontology
from ontology import LabelSet
from tests.marginals import marginals
from training.decisions import climb
from training.metrics import ROOT, Truth, leaf_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Some clips, what is known of them, and what a model said of them."""

    labels: LabelSet
    truth: Truth
    probabilities: NDArray[np.float32]  # (C, N)
    predicted: NDArray[np.int64]  # (C,)


@st.composite
def trees(draw: st.DrawFn) -> LabelSet:
    """Any tree of two to twelve nodes."""
    count = draw(st.integers(2, 12))
    parents = [draw(st.integers(ROOT, column - 1)) for column in range(count)]
    children: dict[int, list[int]] = {}
    for column, parent in enumerate(parents):
        children.setdefault(parent, []).append(column)

    def lines(parent: int, indent: str) -> list[str]:
        text = []
        for column in children.get(parent, []):
            text.append(f"{indent}- id: n{column}\n{indent}  name: N{column}")
            if column in children:
                text += [f"{indent}  children:", *lines(column, indent + "    ")]
        return text

    head = "version: 1\nname: drawn\nnodes:\n"
    return LabelSet(ontology.parse(head + "\n".join(lines(ROOT, "  ")) + "\n"))


@st.composite
def cases(draw: st.DrawFn, *, leaves_only: bool = False) -> Case:
    """One to thirty clips; truth and answers are any nodes or none, or leaves only."""
    labels = draw(trees())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 30))
    nodes = leaf_columns(labels) if leaves_only else np.arange(ROOT, len(labels))
    conditional = rng.random((count, len(labels)), dtype=np.float32)
    return Case(
        labels=labels,
        truth=Truth.of_nodes(rng.choice(nodes, count), labels),
        probabilities=marginals(labels, conditional),
        predicted=rng.choice(nodes, count),
    )


def deepest_confident(
    probabilities: NDArray[np.float32], threshold: float, labels: LabelSet
) -> NDArray[np.int64]:
    """The rule of leaf sums, also at thresholds that all or no node reaches, (C,)."""
    if threshold > 1:
        return np.full(len(probabilities), ROOT)
    return climb(probabilities, labels, threshold=max(threshold, 1e-9))
