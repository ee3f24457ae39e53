"""The console command `aed`: finds the command asked for, runs it, turns errors into exit codes.

Exit codes: 0 fine, 1 failed, 2 usage, 78 bad settings or unusable bundle, 130 interrupted.
"""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence

from aed import __version__
from aed.commands import (
    Command,
    bundle,
    check,
    demo,
    devices,
    evaluate,
    explain,
    init,
    listen,
    ontology,
    record,
    replay,
    request,
    run,
    teach,
    train,
    web,
)
from ontology.errors import AedError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

COMMANDS: tuple[Command, ...] = (
    demo,
    run,
    check,
    init,
    request,
    devices,
    listen,
    replay,
    explain,
    record,
    teach,
    ontology,
    train,
    evaluate,
    bundle,
    web,
)
"""The commands, in the order in which `aed --help` lists them."""


def build_parser(commands: Sequence[Command] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the whole command line.

    Args:
        commands: the commands to offer.
    """
    parser = argparse.ArgumentParser(
        prog="aed",
        description="Hears smoke alarms, breaking glass and what else sounds at home.",
    )
    parser.add_argument("--version", action="version", version=f"aed {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in commands:
        command.add_parser(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None, *, commands: Sequence[Command] = COMMANDS) -> int:
    """Run one command.

    Args:
        arguments: the words after `aed`; None takes those of the process.
        commands: the commands to choose from.

    Returns:
        The exit code.

    Raises:
        SystemExit: 0 after `--help` and `--version`, 2 for a wrong command line (argparse).
    """
    parsed = build_parser(commands).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        code = int(parsed.run(parsed))
        sys.stdout.flush()
    except AedError as error:
        print(f"aed: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_output()  # the reader left (`aed replay … | head`)
        return EXIT_FAILED
    except OSError as error:
        if error.errno not in _DISK_ERRORS or error.filename is not None:
            raise  # not of the output, so a bug
        _drop_output()
        print(f"aed: the output cannot be written ({error.strerror})", file=sys.stderr)
        return EXIT_FAILED
    return code


def _drop_output() -> None:
    """Lead standard output nowhere: Python flushes it on the way out, which must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
