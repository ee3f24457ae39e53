"""The reviewed lists of packages: those that are learned from, and those that are measured on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingDataError
from training.evaluation.truth import PARTS
from training.yaml_file import read_mapping

_FOLDER = Path(__file__).parent
MEASURED_LIST, LEARNED_LIST = _FOLDER / "measured.yaml", _FOLDER / "learned.yaml"

KINDS = ("music", "speech", "effects", "chimes")
"""What a package holds; a soundfont (`chimes`) has no recording, but chimes are played on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A Debian package.

    Attributes:
        name: of the package.
        kind: what most of its sound is.
        part: of one that is measured on: `development` may choose thresholds, `confirmation` then
            judges them.
    """

    name: str
    kind: str
    part: str = PARTS[0]

    @property
    def folder(self) -> str:
        """Name of the folder of its recordings, and of their sessions."""
        return f"debian_{self.name.replace('-', '_')}"

    @property
    def source(self) -> str:
        """As manifests and truths name where a recording is from."""
        return f"Debian:{self.name}"


def read_packages(path: Path) -> tuple[Package, ...]:
    """Read a list.

    Raises:
        TrainingDataError: it is none; every fault is told.
    """
    rows = read_mapping(path).get("packages")
    if not isinstance(rows, dict):
        raise TrainingDataError(f"{path}: wanted a mapping `packages:` of names, found none")
    faults = [f"{path}: {name}: {fault}" for name, row in rows.items() for fault in _faults(row)]
    if faults:
        raise TrainingDataError.of_faults(faults)
    return tuple(
        Package(name=name, kind=row["kind"], part=row.get("part", PARTS[0]))
        for name, row in rows.items()
    )


def refuse_heard(packages: Iterable[Package], sources: Iterable[str], because: str) -> None:
    """Check that packages are used for one thing only: to train, or to measure.

    Args:
        packages: to be used.
        sources: that have another use, `Debian:<package>` among them.
        because: what that use is.

    Raises:
        TrainingDataError: some packages are among the sources.
    """
    heard = set(sources)
    if common := sorted(package.name for package in packages if package.source in heard):
        raise TrainingDataError(f"{', '.join(common)}: {because}; leave them out of the list")


def _faults(row: Any) -> list[str]:  # noqa: ANN401 - whatever YAML held
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        return [f"wanted {{kind: {' or '.join(KINDS)}}}, found {row!r}"]
    faults = [f"unknown key {key!r}" for key in row if key not in {"kind", "part", "languages"}]
    if row.get("part", PARTS[0]) not in PARTS:
        faults.append(f"part: wanted {' or '.join(PARTS)}, found {row['part']!r}")
    return faults
