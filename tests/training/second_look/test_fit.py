"""Fitting a second look: what it may demote, and when it is not worth having."""

import numpy as np
import pytest

from training.second_look.collect import CLIPS, SCENES, Look
from training.second_look.fit import MOST_DEMOTED, Worth, fit

pytestmark = pytest.mark.torch


def looks(
    *,
    recordings: int,
    distance: float,
    seed: int = 0,
    true_share: float = 0.5,
    strata: tuple[str, ...] = (CLIPS, SCENES),
) -> list[Look]:
    """Alerts of two kinds whose features lie so many standard deviations apart."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(recordings):
        is_true = rng.random() < true_share
        made += [
            Look(
                features=rng.normal(distance * is_true, 1.0, 12).astype(np.float32),
                guard=0,
                is_true=is_true,
                is_alert=True,
                recording=f"recording {number}",
                frame=frame,
                fold=number % 4,
                stratum=strata[number % len(strata)],
            )
            for frame in (10, 15)
        ]
    return made


def test_what_can_be_told_apart_is_worth_a_second_look() -> None:
    fitted = fit(looks(recordings=400, distance=3.0))

    assert fitted is not None
    assert fitted.worth.is_enough
    assert fitted.worth.spared > 0.8 * fitted.worth.wrong_alerts
    assert fitted.worth.surely_spared <= fitted.worth.spared / fitted.worth.wrong_alerts
    assert fitted.worth.true_alerts + fitted.worth.wrong_alerts == 400


@pytest.mark.parametrize("distance", [0.3, 1.0, 3.0])
def test_no_more_is_demoted_than_may_be(distance: float) -> None:
    fitted = fit(looks(recordings=400, distance=distance))

    assert fitted is not None
    assert fitted.worth.demoted <= MOST_DEMOTED * fitted.worth.true_alerts


def test_what_cannot_be_told_apart_is_not_worth_it() -> None:
    fitted = fit(looks(recordings=400, distance=0.0))

    assert fitted is not None
    assert not fitted.worth.is_enough


def test_few_recordings_prove_nothing() -> None:
    fitted = fit(looks(recordings=16, distance=5.0))

    assert fitted is not None
    assert fitted.worth.spared
    assert not fitted.worth.is_enough


@pytest.mark.parametrize("true_share", [0.0, 1.0])
def test_of_one_kind_alone_nothing_is_learned(true_share: float) -> None:
    assert fit(looks(recordings=40, distance=1.0, true_share=true_share)) is None


def test_of_nothing_nothing_is_learned() -> None:
    assert fit([]) is None


@pytest.mark.parametrize(
    ("surely_spared", "is_enough"),
    [(0.2, True), (0.19, False)],
)
def test_a_fifth_of_the_wrong_alerts_must_be_spared_with_some_certainty(
    surely_spared: float, is_enough: bool
) -> None:
    worth = Worth(
        true_alerts=50,
        recorded_alerts=10,
        demoted=1,
        wrong_alerts=100,
        spared=40,
        surely_spared=surely_spared,
    )

    assert worth.is_enough is is_enough


def test_the_judgement_is_a_probability_of_the_features_as_they_are() -> None:
    made = looks(recordings=400, distance=3.0, seed=3)
    fitted = fit(made)

    assert fitted is not None
    features = np.array([look.features for look in made])
    probability = 1 / (1 + np.exp(-(features @ fitted.weights + fitted.bias)))
    true = np.array([look.is_true for look in made])
    assert probability[true].mean() > 0.9
    assert probability[~true].mean() < 0.1


def test_synthesised_sounds_alone_prove_nothing() -> None:
    fitted = fit(looks(recordings=400, distance=3.0, strata=(SCENES,)))

    assert fitted is not None
    assert fitted.worth.surely_spared > 0.5
    assert not fitted.worth.is_enough
