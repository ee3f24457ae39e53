"""The files that `aed ontology` reads and writes."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import AedError

if TYPE_CHECKING:
    from ontology import Ontology


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the argument FILE."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="ontology file (default: the home ontology that aed comes with)",
    )


def load(path: Path | None) -> "Ontology":
    """The ontology of a file, or that of a home.

    Raises:
        OntologyError: the file is wrong; carries every fault.
    """
    import ontology

    return ontology.home() if path is None else ontology.load(path)


def write(path: Path, text: str) -> None:
    """Write a file in one move, so that no half of it is ever read.

    Raises:
        AedError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise AedError(
            f"{path}: cannot be written ({error.strerror}); name a file in a folder that is yours"
        ) from error
