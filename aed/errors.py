"""Errors of the `aed` package; the whole tree is drawn in `ontology.errors`."""

from collections.abc import Iterable

from ontology.errors import AedError


class BundleError(AedError):
    """A model bundle is missing, tampered with, of a newer format, or does not fit the ontology."""

    exit_code = 78


class AudioError(AedError):
    """A recording cannot be read, or holds no audio."""


class ThresholdsError(AedError):
    """Thresholds name an unknown node, or lie out of range.

    Attributes:
        faults: one sentence for each thing that is wrong.
    """

    exit_code = 78

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class TeachingError(AedError):
    """A sound cannot be taught: by these recordings, in this place, or with this model."""
