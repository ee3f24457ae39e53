"""What is wrong with an ontology file: one `Fault` each, collected until the file is read."""

from dataclasses import dataclass

MAX_FAULTS = 1000
"""A file with more is no ontology; nobody reads on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend.

    Attributes:
        where: the file, as the user named it.
        line: line of the file, from 1; None where the file as a whole is meant.
        path: keys and list positions that lead there, as `nodes[0].children[2].name`.
        problem: what was wanted and what was found.
        remedy: what to do.
    """

    where: str
    line: int | None
    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        path = f" {self.path}:" if self.path else ""
        return f"{place}:{path} {self.problem}; {self.remedy}"


class TooManyFaultsError(Exception):
    """Ends the reading of a file; never leaves this package."""


class FaultLog:
    """Faults of one file, in the order they were met."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._faults: list[Fault] = []

    def add(self, line: int | None, path: str, problem: str, remedy: str) -> None:
        """Notes a fault.

        Raises:
            TooManyFaultsError: MAX_FAULTS were noted already.
        """
        if len(self._faults) >= MAX_FAULTS:
            raise TooManyFaultsError
        fault = Fault(where=self.where, line=line, path=path, problem=problem, remedy=remedy)
        self._faults.append(fault)

    def in_file_order(self) -> tuple[Fault, ...]:
        """Returns all faults by line, those of the whole file first."""
        return tuple(sorted(self._faults, key=lambda fault: fault.line or 0))
