"""A home with a broker, a microphone, aed and Home Assistant, each of which can be restarted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest
import yaml

from daemon.mqtt.topics import Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import ROOT, DaemonProcess, LoudSource
from tests.system.home_assistant.installation import home_assistant_root, installed_version
from tests.system.home_assistant.instance import HomeAssistant
from tests.system.loudness_bundle import write_loudness_bundle

TOPICS = Topics(node="hall")
HOLD_S = 1.0
"""A pause so long ends the alarm: its own 6 s would be waited for dozens of times."""

NOTES = ROOT / "build" / "home_assistant.txt"
SEEN = "seen"
"""Topic below which the documented automations tell instead of calling a phone."""


class Part(Protocol):
    """What can be restarted."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> object:
        """Ask it to stop, and wait until it has."""

    def kill(self) -> None:
        """End it as a power cut would."""


@dataclass(slots=True, kw_only=True)
class Home:
    """All parts.

    Attributes:
        broker: a Mosquitto.
        source: the microphone `mic`.
        aed: the daemon, node `hall`.
        assistant: Home Assistant, with the automations of docs/home-assistant.md.
        watcher: sees what aed says and what the automations do, as long as the broker runs.
        notes: what was measured, for build/home_assistant.txt.
    """

    broker: Broker
    source: LoudSource
    aed: DaemonProcess
    assistant: HomeAssistant
    watcher: Subscriber
    notes: list[str]

    def part(self, name: str) -> "Part":
        """What can be restarted, by its name."""
        parts: dict[str, Part] = {
            "broker": self.broker,
            "aed": self.aed,
            "assistant": self.assistant,
        }
        return parts[name]

    def unplug(self) -> None:
        """Take the microphone away."""
        self.source.unplug()
        for child in psutil.Process(self.aed.pid).children():
            child.kill()

    def acts(self) -> list[str]:
        """What the automations have done, as topics, in order."""
        return [m.topic for m in list(self.watcher.heard) if m.topic.startswith(f"{SEEN}/")]


def documented_automations() -> list[dict[str, Any]]:
    """Automations as they are documented, telling the broker instead of phones and lamps."""
    text = (ROOT / "docs" / "home-assistant.md").read_text()
    found = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    automations = [block for block in found if "alias" in block]
    for number, automation in enumerate(automations):
        name = automation["alias"].lower().replace(" ", "_")
        (action,) = automation["actions"]
        message = action.get("data", {}).get("message", action["action"])
        told = {"topic": f"{SEEN}/{name}", "payload": message, "qos": 1}
        automation["actions"] = [{"action": "mqtt.publish", "data": told}]
        automation["id"] = str(number)
    return automations


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Everything, running."""
    folder = tmp_path_factory.mktemp("home")
    kept = folder / "broker"
    settings = f"allow_anonymous true\npersistence true\npersistence_location {kept}/\n"
    broker = Broker(kept, settings=settings)
    broker.start()
    source = LoudSource(folder / "source")
    aed = DaemonProcess(folder / "aed", settings_of(folder, broker, source))
    root = home_assistant_root()
    assert root is not None
    assistant = HomeAssistant(
        root,
        folder / "assistant",
        broker_port=broker.port,
        automations=documented_automations(),
    )
    watcher = Subscriber(broker.port, topics=("aed/#", "homeassistant/#", f"{SEEN}/#"))
    notes = [f"Home Assistant {installed_version(root)}, {datetime.now(UTC):%Y-%m-%d}"]
    try:
        aed.start()
        assistant.start()
        notes.append(f"{assistant.start_took_s:.1f} s until Home Assistant runs")
        yield Home(
            broker=broker,
            source=source,
            aed=aed,
            assistant=assistant,
            watcher=watcher,
            notes=notes,
        )
        NOTES.parent.mkdir(exist_ok=True)
        NOTES.write_text("\n".join([*notes, ""]))
    finally:
        assistant.kill()
        aed.kill()
        watcher.close()
        broker.stop()


def settings_of(folder: Path, broker: Broker, source: LoudSource) -> dict[str, Any]:
    """Settings of the daemon of the home."""
    return {
        "node": "hall",
        "mqtt": {"host": HOST, "port": broker.port},
        "bundle": str(write_loudness_bundle(folder / "loudness")),
        "sources": [source.settings()],
        "thresholds": {"smoke_alarm": {"hold_s": HOLD_S}},
    }
