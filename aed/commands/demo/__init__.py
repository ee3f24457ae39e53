"""`aed demo`: the whole of aed on a synthesised minute at home, without any hardware.

A broker, the daemon (`aed run`, exactly as at home) and a subscriber run as processes of their
own; the subscriber prints each alert as it arrives.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `demo`."""
    text = "hear a smoke alarm and a breaking window without any hardware"
    parser = subparsers.add_parser("demo", help=text, description=text.capitalize() + ".")
    parser.add_argument(
        "--keep-wav",
        type=Path,
        default=Path("build/demo/scene.wav"),
        metavar="PATH",
        help="where to write the scene, to listen to (default: %(default)s)",
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="DIR",
        help="model bundle to hear with (default: the installed one, else the shipped one)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="another number gives another minute with the same events (default: %(default)s)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="go on after the minute, until Ctrl-C",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Give the demonstration.

    Args:
        arguments: with `keep_wav`, `bundle`, `seed` and `keep`.

    Returns:
        0 if both the smoke alarm and the window arrived over MQTT, else 1.

    Raises:
        DemoError: a part of it did not start, or ended early.
    """
    from aed.commands.demo.performance import perform

    return perform(
        wav=arguments.keep_wav,
        bundle=arguments.bundle,
        seed=arguments.seed,
        is_kept=arguments.keep,
    )
