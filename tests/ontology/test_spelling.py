"""Guesses help with typing errors and keep quiet otherwise."""

import pytest

from ontology.spelling import advice, closest

KEYS = ["id", "name", "names", "audioset"]


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("nmae", "name"),
        ("Name", "name"),
        ("audio_set", "audioset"),
        ("zzz", None),
        ("", None),
        ("name" * 10_000, None),
    ],
)
def test_the_closest_word_is_found_if_there_is_one(word: str, guess: str | None) -> None:
    assert closest(word, KEYS) == guess


def test_advice_falls_back_to_what_can_be_said_without_a_guess() -> None:
    assert advice("nams", KEYS, "look it up") == "did you mean 'names'?"
    assert advice("zzz", KEYS, "look it up") == "look it up"
