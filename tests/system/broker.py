"""A real Mosquitto, and a subscriber that notes everything."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

HOST = "127.0.0.1"

_Found = TypeVar("_Found")


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Broker:
    """Mosquitto on a port of its own; can be stopped and started again."""

    def __init__(self, folder: Path, *, settings: str = "allow_anonymous true\n") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        if os.geteuid() == 0:
            settings += "user root\n"  # else it becomes a user who may not use our folders
        self._config.write_text(f"listener {self.port} {HOST}\n{settings}")
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        program = shutil.which("mosquitto", path=search)
        assert program is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self._config)], stdout=log, stderr=log
            )
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            assert self._process.poll() is None, self._log.read_text()
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """End it; it forgets everything unless its settings ask for persistence."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as the subscriber got it."""

    topic: str
    payload: bytes
    is_retained: bool
    at_s: float
    """Monotonic time of its arrival."""


class Subscriber:
    """Notes every message below `aed/`, or of other topics, in the order of arrival."""

    def __init__(
        self, port: int, *, session: str | None = None, topics: tuple[str, ...] = ("aed/#",)
    ) -> None:
        """Connect and subscribe.

        Args:
            port: of the broker.
            session: name of a lasting session, for which a broker with persistence keeps messages
                while the subscriber is away; None for none.
            topics: filters of what to note.
        """
        self.heard: list[Heard] = []
        self._is_subscribed = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=session or "", clean_session=session is None
        )
        self._client.reconnect_delay_set(1, 1)
        filters = [(topic, 1) for topic in topics]
        self._client.on_connect = lambda client, *_: client.subscribe(filters)
        self._client.on_subscribe = self._note_subscribed
        self._client.on_message = self._note
        self._client.connect(HOST, port)
        self._client.loop_start()
        self.wait_until(lambda: self._is_subscribed, "subscribed")

    def close(self) -> None:
        """Leave the broker and free the sockets."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_subscribe = self._client.on_message = None

    def topic(self, topic: str) -> list[bytes]:
        """Payloads on one topic."""
        return [message.payload for message in list(self.heard) if message.topic == topic]

    def wait_for(
        self, topic: str, payload: bytes, timeout_s: float = 15.0, *, since: int = 0
    ) -> Heard:
        """Wait for a message; returns the latest such.

        Args:
            topic: its topic.
            payload: its payload.
            timeout_s: how long to wait at most.
            since: how many of the messages in `heard` came before, and do not count.
        """

        def found() -> Heard | None:
            late = self.heard[since:]
            matches = [m for m in late if (m.topic, m.payload) == (topic, payload)]
            return matches[-1] if matches else None

        return self.wait_until(found, f"{topic} {payload!r}", timeout_s)

    def wait_until(
        self, condition: Callable[[], _Found | None], what: str, timeout_s: float = 15.0
    ) -> _Found:
        """Wait until something is true; returns it."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        seen = "\n".join(f"{m.topic} {m.payload!r}" for m in self.heard)
        raise AssertionError(f"not seen: {what}; seen:\n{seen}")

    def _note_subscribed(self, *_: Any) -> None:  # noqa: ANN401 - paho's arguments
        self._is_subscribed = True

    def _note(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append(
            Heard(
                topic=message.topic,
                payload=bytes(message.payload),
                is_retained=message.retain,
                at_s=time.monotonic(),
            )
        )
