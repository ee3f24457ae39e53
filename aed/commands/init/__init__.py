"""`aed init`: writes settings for a new home, from five answers."""

import argparse
import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.commands import Subparsers

DEFAULT_PATH = Path("/etc/aed/settings.yaml")
PASSWORD_NAME = "mqtt-password"  # noqa: S105 - of a file

EXIT_FINE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


def add_parser(subparsers: "Subparsers") -> None:
    """Add `init`."""
    parser = subparsers.add_parser(
        "init",
        help="write settings by asking five questions",
        description="Writes settings with an explanation of every key. Asks for what is not given "
        "here if there is a terminal, and takes the default if there is none. A password goes into "
        f"the file {PASSWORD_NAME} beside the settings, which only its owner can read.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help="settings file to write (default: %(default)s)",
    )
    parser.add_argument("--node", metavar="NAME", help="name of this machine on MQTT")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--device", metavar="NAME", help="microphone, as `aed devices` names it")
    source.add_argument("--camera", metavar="URL", help="camera: rtsp://…")
    source.add_argument("--command", metavar="LINE", dest="line", help="program that writes PCM")
    source.add_argument("--recording", metavar="FILE", help="sound file, to try things out")
    parser.add_argument(
        "--rate", type=int, default=16_000, metavar="HZ", help="of --command (default: %(default)s)"
    )
    parser.add_argument("--broker", metavar="HOST[:PORT]", help="MQTT broker")
    parser.add_argument("--tls", action="store_true", help="encrypt (as on port 8883 anyway)")
    parser.add_argument("--ca-file", metavar="FILE", help="authority of the broker's certificate")
    parser.add_argument("--username", metavar="NAME", help="user of the broker; '' for none")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from the standard input"
    )
    parser.add_argument(
        "--classes", metavar="IDS", help="nodes with topics of their own, or 'all' that can alert"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files; the former settings become FILE.bak"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, write, and say what to do next.

    Args:
        arguments: as `add_parser` defines them.

    Returns:
        0, 1 if a file is in the way or cannot be written, 2 if an argument is no answer.

    Raises:
        SettingsError: the answers name a file that is not there.
    """
    from aed.commands.init.questions import NoAnswerError, gather
    from daemon.settings.draft import draft
    from daemon.settings.file import parse_settings

    where: Path = arguments.config
    if not arguments.force and os.path.lexists(where):
        return _fail(f"{where} is there already; --force replaces it, and keeps it as .bak")
    try:
        answers, password = gather(arguments, folder=where.absolute().parent)
    except NoAnswerError as error:
        return _fail(str(error), EXIT_USAGE)
    except EOFError:
        return _fail("the answers end here; nothing was written")
    secret = where.with_name(PASSWORD_NAME)
    if password is not None and not arguments.force and os.path.lexists(secret):
        return _fail(f"{secret} is there already; --force replaces it")
    text = draft(answers)
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            if password is not None:
                undo.callback(_restore, secret, _content(secret))
                _write(secret, f"{password}\n", mode=0o600)
            parse_settings(text, where=where)  # a file that it names may be missing
            undo.pop_all()
        if os.path.lexists(where):
            shutil.copy2(where, f"{where}.bak")
        _write(where, text, mode=0o644)
    except OSError as error:
        advice = "; sudo, or another --config?" if isinstance(error, PermissionError) else ""
        return _fail(f"{error.filename or where} cannot be written: {error.strerror}{advice}")
    print(f"wrote {where}" + (f" and {secret}" if password is not None else ""))
    print(f"next: aed check --config {where}")
    return EXIT_FINE


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def _write(path: Path, text: str, *, mode: int) -> None:
    """Put a file in place whole, never readable by more than its mode says."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(descriptor, mode)
    new.replace(path)


def _fail(sentence: str, code: int = EXIT_FAILED) -> int:
    print(f"aed: {sentence}", file=sys.stderr)
    return code
