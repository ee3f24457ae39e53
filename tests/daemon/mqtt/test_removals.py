"""A topic that has told its last is taken off the broker once nobody reads it any more."""

from pathlib import Path

import pytest

from daemon.mqtt.publisher import LOOK_AWAY_S, Publisher
from daemon.outbox.outbox import Outbox
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink


class Home:
    """A publisher with a broker."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.link = FakeLink()
        outbox = Outbox(folder / "outbox.sqlite", clock=self.clock)
        self.publisher = Publisher(link=self.link, outbox=outbox, topics=TOPICS, clock=self.clock)
        self.link.connect()
        self.publisher.retain("a", b"{}")
        self.turn()

    def turn(self) -> list[tuple[str, bytes]]:
        before = len(self.link.states())
        self.publisher.pump()
        self.link.acknowledge_all()
        self.publisher.pump()
        return self.link.states()[before:]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_it_stays_until_its_readers_have_looked_away(home: Home) -> None:
    home.publisher.remove("a")
    assert home.turn() == []

    home.clock.advance(LOOK_AWAY_S)
    assert home.turn() == [("a", b"")]
    home.link.lose()
    home.link.connect()
    assert home.turn() == []


def test_at_the_end_it_is_taken_off_at_once(home: Home) -> None:
    home.publisher.remove("a")
    home.publisher.remove_now()

    assert home.turn() == [("a", b"")]


def test_what_comes_back_meanwhile_stays(home: Home) -> None:
    home.publisher.remove("a")
    home.publisher.retain("a", b"{}")
    home.clock.advance(LOOK_AWAY_S)

    assert home.turn() == []
