"""Log lines as journald wants them: a priority in front, no time (it has its own).

See SyslogLevelPrefix= in systemd.exec(5): `<3>` is an error, `<4>` a warning, `<6>` information.
"""

import logging
import os

from ontology.errors import AedError

_logger = logging.getLogger(__name__)

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class JournalFormatter(logging.Formatter):
    """Puts the priority before every line of a record, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the lines."""
        priority = next((n for level, n in _PRIORITIES if record.levelno >= level), _DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def configure_logging(*, level: int = logging.INFO) -> None:
    """Send the log of all packages to the standard error.

    Args:
        level: the least that is worth a line.
    """
    handler = logging.StreamHandler()
    if _is_read_by_journald():
        handler.setFormatter(JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
        )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def log_end(error: AedError) -> bool:
    """Log as an error what ends the daemon, if journald reads along; a terminal gets it otherwise.

    Args:
        error: why it cannot go on.

    Returns:
        Whether it was logged.
    """
    if _is_read_by_journald():
        _logger.error("%s", error)
        return True
    return False


def _is_read_by_journald() -> bool:
    return bool(os.environ.get("JOURNAL_STREAM"))
