"""One reading for all methods, the careful one beside it, and figures of what is distorted."""

import numpy as np
import pytest

from ontology import LabelSet, parse
from training.experiments.heads import FlatObjective
from training.experiments.judging import Judge, closed_figures, distorted_figures
from training.experiments.methods import Reading
from training.experiments.network import CropClassifier

TREE = """\
version: 1
name: three
nodes:
- id: animal
  name: Animal
  children:
  - {id: dog, name: Dog}
  - {id: cat, name: Cat}
- {id: rain, name: Rain}
"""
LABELS = LabelSet(parse(TREE, where="three"))
ANIMAL, DOG, CAT, RAIN = range(4)
DOGS = np.array([DOG, DOG], dtype=np.int64)


def judge(reading: Reading) -> Judge:
    return Judge(
        network=CropClassifier(3), objective=FlatObjective(LABELS), labels=LABELS, reading=reading
    )


def probabilities(*rows: tuple[float, float, float]) -> np.ndarray:
    """(C, N) of P(dog), P(cat), P(rain) each."""
    return np.array([(dog + cat, dog, cat, rain) for dog, cat, rain in rows], dtype=np.float32)


@pytest.mark.parametrize("reading", ["flat", "sums", "tree"])
def test_every_method_answers_its_likeliest_leaf(reading: Reading) -> None:
    found = probabilities((0.35, 0.25, 0.4), (0.5, 0.1, 0.4))

    assert closed_figures(judge(reading), found, DOGS)["accuracy"] == 0.5


def test_the_careful_answer_minimises_the_expected_mistake() -> None:
    # Rain is likeliest, but to name a dog costs 0.25 x 1 + 0.4 x 2 instead of 0.6 x 2.
    figures = closed_figures(judge("sums"), probabilities((0.35, 0.25, 0.4), (0.5, 0.1, 0.4)), DOGS)

    assert figures["least_risk"]["accuracy"] == 1.0
    assert figures["least_risk"]["mean_height"] == 0.0
    assert figures["accuracy"] == 0.5


def test_mass_that_stops_above_the_leaves_does_not_change_the_careful_answer() -> None:
    stopped = probabilities((0.35, 0.25, 0.4), (0.5, 0.1, 0.4))
    stopped[:, [DOG, CAT, RAIN]] *= 0.1

    assert closed_figures(judge("tree"), stopped, DOGS)["least_risk"]["accuracy"] == 1.0


def test_who_knows_no_tree_has_no_careful_answer() -> None:
    assert (
        closed_figures(judge("flat"), probabilities((1, 0, 0), (1, 0, 0)), DOGS)["least_risk"]
        is None
    )


def test_agreement_counts_answers_that_stay_right_or_wrong() -> None:
    calm = probabilities((0.9, 0.1, 0.0), (0.1, 0.9, 0.0))
    distorted = probabilities((0.1, 0.2, 0.7), (0.2, 0.7, 0.1))

    figures = distorted_figures(judge("tree"), calm, distorted, DOGS)

    assert figures["agreement"] == 0.5  # the second is a cat both times
    assert figures["accuracy"] == 0.0
