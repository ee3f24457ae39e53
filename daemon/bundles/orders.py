"""Installing or taking back a bundle while the daemon runs: one at a time, each asked for.

A process of its own changes the disk (`daemon.bundles.install`); then the settings are read again,
and the bundle with them.
"""

import logging
from pathlib import Path
from typing import Any, Literal

from aed.errors import BundleError
from daemon.bundles.side_job import SideJob
from daemon.clocks import Clock
from daemon.errors import RequestError
from daemon.wakeup import ReloadRequest

_logger = logging.getLogger(__name__)

INSTALL_S = 300.0
"""Copying to a slow card, with all else that it does, takes no longer."""


class BundleOrders:
    """What was asked for last, and what has become of it."""

    def __init__(self, *, where: Path, reload: ReloadRequest, clock: Clock) -> None:
        """Begin with nothing asked for.

        Args:
            where: the settings' file.
            reload: has the settings read again.
            clock: for how long it takes.
        """
        self._where = where
        self._reload = reload
        self._clock = clock
        self._job: SideJob | None = None
        self._is_loading = False
        self._done: str | None = None
        self.error: str | None = None
        """Why it was not done."""

    @property
    def doing(self) -> Literal["installing", "loading"] | None:
        """What is under way."""
        if self._job is not None:
            return "installing"
        return "loading" if self._is_loading else None

    def install(self, path: Path, *, accept: bool) -> None:
        """Begin to install a bundle.

        Args:
            path: its folder.
            accept: see `daemon.bundle_install.install`.

        Raises:
            RequestError: something is under way, or it cannot be begun.
        """
        self._begin(["--install", str(path), *(["--accept"] if accept else [])], f"install {path}")

    def roll_back(self) -> None:
        """Begin to go back to the bundle before the installed one.

        Raises:
            RequestError: something is under way, or it cannot be begun.
        """
        self._begin([], "rollback")

    def tick(self) -> None:
        """See how far it is; never blocks."""
        if self._job is None:
            return
        try:
            said = self._job.step()
        except BundleError as error:
            self._job, self.error = None, str(error)
            _logger.error("nothing was installed or taken back: %s", error)  # noqa: TRY400 - no bug
            return
        if said is not None:
            self._job, self._is_loading, self._done = None, True, str(said["done"])
            _logger.info("%s", self._done)
            self._reload.set()

    def note_loaded(self, error: str | None = None) -> None:
        """Note that what was put in place is in use, or why it is not."""
        self._is_loading = False
        if error is not None:
            self.error = error

    def told(self) -> dict[str, Any]:
        """What is under way, and what has come of it."""
        return {"doing": self.doing, "done": self._done, "error": self.error}

    def close(self) -> None:
        """End what is under way."""
        if self._job is not None:
            self._job.close()
            self._job = None

    def _begin(self, arguments: list[str], what: str) -> None:
        if self.doing is not None:
            raise RequestError("a bundle is being installed or taken back; wait until that is done")
        words = ["daemon.bundles.install", "--config", str(self._where), *arguments]
        try:
            self._job = SideJob(words, what=what, limit_s=INSTALL_S, clock=self._clock)
        except BundleError as error:
            raise RequestError(str(error)) from error
        self._done = self.error = None
        _logger.info("%s was asked for", what)
