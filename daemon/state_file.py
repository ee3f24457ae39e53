"""Small JSON files in the state directory: whole or not there, whatever happens while writing."""

import json
import os
from pathlib import Path
from typing import Any

from daemon.mqtt.payloads import read_object

MAX_BYTES = 1_000_000


def write_state(path: Path, content: dict[str, Any]) -> None:
    """Write a file that is on disk, and whole, when this returns.

    Args:
        path: the file.
        content: what to write.

    Raises:
        OSError: the disk refuses; what was there before stays.
    """
    new = path.with_suffix(".new")
    with new.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_state(path: Path) -> dict[str, Any]:
    """Read such a file.

    Args:
        path: the file.

    Returns:
        Its content; empty if there is no such file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none of ours, or damaged.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    return read_object(content)
