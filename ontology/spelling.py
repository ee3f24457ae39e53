"""Guesses what a mistyped word was meant to be."""

import difflib
from collections.abc import Iterable

_LONGEST_WORD = 64
"""Comparing takes the product of the lengths; longer words are not typing errors."""


def closest(word: str, options: Iterable[str]) -> str | None:
    """Returns the option most like `word`, or None if none is much like it.

    >>> closest("nmae", ["id", "name", "names"])
    'name'
    """
    if len(word) > _LONGEST_WORD:
        return None
    folded = {option.casefold(): option for option in options if len(option) <= _LONGEST_WORD}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[matches[0]] if matches else None


def advice(word: str, options: Iterable[str], otherwise: str) -> str:
    """Returns the remedy for an unknown word: a guess if there is one, else `otherwise`."""
    guess = closest(word, options)
    return f"did you mean '{guess}'?" if guess is not None else otherwise
