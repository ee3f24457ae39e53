"""The latest lines of the log in memory, for whoever may not read the journal."""

import logging
from collections import deque
from typing import Any

from daemon.clocks import rfc3339
from daemon.redaction import without_secrets

MOST_LINES = 200
_LONGEST_CHARACTERS = 500


class LogTail(logging.Handler):
    """Keeps what is logged; any thread may log."""

    def __init__(self) -> None:
        super().__init__(level=logging.INFO)
        self._lines: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, without the secrets of addresses."""
        try:
            text = without_secrets(record.getMessage())[:_LONGEST_CHARACTERS]
        except Exception:  # noqa: BLE001 - as logging has it: a bad call of it ends nothing
            self.handleError(record)
            return
        self._lines.append({"at": rfc3339(record.created), "level": record.levelname, "text": text})

    def lines(self) -> list[dict[str, Any]]:
        """What was kept, oldest first."""
        return list(self._lines)

    def listen(self) -> None:
        """Hear from now on what all packages log."""
        logging.getLogger().addHandler(self)

    def close(self) -> None:
        """Hear no more."""
        logging.getLogger().removeHandler(self)
        super().close()
