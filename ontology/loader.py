"""Loads ontologies from files and texts; a bad one is refused with all its faults."""

from pathlib import Path

from ontology.errors import OntologyError
from ontology.faults import MAX_FAULTS, Fault, FaultLog, TooManyFaultsError
from ontology.reader import VERSION, OntologyReader
from ontology.tree import Ontology
from ontology.yaml_graph import MAX_CHARACTERS, compose

HOME_PATH = Path(__file__).with_name("home.yaml")
"""The ontology that aed comes with."""

_MAX_BYTES = 4 * (MAX_CHARACTERS + 2)
"""More than the longest text takes in UTF-8."""


def home() -> Ontology:
    """Returns the ontology of a home that aed comes with."""
    return load(HOME_PATH)


def load(path: Path | str) -> Ontology:
    """Returns the ontology of a file.

    Raises:
        OntologyError: it cannot be read or is wrong; carries every fault.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES)  # at most; `parse` refuses what is longer
    except FileNotFoundError:
        raise _unreadable(where, "there is no such file", "check the path") from None
    except IsADirectoryError:
        remedy = "name the YAML file inside it"
        raise _unreadable(where, "this is a directory, not a file", remedy) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = f"the file cannot be read: {reason}"
        raise _unreadable(where, problem, "check the path and its permissions") from error
    try:
        cut_off = len(content) == _MAX_BYTES  # perhaps inside a character
        text = content.decode("utf-8-sig", errors="ignore" if cut_off else "strict")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise _unreadable(where, problem, "save the file as UTF-8", line=line) from None
    return parse(text, where=where)


def parse(text: str, where: str = "<string>") -> Ontology:
    """Returns the ontology that a YAML text describes.

    Args:
        text: YAML, in the format described at the head of `ontology/home.yaml`.
        where: what to call the text in faults.

    Raises:
        OntologyError: it is wrong; carries every fault.
    """
    faults = FaultLog(where)
    try:
        root = compose(text, faults)
        name, roots = ("", []) if root is None else OntologyReader(faults).read(root)
    except TooManyFaultsError:
        last = Fault(
            where=where,
            line=None,
            path="",
            problem=f"more than {MAX_FAULTS} faults, the rest is not shown",
            remedy="is this the right file?",
        )
        raise OntologyError([last, *faults.in_file_order()]) from None
    if found := faults.in_file_order():
        raise OntologyError(found)
    return Ontology(name=name, version=VERSION, roots=roots, source=text)


def _unreadable(where: str, problem: str, remedy: str, *, line: int | None = None) -> OntologyError:
    return OntologyError([Fault(where=where, line=line, path="", problem=problem, remedy=remedy)])
