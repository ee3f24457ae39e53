"""The reviewed list of packages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingDataError
from training.yaml_file import read_mapping

SHIPPED_LIST = Path(__file__).with_name("packages.yaml")
MATERIAL_LIST = Path(__file__).parents[1] / "material" / "packages.yaml"
"""Packages that models are trained on."""

MATERIAL_KINDS = ("music", "effects", "chimes")

KINDS = ("music", "speech", "effects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A Debian package.

    Attributes:
        name: of the package.
        kind: what most of its sound is.
        languages: of its speech.
    """

    name: str
    kind: str
    languages: tuple[str, ...] = ()


def read_packages(path: Path = SHIPPED_LIST, kinds: Collection[str] = KINDS) -> tuple[Package, ...]:
    """Read a list.

    Args:
        path: of the list.
        kinds: that packages of it may be.

    Raises:
        TrainingDataError: it is none; every fault is told.
    """
    rows = read_mapping(path).get("packages")
    if not isinstance(rows, dict):
        raise TrainingDataError(f"{path}: wanted a mapping `packages:` of names, found none")
    faults = [
        f"{path}: {name}: {fault}" for name, row in rows.items() for fault in _faults(row, kinds)
    ]
    if faults:
        raise TrainingDataError.of_faults(faults)
    return tuple(
        Package(name=name, kind=row["kind"], languages=tuple(row.get("languages", ())))
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
    heard = {source.removeprefix("Debian:") for source in sources}
    if common := sorted({package.name for package in packages} & heard):
        raise TrainingDataError(f"{', '.join(common)}: {because}; leave them out of the list")


def _faults(row: Any, kinds: Collection[str]) -> list[str]:  # noqa: ANN401 - whatever YAML held
    if not isinstance(row, dict) or row.get("kind") not in kinds:
        return [f"wanted {{kind: {' or '.join(kinds)}}}, found {row!r}"]
    return [f"unknown key {key!r}" for key in row if key not in {"kind", "languages"}]
