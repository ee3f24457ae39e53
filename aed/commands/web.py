"""`aed web`: what the local page needs; the page itself is a part of `aed run`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.commands import Subparsers

PASSWORD_FILE = Path("/etc/aed/web-password")
"""Where the service takes it from."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `web` with its subcommand `password`."""
    text = "set the password of the local page"
    parser = subparsers.add_parser("web", help=text)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    action = actions.add_parser(
        "password",
        help=text,
        description=text.capitalize() + ": asks for it and writes what scrypt makes of it. The "
        "page (`web:` in the settings) then needs `password_file:` with the file's path, or, for "
        "the service, the name of its credential: web-password.",
    )
    action.add_argument(
        "-o",
        "--output",
        type=Path,
        default=PASSWORD_FILE,
        metavar="FILE",
        help="where to write it (default: %(default)s)",
    )
    action.set_defaults(run=run_password)


def run_password(arguments: argparse.Namespace) -> int:
    """Ask for a password twice and write its hash, for our eyes only.

    Without a terminal the password is the first line of standard input.

    Args:
        arguments: with `output`.

    Returns:
        0, or 1 if it was not written.

    Raises:
        PageError: it is too short or too long.
    """
    import getpass
    import os
    import sys

    from daemon.page.passwords import PasswordHash

    if sys.stdin.isatty():
        password = getpass.getpass("Password of the page: ")
        if getpass.getpass("Once more: ") != password:
            print("aed: they differ; nothing was changed", file=sys.stderr)
            return 1
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    text = PasswordHash.of(password).to_text()
    path: Path = arguments.output
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        print(f"aed: {path} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"Written to {path}. It counts from the next start of the page: systemctl restart aed")
    return 0
