"""Errors of the `aed` package; the whole tree is drawn in `ontology.errors`."""

from ontology.errors import AedError


class BundleError(AedError):
    """A model bundle is missing, tampered with, of a newer format, or does not fit the ontology."""

    exit_code = 78


class AudioError(AedError):
    """A recording cannot be read, or holds no audio."""
