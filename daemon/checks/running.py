"""Whether a daemon is running with a state directory, asked without touching anything of its."""

import os
from pathlib import Path

from daemon.outbox.file import LOCK_NAME

_LOCKS = Path("/proc/locks")
"""Of each lock: number, kind, mode, access, process, device and inode, range (proc(5))."""


def is_daemon_running(folder: Path, *, locks: Path = _LOCKS) -> bool:
    """Whether a daemon holds the lock of a state directory.

    Taking the lock, be it for a moment, could keep a daemon from starting; so the kernel is asked.

    Args:
        folder: the state directory.
        locks: the kernel's list.

    Returns:
        Whether it does; False also where the list or the folder may not be read.
    """
    try:
        inode = os.stat(folder / LOCK_NAME).st_ino  # noqa: PTH116 - its number alone
        lines = locks.read_text().splitlines()
    except OSError:
        return False
    held = [line.split() for line in lines]
    return any(
        len(words) > 5 and words[1] == "FLOCK" and words[5].rsplit(":", 1)[-1] == str(inode)  # noqa: PLR2004
        for words in held
    )
