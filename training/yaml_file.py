"""Reads the small YAML files of training; whatever they hold, the error is for the user."""

from pathlib import Path
from typing import Any

import yaml

from training.errors import TrainingDataError


def read_mapping(path: Path) -> dict[Any, Any]:
    """The mapping that a YAML file holds.

    Raises:
        TrainingDataError: it cannot be read, is no YAML, or holds something else.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"{path}: is not YAML in UTF-8: {error}") from error
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        # PyYAML lets these out for values like `!!bool maybe` or a 13th month, and deep nesting.
        raise TrainingDataError(f"{path}: holds a value that YAML cannot read: {error}") from error
    if not isinstance(document, dict):
        raise TrainingDataError(f"{path}: wanted a mapping, found {document!r}")
    return document
