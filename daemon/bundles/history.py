"""What is remembered of installed bundles: `history.json` beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon.state_file import read_state, write_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A version that has been current.

    Attributes:
        name: of its folder.
        is_proven: whether a daemon has heard with it for a minute without trouble.
        tries: how often that has begun and not ended.
        problem: why it was given up; None if it was not.
    """

    name: str
    is_proven: bool = False
    tries: int = 0
    problem: str | None = None


def read_history(path: Path) -> list[Installed] | None:
    """Read it.

    Args:
        path: the file.

    Returns:
        What it lists, in the order in which they became current; None if it cannot be read.
    """
    try:
        return [_installed(each) for each in read_state(path)["bundles"]]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_history(path: Path, history: Sequence[Installed]) -> None:
    """Write it; whole and on disk when this returns.

    Args:
        path: the file.
        history: what to list.

    Raises:
        OSError: the disk refuses.
    """
    write_state(path, {"bundles": [asdict(each) for each in history]})


def _installed(fields: Mapping[str, Any]) -> Installed:
    """Read what was written; what makes no sense raises TypeError."""
    found = Installed(**fields)
    if not isinstance(found.name, str) or not isinstance(found.tries, int):
        raise TypeError("wanted a name and a number of tries")
    return found
