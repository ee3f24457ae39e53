"""A folder that nobody can list, not even the administrator: its path is too long."""

import os
from pathlib import Path

_LONG_NAME = "d" * 250
_LONGEST_PATH = 4096


def make_unlistable(folder: Path) -> str:
    """Make folders in each other until the path is too long for the system.

    Args:
        folder: where to begin.

    Returns:
        The first path that is too long, relative to `folder`.
    """
    relative: list[str] = []
    handle = os.open(folder, os.O_RDONLY)
    while len(os.fsencode(folder / Path(*relative))) < _LONGEST_PATH:
        os.mkdir(_LONG_NAME, dir_fd=handle)
        inner = os.open(_LONG_NAME, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
        relative.append(_LONG_NAME)
    os.close(handle)
    return str(Path(*relative))
