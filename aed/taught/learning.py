"""Learns a sound from a few recordings, or says why they do not do.

The prototype is the mean direction of the recordings. The threshold is the cosine that the
background hardly ever has with it, so it is chosen without a look at the recordings. Whether they
reach it is asked of each of them in turn, with a prototype made of the others.

Axes: T posterior frames, D embedding, E examples, M windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from aed.errors import TeachingError
from aed.taught.background import Background
from aed.taught.examples import Example
from aed.taught.sounds import TaughtSound
from aed.taught.space import unit

FEWEST, MOST = 3, 10
"""Recordings of a sound."""

MOST_STRANGE = 1 / 3
"""Share of the recordings that may fail when the others are the teacher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What was learned.

    Attributes:
        prototype: (D,) of length 1.
        threshold: cosine from which it counts.
        raised_by: how much of that is due to the user's own background.
        cosines: (E,) of each recording with the prototype of the others.
        reaches: (E,) how high the background comes with that prototype.
    """

    prototype: NDArray[np.float32]
    threshold: float
    raised_by: float
    cosines: tuple[float, ...]
    reaches: tuple[float, ...]

    @property
    def margin(self) -> float:
        """By how much a typical recording is above the background, as a cosine."""
        return median(c - r for c, r in zip(self.cosines, self.reaches, strict=True))


def learn(
    examples: Sequence[Example],
    background: Background,
    *,
    under: str,
    own_background: NDArray[np.float32] | None = None,
    raised_by: float = 0.0,
) -> Lesson:
    """Learn a sound.

    Args:
        examples: `FEWEST` to `MOST` recordings of it.
        background: of the model.
        under: node of the model that it stands below.
        own_background: (M, D) windows of what the user has recorded besides.
        raised_by: what an own background raised the threshold by in an earlier lesson.

    Raises:
        TeachingError: too few or too many recordings, or they are not told from the background, or
            too many of them not from each other; says by how much.
    """
    if not FEWEST <= len(examples) <= MOST:
        raise TeachingError(f"wanted {FEWEST} to {MOST} recordings, found {len(examples)}")
    prototype, reach, own_reach = _taught_by(examples, background, under, own_background)
    raised_by = max(raised_by, own_reach - reach, 0.0)
    cosines, reaches = [], []
    for number, each in enumerate(examples):
        others = [*examples[:number], *examples[number + 1 :]]
        without, its_reach, its_own_reach = _taught_by(others, background, under, own_background)
        cosines.append(float((each.windows @ without).max()))
        reaches.append(max(its_reach + raised_by, its_own_reach))
    lesson = Lesson(
        prototype=prototype,
        threshold=reach + raised_by,
        raised_by=raised_by,
        cosines=tuple(cosines),
        reaches=tuple(reaches),
    )
    _check(lesson, examples)
    return lesson


def check_apart(
    sound: TaughtSound,
    examples: Sequence[Example],
    other: TaughtSound,
    other_examples: Sequence[Example],
) -> None:
    """Check that two taught sounds are told from each other.

    Raises:
        TeachingError: a typical recording of one is taken for the other; says by how much.
    """
    for one, its_examples, another in ((sound, examples, other), (other, other_examples, sound)):
        nearer = median(_above(another, example) - _above(one, example) for example in its_examples)
        if nearer >= 0:
            raise TeachingError(
                f"{sound.id} is not told from {other.id}: a typical recording of {one.id} is "
                f"nearer to {another.id}, by a cosine of {nearer:.2f}; teach them as one sound, or "
                f"remove the other one (aed teach --remove {other.id})"
            )


def _above(sound: TaughtSound, example: Example) -> float:
    """How far above a sound's threshold a recording comes, as a cosine."""
    return float((example.windows @ sound.prototype).max()) - sound.threshold


def _taught_by(
    examples: Sequence[Example],
    background: Background,
    under: str,
    own_background: NDArray[np.float32] | None,
) -> tuple[NDArray[np.float32], float, float]:
    """Prototype of some examples, how high the background comes with it, and the user's own."""
    prototype = unit(np.mean([each.direction for each in examples], axis=0))
    own_reach = -1.0
    if own_background is not None and len(own_background):
        own_reach = float((own_background @ prototype).max())
    return prototype, background.reach(prototype, under=under), own_reach


def _check(lesson: Lesson, examples: Sequence[Example]) -> None:
    strange = [
        f"{example.name} (alike {cosine:.2f}, background {reach:.2f})"
        for example, cosine, reach in zip(examples, lesson.cosines, lesson.reaches, strict=True)
        if cosine < reach
    ]
    if lesson.margin < 0:
        raise TeachingError(
            f"the recordings are not told from the background: one that the others have taught has "
            f"a cosine of {median(lesson.cosines):.2f} with them, the background comes up to "
            f"{median(lesson.reaches):.2f}, so {-lesson.margin:.2f} is missing; record the very "
            f"same sound each time, nearer and with less noise around"
        )
    if len(strange) > MOST_STRANGE * len(examples):
        raise TeachingError(
            f"{len(strange)} of {len(examples)} recordings are less like the others than the "
            f"background is: {', '.join(strange)}; leave them out, or record them again"
        )
