"""Loads a settings file: YAML, then the model, then the files it names; all faults at once."""

import os
from pathlib import Path

from pydantic import ValidationError

from daemon.errors import SettingsError, SettingsFault
from daemon.mqtt.encryption import unusable_files
from daemon.settings.credentials import find_password_file
from daemon.settings.faults import faults_of, key_text
from daemon.settings.models import FileSettings, Settings
from daemon.settings.yaml_lines import (
    MAX_BYTES,
    KeyPath,
    UnreadableSettingsError,
    line_of,
    read_yaml,
)
from ontology.errors import blamed_on

DEFAULT_STATE_DIRECTORY = Path("/var/lib/aed")
SOCKET_NAME = "control.sock"


def load_settings(path: Path) -> Settings:
    """Read, validate and complete settings.

    Relative paths in the file are taken from the folder it lies in, `~` is the user's home.

    Args:
        path: the settings file.

    Returns:
        The settings, their paths absolute.

    Raises:
        SettingsError: carries every fault with file, line and key path.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise blamed_on(error, _refused(path, f"cannot be read: {error.strerror}")) from error
    if len(content) > MAX_BYTES:
        raise _refused(path, f"is larger than {MAX_BYTES} bytes; is it the settings file?")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _refused(path, f"wanted text in UTF-8, found byte {error.start} is not") from error
    return parse_settings(text, where=path)


def parse_settings(text: str, *, where: Path) -> Settings:
    """Validate settings given as text; see `load_settings`.

    Args:
        text: YAML.
        where: the file it stands in: named in faults, its folder is where relative paths begin.
    """
    try:
        value, document = read_yaml(text)
    except UnreadableSettingsError as error:
        raise _refused(where, str(error), error.line) from error
    if not isinstance(value, dict):
        raise _refused(where, "wanted a mapping of settings (node: …, mqtt: …), found none")
    try:
        settings = Settings.model_validate(value)
    except ValidationError as error:
        raise SettingsError(faults_of(error, where=str(where), document=document)) from error
    settings = _with_absolute_paths(settings, where.absolute().parent)
    faults = [
        SettingsFault(
            where=str(where), line=line_of(document, key), key=key_text(key), problem=problem
        )
        for key, problem in _missing_files(settings) or _wrong_files(settings)
    ]
    if faults:
        raise SettingsError(faults)
    return settings


def state_directory(settings: Settings) -> Path:
    """Folder for what must outlast a restart: the settings', systemd's, else the usual one."""
    return settings.state_directory or default_state_directory()


def default_state_directory() -> Path:
    """Where that is if no settings say: systemd's, else the usual one."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else DEFAULT_STATE_DIRECTORY


def socket_path(settings: Settings | None) -> Path | None:
    """Where the running daemon is asked: in the settings' folder, else systemd's.

    Else nowhere, unless there is a page, which has to ask: then in the state directory.
    """
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    asked = None if settings is None else settings.runtime_directory
    folder = asked or (Path(given) if given else None)
    if folder is None and settings is not None and settings.web is not None:
        folder = state_directory(settings)  # the page asks there
    return None if folder is None else folder / SOCKET_NAME


def _refused(path: Path, problem: str, line: int | None = None) -> SettingsError:
    return SettingsError([SettingsFault(where=str(path), line=line, key="", problem=problem)])


def _with_absolute_paths(settings: Settings, folder: Path) -> Settings:
    def absolute(path: Path | None) -> Path | None:
        return None if path is None else folder / _expanded(path)

    tls = settings.mqtt.tls
    if tls is not None:
        tls = tls.model_copy(update={name: absolute(path) for name, path in tls})
    password_file = settings.mqtt.password_file
    if password_file is not None:
        password_file = str(find_password_file(password_file, folder))
    web = settings.web
    if web is not None and web.password_file is not None:
        path = str(find_password_file(web.password_file, folder))
        web = web.model_copy(update={"password_file": path})
    return settings.model_copy(
        update={
            "web": web,
            "bundle": absolute(settings.bundle),
            "state_directory": absolute(settings.state_directory),
            "runtime_directory": absolute(settings.runtime_directory),
            "mqtt": settings.mqtt.model_copy(update={"tls": tls, "password_file": password_file}),
            "sources": tuple(
                source.model_copy(update={"path": absolute(source.path)})
                if isinstance(source, FileSettings)
                else source
                for source in settings.sources
            ),
        }
    )


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no such user: the missing file is then reported by its name
        return path


def _missing_files(settings: Settings) -> list[tuple[KeyPath, str]]:
    files: list[tuple[KeyPath, str, str | Path | None]] = [
        (("mqtt", "password_file"), "a readable file", settings.mqtt.password_file)
    ]
    if settings.web is not None:
        wanted = "a readable file (`aed web password` makes it)"
        files.append((("web", "password_file"), wanted, settings.web.password_file))
    if settings.mqtt.tls is not None:
        for name, path in settings.mqtt.tls:
            files.append((("mqtt", "tls", name), "a readable file", path))
    for number, source in enumerate(settings.sources):
        if isinstance(source, FileSettings):
            files.append((("sources", number, "path"), "a readable sound file", source.path))
    return [
        (key, f"wanted {wanted}, found {_why_unreadable(path)} at {str(path)!r}")
        for key, wanted, path in files
        if path is not None and not _is_readable_file(path)
    ]


def _wrong_files(settings: Settings) -> list[tuple[KeyPath, str]]:
    if settings.mqtt.tls is None:
        return []
    return [(("mqtt", "tls", *key), problem) for key, problem in unusable_files(settings.mqtt.tls)]


def _why_unreadable(path: str | Path) -> str:
    is_there = os.path.isfile(path)  # noqa: PTH113 - str or Path
    return "one that this user may not read (sudo may)" if is_there else "none"


def _is_readable_file(path: str | Path) -> bool:
    return os.path.isfile(path) and os.access(path, os.R_OK)  # noqa: PTH113 - str or Path
