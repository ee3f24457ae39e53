"""Errors of the `training` package; the whole tree is drawn in `ontology.errors`."""

from ontology.errors import AedError


class TrainingDataError(AedError):
    """Recordings, labels or a training run's settings cannot be used."""


class CheckpointError(AedError):
    """A checkpoint cannot be read, or belongs to another run."""
