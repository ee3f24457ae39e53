"""What is told to those who watch: every frame once, in order, and what is reported."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.outbox.reports import Kind, Report
from daemon.requests.glance import Glance
from daemon.viewing.live_feed import LOWEST_LOG_MEL, STEPS_PER_LOG_MEL, LiveFeed
from ontology import LabelSet
from tests.aed.house import HOUSE
from tests.aed.tables import BANDS, sounding, table
from tests.daemon.fake_clock import FakeClock


class Home:
    """A source whose ear is nothing but a glance."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ear = SimpleNamespace(glance=Glance(LabelSet(HOUSE), clock=self.clock))
        self.ears: Any = [(SimpleNamespace(name="mic"), self.ear)]
        self.feed = LiveFeed(self.ears, clock=self.clock)
        self.num_heard = 0

    def hear(self, num_frames: int, *, log_mel: float = -8.0, **nodes: float) -> None:
        rows = sounding(num_frames / 10, **nodes)
        log_mels = np.full((10 * num_frames, BANDS), log_mel, np.float32)
        self.ear.glance.note(
            table(HOUSE, rows, start_frame=self.num_heard, level_dbfs=-20.0, log_mel=log_mels)
        )
        self.num_heard += num_frames

    def news(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.feed.news().splitlines()]


@settings(max_examples=50)
@given(st.lists(st.integers(min_value=0, max_value=10), max_size=12))
def test_each_frame_is_told_once_however_the_sound_arrives(blocks: list[int]) -> None:
    home = Home()
    told = []
    for block in blocks:
        if block:
            home.hear(block)
        told += [each["frame"] for each in home.news()]

    assert told == list(range(1, sum(blocks) + 1))


def test_a_frame_holds_posteriors_level_and_columns_of_the_spectrogram() -> None:
    home = Home()
    home.hear(2, log_mel=-3.0, speech=0.9)

    earlier, latest = home.news()

    assert (latest["source"], latest["level_dbfs"]) == ("mic", -20.0)
    assert latest["posteriors"][LabelSet(HOUSE).column("speech")] == 9000
    columns = np.frombuffer(base64.b64decode(latest["log_mel"]), np.uint8)
    assert columns.shape == (2 * BANDS,)
    assert set(columns) == {round((-3.0 - LOWEST_LOG_MEL) * STEPS_PER_LOG_MEL)}
    assert earlier["at"] < latest["at"] == "2023-11-14T22:13:20.000Z"


def test_what_is_no_number_is_told_as_silence() -> None:
    home = Home()
    home.hear(1, log_mel=float("nan"))
    home.ear.glance._levels_dbfs[-1] = float("-inf")

    (frame,) = home.news()

    assert frame["level_dbfs"] == -120.0


def test_after_a_reload_the_new_ear_is_told_from_its_beginning() -> None:
    home = Home()
    home.hear(5)
    home.news()
    home.ear = SimpleNamespace(glance=Glance(LabelSet(HOUSE), clock=home.clock))
    renewed: Any = [(home.ears[0][0], home.ear)]
    home.feed.follow(renewed)
    home.hear(2)

    assert [each["frame"] for each in home.news()] == [1, 2]


def test_events_are_told_once_and_only_to_those_who_watched_when_they_came() -> None:
    def report(kind: Kind, number: int) -> Report:
        return Report(
            kind=kind,
            event_id=str(number),
            seq=1,
            body=b'{"event_id":"%d"}' % number,
            critical=False,
        )

    home = Home()
    home.feed.note([report("event", 1)])
    home.feed.subscribe()
    assert home.feed.take_subscription()
    assert not home.feed.take_subscription()

    home.feed.note([report("alert", 2), report("event", 2)])

    assert home.news() == [{"event": {"event_id": "2"}}]
    assert home.news() == []
