"""Settings that are read again interrupt no sound, call nobody twice, and load no model twice."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.inference import Frames
from daemon.bundles.orders import BundleOrders
from daemon.bundles.store import BundleStore
from daemon.bundles.swap import BundleSwap
from daemon.clips.clips import Clips
from daemon.ears.announcer import Announcement
from daemon.ears.ear import Ear
from daemon.ears.former_events import UNDECIDED_S
from daemon.ears.making import new_ear
from daemon.health.self_check import MARK_NAME, SelfCheck
from daemon.reload import Reloader
from daemon.reloaded import Reloaded
from daemon.settings.file import load_settings
from daemon.sources.floor_file import Floors
from daemon.sources.source import Source
from daemon.taught.store import TaughtStore
from daemon.wakeup import ReloadRequest, Wakeup
from tests.daemon.fake_clock import FakeClock

SAME_EAR = {"thresholds": {"doorbell": {"on": 0.8}}, "classes": ["smoke_alarm", "doorbell"]}
OTHER_EAR: dict[str, Any] = {"clips": {}}


class Home:
    """One source that is never started, heard by the shipped model without its second look."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.folder = folder
        self.where = folder / "settings.yaml"
        self.clock = FakeClock()
        self.bundle = bundle.without_second_look()
        self.write()
        settings = load_settings(self.where)
        clips = Clips(folder, None, clock=self.clock)
        floors = Floors(folder, clock=self.clock)
        self.wakeup = Wakeup()
        self.request = ReloadRequest(self.wakeup)
        (part,) = settings.sources
        rng = random.SystemRandom()
        ear = new_ear(
            part.name,
            settings=settings,
            bundle=self.bundle,
            clock=self.clock,
            former=[],
            clips=clips,
        )
        self.ears: tuple[tuple[Source, Ear], ...] = (
            (Source(part, clock=self.clock, rng=rng), ear),
        )
        swap = BundleSwap(
            BundleStore(folder),
            orders=BundleOrders(where=self.where, reload=self.request, clock=self.clock),
            self_check=SelfCheck(self.bundle, folder=folder, clock=self.clock),
            reload=self.request,
            clock=self.clock,
        )
        self.reloader = Reloader(
            settings,
            self.bundle,
            where=self.where,
            started_at="",
            clock=self.clock,
            rng=rng,
            floors=floors,
            clips=clips,
            request=self.request,
            swap=swap,
            taught=TaughtStore(folder),
        )

    @property
    def ear(self) -> Ear:
        return self.ears[0][1]

    def write(self, **changes: Any) -> None:  # noqa: ANN401 - settings
        source = {"name": "hall", "kind": "command", "command": ["true"], "sample_rate_hz": 16_000}
        settings = {
            "node": "test",
            "mqtt": {"host": "localhost"},
            "sources": [source],
            "second_look": False,
            "state_directory": str(self.folder),
        }
        self.where.write_text(yaml.safe_dump(settings | changes))

    def reload(self, **changes: Any) -> Reloaded | None:  # noqa: ANN401 - settings
        self.write(**changes)
        self.request.set()
        change = self.reloader.take(self.ears)
        deadline_s = time.monotonic() + 60.0
        while change is None and self.reloader.is_loading:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
            change = self.reloader.take(self.ears)
        if not isinstance(change, Reloaded):
            return None
        self.ears = change.ears
        return change

    def hear(self, path: str, num_frames: int) -> list[Announcement]:
        """Hear a sound that is sure at every node of a path."""
        labels = self.bundle.labels
        values = np.zeros((num_frames, len(labels)), np.float32)
        values[:, [labels.index[node] for node in path.split("/") if node]] = 0.97
        frames = Frames(
            values=values,
            level_dbfs=np.full(num_frames, -30, np.float32),
            log_mel=np.full((num_frames * 10, self.bundle.widths["log_mel"]), -10, np.float32),
        )
        samples = np.zeros(num_frames * 1_600, np.float32)
        chunk = AudioChunk(samples=samples, sample_rate_hz=16_000)
        hearing = self.ear.take(chunk)
        heard = hearing.track(hearing.detector.complete([frames]))
        return self.ear.tell(chunk, heard, took_s=0.0)


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle) -> Iterator[Home]:
    home = Home(tmp_path, bundle)
    yield home
    home.wakeup.close()


def told(announcements: list[Announcement], kind: str) -> int:
    return sum(report.kind == kind for each in announcements for report in each.reports)


@pytest.mark.parametrize("changes", [SAME_EAR, OTHER_EAR], ids=["same ear", "other ear"])
def test_what_was_too_short_so_far_calls_nobody_because_settings_are_read(
    home: Home, changes: dict[str, Any]
) -> None:
    assert told(home.hear("alarm/life_safety/smoke_alarm", 8), "alert") == 0

    change = home.reload(**changes)

    assert change is not None
    assert told(list(change.announcements), "alert") == 0


def test_a_sound_is_heard_on_as_if_nobody_had_read_settings(home: Home) -> None:
    home.hear("alarm/life_safety/smoke_alarm", 8)

    home.reload(**SAME_EAR)

    assert told(home.hear("alarm/life_safety/smoke_alarm", 8), "alert") == 1


@pytest.mark.parametrize("changes", [SAME_EAR, OTHER_EAR], ids=["same ear", "other ear"])
def test_nobody_is_called_twice_for_an_alarm_that_goes_on(
    home: Home, changes: dict[str, Any]
) -> None:
    assert told(home.hear("alarm/life_safety/smoke_alarm", 20), "alert") == 1

    change = home.reload(**changes)

    assert change is not None
    again = home.hear("alarm/life_safety/smoke_alarm", 20)
    assert told([*change.announcements, *again], "alert") == 0
    home.clock.advance(UNDECIDED_S)
    assert told(home.ear.tick(), "alert") == 0
    home.hear("", 200)
    assert told(home.hear("alarm/life_safety/smoke_alarm", 20), "alert") == 1


def test_the_class_states_follow_the_settings_while_an_alarm_sounds(home: Home) -> None:
    home.hear("alarm/life_safety/smoke_alarm", 20)

    change = home.reload(**SAME_EAR)

    assert change is not None
    state = "aed/test/source/hall/class/{}/state"
    on = {each.topic: each.payload for each in home.ear.initial_states()}
    assert on == {state.format("smoke_alarm"): b"ON", state.format("doorbell"): b"OFF"}
    assert state.format("alarm") in change.off
    assert state.format("smoke_alarm") not in change.off


def test_settings_that_cannot_work_are_a_problem_until_others_are_read(home: Home) -> None:
    home.reload(nod="x")
    problem = home.reloader.problem
    home.reload(nod="x", classes=["smoke_alrm"])
    assert problem == home.reloader.problem
    assert problem is not None
    assert problem.startswith("the settings that were read last cannot work")

    assert home.reload() is None

    assert home.reloader.problem is None


def test_the_same_model_is_loaded_once_unless_a_self_test_has_failed(home: Home) -> None:
    change = home.reload(**SAME_EAR)
    assert change is not None
    assert change.bundle is home.bundle
    assert home.reload(**SAME_EAR) is None

    (home.folder / MARK_NAME).touch()
    again = home.reload(**SAME_EAR)

    assert again is not None
    assert again.bundle.session is not home.bundle.session
