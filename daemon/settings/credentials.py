"""The broker's password: a file of its own, or a systemd credential; never part of the settings.

systemd puts the files of `LoadCredential=` and `SetCredential=` into the folder that
`$CREDENTIALS_DIRECTORY` names (systemd.exec(5)).
"""

import os
from pathlib import Path

from daemon.errors import SettingsError, SettingsFault


def find_password_file(name: str, folder: Path) -> Path:
    """Say which file a `password_file` setting means.

    Args:
        name: the setting: a path, or the name of a credential.
        folder: where relative paths begin.

    Returns:
        The credential's file if there is one of that name, else the path made absolute.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and "/" not in name and (Path(credentials) / name).is_file():
        return Path(credentials) / name
    try:
        return folder / Path(name).expanduser()
    except RuntimeError:  # `~someone` who does not exist
        return folder / name


def read_password(path: Path) -> str | None:
    """Read a password.

    Args:
        path: the file; a final line break is no part of the password.

    Returns:
        The password; None for an empty file (what the unit gives when no password was set).

    Raises:
        SettingsError: the file cannot be read.
    """
    try:
        password = path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the password cannot be read: {error}"
        fault = SettingsFault(where=str(path), line=None, key="", problem=problem)
        raise SettingsError([fault]) from error
    return password or None
