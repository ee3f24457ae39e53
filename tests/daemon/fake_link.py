"""A broker that tests play by hand, and reports for it."""

import json

from daemon.mqtt.happenings import Acknowledged, Arrived, Connected, Happening, Lost, Retained
from daemon.mqtt.topics import Topics
from daemon.outbox.reports import Report

TOPICS = Topics(node="kitchen")


class FakeLink:
    """A broker that acknowledges when the test says so."""

    def __init__(self) -> None:
        self.is_connected = False
        self.num_reconnects = -1
        self.sent: list[tuple[str, bytes, bool]] = []
        self._mids: list[int] = []
        self._happenings: list[Happening] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        if not self.is_connected:
            return None
        self.sent.append((topic, payload, retain))
        self._mids.append(len(self.sent))
        return len(self.sent)

    def take_happenings(self) -> list[Happening]:
        happenings, self._happenings = self._happenings, []
        return happenings

    def connect(self) -> None:
        self.is_connected = True
        self.num_reconnects += 1
        self._happenings.append(Connected())

    def find_retained(self, topic: str, payload: bytes) -> None:
        self._happenings.append(Retained(topic=topic, payload=payload))

    def hear(self, topic: str, payload: bytes) -> None:
        self._happenings.append(Arrived(topic=topic, payload=payload))

    def lose(self) -> None:
        self.is_connected = False
        self._mids.clear()
        self._happenings.append(Lost())

    def acknowledge(self, number: int) -> None:
        self._happenings += [Acknowledged(mid=mid) for mid in self._mids[:number]]
        del self._mids[:number]

    def acknowledge_all(self) -> None:
        self.acknowledge(len(self._mids))

    def reports(self) -> list[tuple[str, dict[str, object]]]:
        return [(topic, json.loads(data)) for topic, data, retain in self.sent if not retain]

    def states(self) -> list[tuple[str, bytes]]:
        return [(topic, data) for topic, data, retain in self.sent if retain]


def alert(event_id: str, seq: int = 1) -> list[Report]:
    body = json.dumps({"event_id": event_id, "seq": seq, "published_at": None}).encode()
    fields = {"event_id": event_id, "seq": seq, "critical": True, "body": body}
    return [
        Report(kind="alert", **fields),  # type: ignore[arg-type]
        Report(kind="event", **fields),  # type: ignore[arg-type]
    ]
