"""Errors of the page."""

from ontology.errors import AedError


class PageError(AedError):
    """The page cannot be shown as the settings want it."""

    exit_code = 78


class AwayError(AedError):
    """The daemon does not answer."""


class RefusedError(AedError):
    """The daemon answers that it will not."""
