"""A few recordings teach a sound, or the error says by how much they do not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.hearing import Hearing
from aed.taught.background import Background, read_background
from aed.taught.examples import Example, example, trimmed
from aed.taught.learning import Lesson, check_apart, learn
from aed.taught.sounds import TaughtSound, taught_sounds
from tests.aed.taught.chimes import GARDEN_HZ, RATE_HZ, UPSTAIRS_HZ, chime, murmur


@pytest.fixture(scope="module")
def background(bundle: Bundle) -> Background:
    return read_background(bundle)


def examples(
    bundle: Bundle, background: Background, pitches_hz: tuple[float, ...], count: int = 4
) -> list[Example]:
    return [
        example(bundle, background.space, trimmed(chime(pitches_hz, seed=seed), "a ring"), "a ring")
        for seed in range(count)
    ]


def sound(id_: str, lesson: Lesson) -> TaughtSound:
    return TaughtSound(
        id=id_,
        name=id_,
        under="doorbell",
        is_alert=True,
        prototype=lesson.prototype,
        threshold=lesson.threshold,
    )


def heard(bundle: Bundle, samples: NDArray[np.float32]) -> list[str]:
    hearing = Hearing(bundle)
    events = hearing.feed(AudioChunk(samples=samples, sample_rate_hz=RATE_HZ)).events
    return [event.path for event in (*events, *hearing.flush().events) if event.phase == "end"]


def test_a_bell_that_was_taught_is_heard_by_its_name_and_a_hiss_is_not(
    bundle: Bundle, background: Background
) -> None:
    lesson = learn(examples(bundle, background, UPSTAIRS_HZ), background, under="doorbell")
    taught = taught_sounds(background.space, [sound("upstairs", lesson)], bundle.ontology)
    room = murmur(3.0, seed=1, level=0.001)
    ring = np.concatenate([room, chime(UPSTAIRS_HZ, seed=77, level=0.2), room])
    other = np.concatenate([room, murmur(2.0, seed=2, level=0.1), room])

    with_bell = heard(replace(bundle, taught=taught), ring)

    assert lesson.margin > 0.05
    assert "alarm/doorbell/upstairs" in with_bell
    assert not any("upstairs" in path for path in heard(replace(bundle, taught=taught), other))
    assert not any("upstairs" in path for path in heard(bundle, ring))


def test_recordings_of_nothing_in_particular_are_refused_with_what_is_missing(
    background: Background,
) -> None:
    scattered = [
        Example(name="of the home", direction=window, windows=window[np.newaxis])
        for window in background.windows[:3]
    ]

    with pytest.raises(TeachingError, match=r"not told from the background.* 0\.\d\d is missing"):
        learn(scattered, background, under="doorbell")


def test_an_own_background_in_which_the_sound_rings_is_an_honest_reason_to_refuse(
    bundle: Bundle, background: Background
) -> None:
    rings = examples(bundle, background, UPSTAIRS_HZ)
    own = np.concatenate([ring.windows for ring in rings])

    with pytest.raises(TeachingError, match="not told from the background"):
        learn(rings, background, under="doorbell", own_background=own)


def test_what_an_own_background_raised_stays_raised_without_it(
    bundle: Bundle, background: Background
) -> None:
    rings = examples(bundle, background, UPSTAIRS_HZ)
    plain = learn(rings, background, under="doorbell")

    again = learn(rings, background, under="doorbell", raised_by=0.03)

    assert again.threshold == pytest.approx(plain.threshold + 0.03)


def test_recordings_that_are_strangers_to_the_others_are_named(
    bundle: Bundle, background: Background
) -> None:
    rings = examples(bundle, background, UPSTAIRS_HZ, 3)
    hum = murmur(1.5, seed=5)
    strangers = [example(bundle, background.space, hum, f"hum{n}.wav") for n in range(2)]

    with pytest.raises(TeachingError, match=r"2 of 5 recordings .*hum0\.wav .*hum1\.wav"):
        learn([*rings, *strangers], background, under="doorbell")


@pytest.mark.parametrize("count", [0, 2, 11])
def test_too_few_and_too_many_recordings_are_refused(
    bundle: Bundle, background: Background, count: int
) -> None:
    one = examples(bundle, background, UPSTAIRS_HZ, 1)

    with pytest.raises(TeachingError, match=f"wanted 3 to 10 recordings, found {count}"):
        learn(one * count, background, under="doorbell")


def test_the_same_bell_under_two_names_is_refused_and_two_bells_are_not(
    bundle: Bundle, background: Background
) -> None:
    upstairs = examples(bundle, background, UPSTAIRS_HZ)
    garden = examples(bundle, background, GARDEN_HZ)
    taught = {
        name: sound(name, learn(rings, background, under="doorbell"))
        for name, rings in (("upstairs", upstairs), ("garden", garden), ("front", upstairs))
    }

    check_apart(taught["garden"], garden, taught["upstairs"], upstairs)
    with pytest.raises(TeachingError, match=r"front is not told from upstairs.* by a cosine of"):
        check_apart(taught["front"], upstairs, taught["upstairs"], upstairs)


def test_an_empty_recording_and_an_endless_one_are_refused() -> None:
    with pytest.raises(TeachingError, match="nothing sounds in it"):
        trimmed(murmur(2.0, seed=0, level=1e-6), "empty.wav")
    with pytest.raises(TeachingError, match="nothing sounds in it"):
        trimmed(np.zeros(0, np.float32), "none.wav")
    with pytest.raises(TeachingError, match="sounds in it for 20 s"):
        trimmed(murmur(20.0, seed=0), "long.wav")
