"""What a person says aed got wrong, kept for the next training: false alarms and missed sounds.

A row of JSON each, with the columns of a data folder's manifest (`training.clips.manifest`) and
what else is known of the moment. Where a clip was kept, `path` names it, below the state directory.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from daemon.errors import RequestError

FILE_NAME = "mistakes.jsonl"

MAX_BYTES = 2_000_000
"""Thousands of rows; what is never looked at must not fill a disk."""

_logger = logging.getLogger(__name__)


class Mistakes:
    """The rows on disk."""

    def __init__(self, folder: Path) -> None:
        """Name the file; reads and makes nothing.

        Args:
            folder: the state directory.
        """
        self._path = folder / FILE_NAME

    def note(self, row: dict[str, Any]) -> None:
        """Append a row; it is on disk when this returns.

        Args:
            row: the columns of the manifest, and more.

        Raises:
            RequestError: there are too many, or the disk refuses.
        """
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        try:
            descriptor = os.open(
                self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            try:
                size_bytes = os.fstat(descriptor).st_size
                if size_bytes + len(line) > MAX_BYTES:
                    raise RequestError(
                        f"{self._path} is full ({MAX_BYTES} bytes); move it away, it is yours"
                    )
                is_cut = size_bytes > 0 and os.pread(descriptor, 1, size_bytes - 1) != b"\n"
                os.write(descriptor, b"\n" + line if is_cut else line)  # after a power cut
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RequestError(f"{self._path} cannot be written: {error.strerror}") from error
        _logger.info("a mistake was noted: %s", row["kind"])

    def read(self) -> list[dict[str, Any]]:
        """All rows, oldest first; lines that a power cut has damaged are left out.

        Raises:
            RequestError: the disk does not give them.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_BYTES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RequestError(f"{self._path} cannot be read: {error.strerror}") from error
        rows = []
        for line in content.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                rows.append(row)
        return rows
