"""Runs of the parts that discovery needs, one after the other in the same home."""

import json
import random
from pathlib import Path
from typing import Any

from aed.bundle import Bundle
from daemon.discovery.discovery import LAST_AGAIN_S, REVIVED_S, SETTLE_S, Discovery
from daemon.mqtt.publisher import Publisher
from daemon.outbox.outbox import Outbox
from daemon.settings.file import parse_settings
from daemon.settings.models import Settings
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink

TOPIC = TOPICS.discovery("homeassistant")


def settings_of(*sources: str, more: str = "") -> Settings:
    """Settings of the node `kitchen` with these microphones, else one that is called mic."""
    listed = ", ".join(f"{{name: '{name}', kind: microphone}}" for name in sources or ["mic"])
    text = f"node: kitchen\nmqtt: {{host: broker}}\nsources: [{listed}]\n{more}"
    return parse_settings(text, where=Path("/etc/aed/settings.yaml"))


class Run:
    """One run of the daemon's parts that discovery needs."""

    def __init__(
        self, settings: Settings, *, bundle: Bundle, folder: Path, outbox: Outbox, clock: FakeClock
    ) -> None:
        self.link = FakeLink()
        self.publisher = Publisher(link=self.link, outbox=outbox, topics=TOPICS, clock=clock)
        self.discovery = Discovery(
            settings,
            bundle,
            folder=folder,
            publisher=self.publisher,
            link=self.link,
            clock=clock,
            rng=random.Random(7),  # noqa: S311 - jitter
        )
        self._clock = clock

    def turn(self, seconds: float = 0.0) -> None:
        self._clock.advance(seconds)
        self.discovery.tick()
        self.publisher.pump()

    def connect_and_settle(self) -> None:
        self.link.connect()
        self.turn()
        self.turn()
        self.turn(SETTLE_S)
        self.link.acknowledge_all()
        self.turn()
        self.turn()

    def greet(self, birth_topic: str) -> None:
        """Home Assistant is started, and all has come of it."""
        self.link.hear(birth_topic, b"online")
        self.turn()
        for seconds in (LAST_AGAIN_S, 0.0, REVIVED_S, 0.0):
            self.turn(seconds)
            self.link.acknowledge_all()
            self.turn()

    def told(self) -> list[dict[str, Any]]:
        sent = [payload for topic, payload in self.link.states() if topic == TOPIC]
        return [json.loads(payload) if payload else {} for payload in sent]

    def components(self) -> dict[str, Any]:
        found: dict[str, Any] = self.told()[-1]["components"]
        return found


class Home:
    """Begins runs with one state directory."""

    def __init__(self, folder: Path, bundle: Bundle, clock: FakeClock) -> None:
        self.folder = folder
        self.outbox = Outbox(folder / "outbox.sqlite", clock=clock)
        self._bundle = bundle
        self._clock = clock

    def begin(self, *sources: str, more: str = "classes: [smoke_alarm, dog]") -> Run:
        return Run(
            settings_of(*sources, more=more),
            bundle=self._bundle,
            folder=self.folder,
            outbox=self.outbox,
            clock=self._clock,
        )
