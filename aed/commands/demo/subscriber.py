"""The other end of the demonstration: an MQTT client in its own process, printing what it gets.

`python -m aed.commands.demo.subscriber --port PORT --node NODE --notes FILE` prints each alert as
it arrives, as any MQTT client would, and notes every message in FILE for the summary.
"""

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import TextIO

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.text import Text

from aed.commands.demo.messages import Message
from daemon.mqtt.topics import Topics

SUBSCRIBED = "subscribed"
"""Topic of the first line in FILE; no MQTT topic of ours."""


def main(arguments: list[str] | None = None) -> int:
    """Subscribe and print until the process is told to end (SIGTERM) or the broker leaves."""
    parser = argparse.ArgumentParser(prog="python -m aed.commands.demo.subscriber")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--notes", type=Path, required=True)
    options = parser.parse_args(arguments)
    topics = Topics(node=options.node)
    with options.notes.open("a", encoding="utf-8", buffering=1) as notes:
        subscriber = Subscriber(topics, notes, Console(highlight=False))
        subscriber.listen(options.port)
    return 0


class Subscriber:
    """Notes every message of a node and prints its alerts."""

    def __init__(self, topics: Topics, notes: TextIO, console: Console) -> None:
        self._topics = topics
        self._notes = notes
        self._console = console

    def listen(self, port: int) -> None:
        """Connect to a broker on the loopback; returns when the connection is over for good."""
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect("127.0.0.1", port)
        client.loop_forever()

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        _reason: object,
        _properties: object,
    ) -> None:
        client.subscribe(f"{self._topics.root}/#", qos=1)

    def _on_subscribe(
        self, _client: paho.Client, _data: object, _mid: int, _reasons: object, _properties: object
    ) -> None:
        self._note(SUBSCRIBED, "")

    def _on_message(self, _client: paho.Client, _data: object, got: paho.MQTTMessage) -> None:
        message = self._note(got.topic, got.payload.decode())
        if message.topic in (self._topics.alert, self._topics.alert_late):
            self._console.print(describe(message, self._topics), soft_wrap=True)

    def _note(self, topic: str, payload: str) -> Message:
        message = Message(topic=topic, payload=payload, received_at_s=time.time())
        self._notes.write(message.to_line())
        return message


def describe(message: Message, topics: Topics) -> Text:
    """Put one alert into a line: time, path, score, pattern, delay.

    Args:
        message: from `alert` or `alert/late`.
        topics: of the node that published it.
    """
    fields = message.fields
    received = datetime.fromtimestamp(message.received_at_s).astimezone()
    began = datetime.fromisoformat(fields["started_at"])
    delay_s = (received - began).total_seconds()
    pattern = f"  {str(fields['pattern']).upper()}" if fields["pattern"] else ""
    return Text.assemble(
        ("  ALERT ", "bold white on red" if fields["critical"] else "bold black on yellow"),
        (f" {received:%H:%M:%S}.{received.microsecond // 100_000}  ", "dim"),
        (str(fields["path"]), "bold red" if fields["critical"] else "bold yellow"),
        f"  score {fields['score']:.2f}{pattern}  {delay_s:.1f} s after it began",
        " (late)" if message.topic == topics.alert_late else "",
    )


if __name__ == "__main__":
    raise SystemExit(main())
