"""A new model until it has proven itself, or is given up."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aed.bundle import SHIPPED, Bundle
from daemon.bundles.changes import RETRY_S
from daemon.bundles.orders import BundleOrders
from daemon.bundles.store import BundleStore, folder_name
from daemon.bundles.swap import MOST_TRIES, BundleSwap, give_up_if_spent
from daemon.bundles.watch import WATCH_S
from daemon.health.self_check import SelfCheck
from daemon.wakeup import ReloadRequest, Wakeup
from tests.daemon.bundles.bundle_files import prove
from tests.daemon.bundles.test_watch import FakeEar
from tests.daemon.fake_clock import FakeClock


class Home:
    """A state directory with installed bundles, and a daemon's parts about them."""

    def __init__(self, folder: Path, shipped: Bundle) -> None:
        self.shipped = shipped
        self.store = BundleStore(folder)
        self.clock = FakeClock()
        self.check = SelfCheck(shipped, folder=folder, clock=self.clock)
        self.wakeup = Wakeup()
        self.reload = ReloadRequest(self.wakeup)
        self.ear = FakeEar()
        self.ears: Any = [(None, self.ear)]
        self.swap = self.start()

    def start(self, problem: str | None = None) -> BundleSwap:
        """What a daemon has at its start."""
        orders = BundleOrders(where=Path("/no/such"), reload=self.reload, clock=self.clock)
        self.swap = BundleSwap(
            self.store,
            orders=orders,
            self_check=self.check,
            reload=self.reload,
            clock=self.clock,
            problem=problem,
        )
        return self.swap

    def install(self, name: str) -> Bundle:
        """Install the shipped bundle by another name; returns it as it would be loaded."""
        digest = f"{hash(name) & 0xFFFFFFFF:08x}" * 8
        folder = folder_name(name, digest)
        with self.store.lock():
            if not (self.store.folder / folder).exists():
                shutil.copytree(SHIPPED, self.store.folder / folder)
            self.store.make_current(folder)
        return replace(self.shipped, path=self.store.folder / folder, name=name, digest=digest)

    def hear(self, duration_s: float) -> bool:
        """Let time pass; returns whether the model was given up in it."""
        for _ in range(int(duration_s)):
            self.clock.advance(1.0)
            self.ear.meter.heard_s += 1.0
            self.swap.tick()
            if self.swap.look(self.ears):
                return True
        return False

    @property
    def standing(self) -> dict[str, tuple[bool, int, bool]]:
        """Of each version whether it is proven, its tries, and whether it was given up."""
        return {
            each.name.split("@")[0]: (each.is_proven, each.tries, each.problem is not None)
            for each in self.store.history()
        }

    @property
    def current(self) -> str | None:
        """Name of the current version."""
        name = self.store.current
        return None if name is None else name.split("@")[0]


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle) -> Iterator[Home]:
    home = Home(tmp_path / "state", bundle)
    yield home
    home.wakeup.close()


def test_a_model_that_hears_for_a_minute_without_trouble_is_proven(home: Home) -> None:
    new = home.install("new")
    home.swap.note_switched(new, home.shipped, home.ears)
    assert home.standing == {"new": (False, 1, False)}
    assert home.swap.status()["doing"] == "watching"
    on_trial = [home.check.is_on_trial]

    assert not home.hear(WATCH_S)

    assert home.standing == {"new": (True, 0, False)}
    assert home.swap.status()["doing"] is None
    assert [*on_trial, home.check.is_on_trial] == [True, False]
    home.swap.note_switched(new, home.shipped, home.ears)
    assert not home.swap.is_watching


def test_a_model_that_fails_is_left_for_the_one_that_heard_before(home: Home) -> None:
    old = home.install("old")
    prove(home.store)
    home.swap.note_switched(home.install("new"), old, home.ears)
    home.ear.lost_frames = 1

    assert home.hear(1.0)

    assert (home.current, home.standing["new"]) == ("old", (False, 0, True))
    assert home.swap.problem == (
        f"the model new@{home.store.history()[1].name[-8:]} was given up: it computes what is no "
        f"number; hearing with old@{old.digest[:8]} again"
    )
    assert not home.reload.take()
    home.ear.lost_frames = 0
    home.swap.note_switched(home.install("newer"), old, home.ears)
    assert home.swap.problem is None


def test_a_model_that_fails_leads_back_to_the_shipped_one_if_that_heard_before(home: Home) -> None:
    home.swap.note_switched(home.install("new"), home.shipped, home.ears)
    assert home.swap.blame("it fails in hearing: no")

    assert home.hear(1.0)

    assert home.current is None
    assert not home.swap.blame("and again")


def test_a_second_change_within_the_minute_goes_back_to_what_had_proven_itself(home: Home) -> None:
    old = home.install("old")
    prove(home.store)
    first, second = home.install("first"), home.install("second")
    home.swap.note_switched(first, old, home.ears)
    home.swap.note_switched(second, first, home.ears)
    home.ear.lost_frames = 1

    assert home.hear(1.0)

    assert home.current == "old"


def test_a_model_that_the_daemon_started_with_is_watched_and_the_former_one_is_read(
    home: Home,
) -> None:
    home.install("old")
    prove(home.store)
    home.swap.start(home.install("new"))
    home.ear.lost_frames = 1

    assert home.hear(1.0)

    assert home.current == "old"
    assert home.reload.take()
    told = home.swap.problem
    assert told is not None
    home.swap.note_switched(home.install("old"), home.shipped, home.ears)
    assert home.swap.problem == told
    assert not home.swap.is_watching


def test_what_somebody_has_installed_meanwhile_is_left_alone(home: Home) -> None:
    home.swap.note_switched(home.install("new"), home.shipped, home.ears)
    home.install("newest")
    home.ear.lost_frames = 1

    assert home.hear(1.0)

    assert home.current == "newest"


def test_a_locked_folder_is_tried_again(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.swap.note_switched(home.install("new"), home.shipped, home.ears)
    home.ear.lost_frames = 1
    with home.store.lock():
        assert home.hear(1.0)
        assert home.current == "new"
        assert "is being changed by another install; try again in a moment; trying" in caplog.text

    home.clock.advance(RETRY_S)
    home.swap.tick()

    assert home.current is None


def test_a_daemon_that_is_stopped_within_the_minute_has_not_failed(home: Home) -> None:
    new = home.install("new")
    for _ in range(2 * MOST_TRIES):
        assert give_up_if_spent(home.store) is None
        home.start().start(new)
        home.swap.close()
    assert home.standing == {"new": (False, 0, False)}


@pytest.mark.parametrize("ends", ["while it loads", "by a kill", "by a fault"])
def test_a_model_with_which_the_daemon_ends_three_times_is_given_up(home: Home, ends: str) -> None:
    home.install("old")
    prove(home.store)
    new = home.install("new")
    for _ in range(MOST_TRIES):
        assert give_up_if_spent(home.store) is None
        if ends == "while it loads":
            continue
        home.start().start(new)
        if ends == "by a fault":
            home.swap.close(has_failed=True)

    told = give_up_if_spent(home.store)

    assert home.current == "old"
    assert "was given up: aed has ended 3 times within its first minute" in str(told)
    assert home.start(told).problem == told
    assert give_up_if_spent(home.store) is None


def test_a_bundle_that_is_refused_gives_the_link_back_to_the_one_in_use(home: Home) -> None:
    old = home.install("old")
    home.install("new")

    home.swap.note_refused("it is too slow", is_installed=True, in_use=old)

    assert (home.current, home.standing["new"]) == ("old", (False, 0, True))
    assert home.swap.status()["error"] == "it is too slow"
    home.swap.note_refused("the settings are wrong", is_installed=True, in_use=old)
    home.swap.note_refused("no such folder", is_installed=False, in_use=home.shipped)
    assert home.current == "old"


def test_the_shipped_model_and_one_of_the_settings_leave_the_folder_alone(home: Home) -> None:
    home.swap.start(home.shipped)
    assert not home.swap.is_watching
    own = replace(home.shipped, path=Path("/srv/own"), name="own", digest="5" * 64)
    home.swap.note_switched(own, home.shipped, home.ears)
    home.ear.lost_frames = 1

    assert home.hear(1.0)

    assert home.store.current is None
    assert home.store.history() == []
