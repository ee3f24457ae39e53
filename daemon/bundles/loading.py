"""Loads another bundle beside the one that hears, without keeping the main loop from hearing.

First a process of its own tries it (`daemon.bundles.trial`). Only what has passed there is loaded
here, one step in a turn, each shorter than a microphone's block.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aed.bundle import Bundle, loading
from aed.bundle_description import DESCRIPTION_FILE
from aed.errors import BundleError
from daemon.bundles.side_job import SideJob
from daemon.clocks import Clock
from ontology import Ontology

if TYPE_CHECKING:
    from collections.abc import Generator

TRIAL_S = 120.0
"""A trial that takes longer hangs."""

MOST_BUSY = 0.5
"""Most of the time that hearing all sources may take: the rest is for everything else."""


class BundleLoading:
    """One bundle on its way into this process."""

    def __init__(self, path: Path, *, num_sources: int, known: Ontology, clock: Clock) -> None:
        """Begin.

        Args:
            path: its folder.
            num_sources: how many will be heard with it.
            known: the ontology in use; the bundle's is not read anew if it is the same.
            clock: for how long the trial takes.

        Raises:
            BundleError: the trial cannot be started.
        """
        self.path = path
        # What `current` leads to may be another one before this has come to its end.
        self._folder = path.resolve()
        self._known = known
        arguments = ["daemon.bundles.trial", "--sources", str(num_sources), str(self._folder)]
        self._trial: SideJob | None = SideJob(
            arguments, what=f"the trial of bundle {path}", limit_s=TRIAL_S, clock=clock
        )
        self._steps: Generator[None, None, Bundle] | None = None

    def step(self) -> Bundle | None:
        """Go on; gives the bundle once it is loaded and has passed its self-test here.

        Raises:
            BundleError: it cannot be used; says why.
        """
        if self._trial is not None:
            found = self._trial.step()
            if found is None:
                return None
            self._trial = None
            busy = found["ms_per_s"] / 1000
            if busy > MOST_BUSY:
                raise BundleError(
                    f"bundle {self.path} is too slow for this machine: a second of sound of all "
                    f"sources takes {1000 * busy:.0f} ms, wanted at most {1000 * MOST_BUSY:.0f}"
                )
            content = _read(self._folder / DESCRIPTION_FILE)
            if hashlib.sha256(content).hexdigest() != found["digest"]:
                raise BundleError(f"bundle {self.path} has changed while it was tried")
            description = (found["info"], found["digest"])
            self._steps = loading(self._folder, description=description, known=self._known)
            return None
        assert self._steps is not None  # noqa: S101 - the trial is over
        try:
            next(self._steps)
        except StopIteration as end:
            bundle: Bundle = end.value
            return bundle
        return None

    def close(self) -> None:
        """Give it up."""
        if self._trial is not None:
            self._trial.close()
            self._trial = None


def digest_of(path: Path) -> str | None:
    """Digest that the bundle in a folder would have; None if it cannot be read."""
    try:
        return hashlib.sha256(_read(path / DESCRIPTION_FILE)).hexdigest()
    except BundleError:
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror})") from error
