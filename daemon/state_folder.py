"""The folder for what must outlast a restart, and whether it can be used."""

import errno
import logging
import os
from pathlib import Path

from daemon.errors import SettingsError, SettingsFault

_logger = logging.getLogger(__name__)

_FAILING_DISK = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What no setting cures: Linux makes a failing SD card read-only, and the home must be warned."""


def make_state_folder(folder: Path) -> None:
    """Make the state directory if need be, for our eyes only.

    A disk that has failed is no reason not to listen; the outbox then does without it.

    Raises:
        SettingsError: it cannot be made or written where the settings have it.
    """
    problem = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in _FAILING_DISK:
            problem = str(error.strerror)
        else:
            _logger.error("state directory %s cannot be made: %s", folder, error.strerror)  # noqa: TRY400 - no bug
    else:
        problem = _why_not_writable(folder)
    if problem is not None:
        raise _refused(folder, problem)


def check_state_folder(folder: Path, *, in_use: Path | None = None) -> None:
    """Check whether `make_state_folder` would succeed; makes nothing.

    Args:
        folder: the state directory of the settings.
        in_use: that of the running daemon, if it is that which would go on with the settings.

    Raises:
        SettingsError: it cannot be made or written, or is another than that in use.
    """
    if in_use is not None and folder != in_use:
        raise _refused(
            folder,
            f"the running aed uses {str(in_use)!r}, and what waits there for the broker would not "
            f"be sent; stop aed, move that folder, and start aed with these settings",
        )
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    problem = _why_not_writable(nearest) if nearest.is_dir() else f"{str(nearest)!r} is no folder"
    if problem is not None:
        raise _refused(folder, problem)


def _why_not_writable(folder: Path) -> str | None:
    if os.access(folder, os.W_OK | os.X_OK) or os.statvfs(folder).f_flag & os.ST_RDONLY:
        return None
    return "it may not be written"


def _refused(folder: Path, problem: str) -> SettingsError:
    wanted = f"wanted a folder to keep the outbox in, found {str(folder)!r}: {problem}"
    return SettingsError(
        [SettingsFault(where="settings", line=None, key="state_directory", problem=wanted)]
    )
