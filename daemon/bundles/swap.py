"""From an installed bundle to one that has proven itself, or back to the one before.

Watches a model that has not proven itself, and goes back from one that cannot be loaded, fails
within its first minute, or brings the daemon down in it.
"""

import logging
from typing import Any

from aed.bundle import SHIPPED, Bundle
from daemon.bundles.changes import BundleChanges
from daemon.bundles.orders import BundleOrders
from daemon.bundles.store import BundleStore, folder_name
from daemon.bundles.watch import BundleWatch, Ears, busy_of, memory_mb
from daemon.clocks import Clock
from daemon.ears.making import model_name
from daemon.errors import InstallError
from daemon.health.self_check import SelfCheck
from daemon.wakeup import ReloadRequest

_logger = logging.getLogger(__name__)

MOST_TRIES = 3
"""So often may the daemon end in the first minute of a model before that is given up."""


def give_up_if_spent(store: BundleStore) -> str | None:
    """Go back, before anything is loaded, from a model with which the daemon never lived long.

    Args:
        store: the installed bundles.

    Returns:
        What was wrong, as a sentence; None if all is well.
    """
    found = store.find(store.current)
    if found is None or found.is_proven:
        return None
    if found.tries < MOST_TRIES:
        _count_try(store, found.name, found.tries + 1)
        return None
    reason = f"aed has ended {found.tries} times within its first minute"
    try:
        with store.lock():
            before = store.predecessors()
            store.go_back(before[0] if before else None, problem=reason)
    except InstallError as error:
        _logger.error("%s cannot be given up: %s", found.name, error)  # noqa: TRY400 - no bug
        return None
    return _given_up(found.name, reason, store.current)


def _count_try(store: BundleStore, name: str, tries: int) -> None:
    """Note a start before anything is loaded: whatever loading brings down has been tried."""
    try:
        with store.lock():
            store.note(name, tries=tries)
    except InstallError as error:
        _logger.warning("that %s is tried cannot be noted: %s", name, error)


class BundleSwap:
    """Looks after the change from one model to another."""

    def __init__(
        self,
        store: BundleStore,
        *,
        orders: BundleOrders,
        self_check: SelfCheck,
        reload: ReloadRequest,
        clock: Clock,
        problem: str | None = None,
    ) -> None:
        """Begin with nothing under way.

        Args:
            store: the installed bundles.
            orders: installs and takes back.
            self_check: tests the model.
            reload: has the settings read again, and the bundle with them.
            clock: for how long things take.
            problem: what was wrong before, as a sentence.
        """
        self._store = store
        self._changes = BundleChanges(store, clock=clock)
        self._orders = orders
        self._self_check = self_check
        self._reload = reload
        self._clock = clock
        self.problem = problem
        """Why a model was given up, as a sentence, until another one is taken."""
        if problem is not None:
            _logger.error("%s", problem)
        # Over a model that has not proven itself: its folder's name, and what it is called.
        self._watch: BundleWatch | None = None
        self._watched = self._watched_model = ""
        # The latest that had, if it is in memory: where the link leads for it, what it is called.
        self._former: tuple[str | None, str] | None = None
        self._is_going_back = False
        self._memory_mb: float | None = None

    def start(self, bundle: Bundle) -> None:
        """Watch the model that the daemon starts with, if it is installed and not proven."""
        if self._store.current == _folder_of(bundle) and self._is_unproven(bundle):
            self._begin(bundle, busy=0.0, is_counted=True)

    def status(self) -> dict[str, Any]:
        """What is under way, what has come of what was asked for last, and what is wrong."""
        told = self._orders.told()
        if told["doing"] is None and self.is_watching:
            told["doing"] = "watching"
        return {**told, "problem": self.problem}

    def tick(self) -> None:
        """See what has become of what is under way."""
        self._orders.tick()
        self._changes.tick()

    def note_loading(self) -> None:
        """Note that another bundle is about to be loaded beside the one that hears."""
        self._memory_mb = memory_mb()

    def note_loaded(self) -> None:
        """Note that what was to be read again is in use, or was in use already."""
        self._orders.note_loaded()

    def note_refused(self, error: str, *, is_installed: bool, in_use: Bundle) -> bool:
        """Note that nothing was taken over; go back from an installed bundle that is to blame.

        Args:
            error: why.
            is_installed: the installed bundle is.
            in_use: what is heard with.

        Returns:
            Whether a bundle is given up by that.
        """
        self._orders.note_loaded(error)
        current = self._store.current
        if not is_installed or current is None or current == _folder_of(in_use):
            return False
        self.problem = _given_up(current, error, model_name(in_use))
        _logger.error("%s", self.problem)
        self._leave(current, self._place_of(in_use), error)
        return True

    def note_switched(self, bundle: Bundle, former: Bundle, ears: Ears) -> None:
        """Watch another model from now on, unless it has proven itself.

        Args:
            bundle: the one that hears from now on.
            former: the one that has heard so far.
            ears: those that have heard with that.
        """
        if not self._is_going_back:
            self.problem = None
        self._is_going_back = False
        if not self.is_watching or self._former is None:
            self._former = (self._place_of(former), model_name(former))
        self._end_watch()
        if self._is_unproven(bundle):
            self._begin(bundle, busy=busy_of(ears))

    @property
    def is_watching(self) -> bool:
        """Whether the model has still to prove itself."""
        return self._watch is not None

    def blame(self, problem: str) -> bool:
        """Note that something went wrong in hearing; gives whether a new model is to blame."""
        if self._watch is None:
            return False
        self._watch.blame(problem)
        return True

    def look(self, ears: Ears) -> bool:
        """Look after a new model; gives whether it is given up now.

        The former one hears again then, if it is in memory; else it is read again.

        Args:
            ears: each source with the ear that hears it.
        """
        if self._watch is None:
            return False
        reason = self._watch.look(ears)
        if reason is not None:
            self._end_watch()
            self._give_up(reason)
        elif self._watch.is_over(ears):
            _logger.info("%s has heard for a minute without trouble", self._watched_model)
            name = self._watched
            self._changes.make(lambda: self._store.note(name, is_proven=True, tries=0))
            self._end_watch()
            self._former = None
        return reason is not None

    def close(self, *, has_failed: bool = False) -> None:
        """End it: whoever is stopped in the first minute has not failed.

        Args:
            has_failed: the daemon ends because something went wrong: the model may be to blame.
        """
        self._orders.close()
        is_cleared = self.is_watching and not has_failed
        found = self._store.find(self._watched) if is_cleared else None
        if found is not None:
            tries = max(0, found.tries - 1)
            self._changes.make(lambda: self._store.note(found.name, tries=tries))

    def _give_up(self, reason: str) -> None:
        before = self._store.predecessors()
        name = before[0] if before else None
        back_to, told = self._former or (name, name)
        self.problem = _given_up(self._watched_model, reason, told)
        _logger.error("%s", self.problem)
        self._leave(self._watched, back_to, reason)
        if self._former is None:
            self._is_going_back = True
            self._changes.make(self._reload.set)
        self._former = None

    def _is_unproven(self, bundle: Bundle) -> bool:
        if _is_shipped(bundle):
            return False
        found = self._store.find(_folder_of(bundle))
        return found is None or not found.is_proven

    def _begin(self, bundle: Bundle, *, busy: float, is_counted: bool = False) -> None:
        self._watched, self._watched_model = _folder_of(bundle), model_name(bundle)
        self._watch = BundleWatch(
            self_check=self._self_check,
            clock=self._clock,
            former_memory_mb=self._memory_mb,
            former_busy=busy,
        )
        self._self_check.is_on_trial = True
        found = self._store.find(self._watched)
        if found is not None and not is_counted:
            self._changes.make(lambda: self._store.note(found.name, tries=found.tries + 1))

    def _end_watch(self) -> None:
        self._watch = None
        self._self_check.is_on_trial = False

    def _leave(self, name: str, back_to: str | None, reason: str) -> None:
        """Lead the link back, unless somebody has meanwhile led it elsewhere."""

        def leave() -> None:
            if self._store.current == name:
                self._store.go_back(back_to, problem=reason)

        self._changes.make(leave)

    def _place_of(self, bundle: Bundle) -> str | None:
        """Where the link leads for a bundle; None for the shipped one."""
        name = _folder_of(bundle)
        if self._store.find(name) is not None:
            return name
        before = self._store.predecessors()
        return None if _is_shipped(bundle) or not before else before[0]


def _is_shipped(bundle: Bundle) -> bool:
    return bundle.path.resolve() == SHIPPED.resolve()


def _folder_of(bundle: Bundle) -> str:
    return folder_name(bundle.name, bundle.digest)


def _given_up(name: str, reason: str, instead: str | None) -> str:
    return (
        f"the model {name} was given up: {reason}; hearing with "
        f"{instead or 'the one that comes with aed'} again"
    )
