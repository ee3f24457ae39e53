"""One file per command of `aed`: the only place that may import all four packages.

`aed.__main__` lists them. A command's file is cheap to import: what is heavy (onnxruntime, torch,
PortAudio) it imports inside `run`.
"""

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import argparse

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - no public name
"""What argparse's `add_subparsers` returns."""


class Command(Protocol):
    """What each module of this package offers."""

    def add_parser(self, subparsers: Subparsers) -> None:
        """Add the command's own parser, whose default `run` takes the parsed arguments."""
