"""A real PortAudio microphone, unplugged and plugged in again, again and again."""

import functools
import time
from dataclasses import dataclass
from pathlib import Path

from daemon.mqtt.topics import ONLINE, Topics
from tests.soak.recovery import Spread, spread
from tests.system.broker import HOST, Broker, Heard, Subscriber
from tests.system.daemon_process import DaemonProcess
from tests.system.virtual_microphone import VirtualMicrophone

NODE = "test"
AWAY_S = 3.0
_LOST = (b"offline", b"stalled")
_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpluggingReport:
    """How long the daemon took to notice.

    Attributes:
        lost_said: from the loss of the device until its source is said to be gone.
        back: from its return until it is said to be heard again.
    """

    lost_said: Spread
    back: Spread


def unplug(folder: Path, *, bundle: Path, rounds: int) -> UnpluggingReport:
    """Take the microphone away so often, and give it back.

    Args:
        folder: for settings, logs and databases.
        bundle: what to hear with.
        rounds: how often.
    """
    microphone = VirtualMicrophone()
    microphone.start()
    broker = Broker(folder / "broker")
    broker.start()
    subscriber = Subscriber(broker.port)
    daemon = DaemonProcess(
        folder / "daemon",
        {
            "node": NODE,
            "bundle": str(bundle),
            "mqtt": {"host": HOST, "port": broker.port},
            "sources": [{"kind": "microphone", "name": "mic", "device": "pulse"}],
        },
        environment=microphone.environment,
    )
    topic = Topics(node=NODE).source_status("mic")
    lost_s: list[float] = []
    back_s: list[float] = []
    try:
        daemon.start()
        subscriber.wait_for(topic, ONLINE, _LONGEST_S)
        for _ in range(rounds):
            since, begin_s = len(subscriber.heard), time.monotonic()
            microphone.stop()
            lost = subscriber.wait_until(
                functools.partial(_loss, subscriber, topic, since), "the loss", _LONGEST_S
            )
            lost_s.append(lost.at_s - begin_s)
            time.sleep(AWAY_S)
            since = len(subscriber.heard)
            microphone.start()
            begin_s = time.monotonic()
            back = subscriber.wait_for(topic, ONLINE, _LONGEST_S, since=since)
            back_s.append(back.at_s - begin_s)
    finally:
        daemon.kill()
        subscriber.close()
        broker.stop()
        microphone.close()
    return UnpluggingReport(lost_said=spread(lost_s), back=spread(back_s))


def _loss(subscriber: Subscriber, topic: str, since: int) -> Heard | None:
    late = subscriber.heard[since:]
    return next((each for each in late if each.topic == topic and each.payload in _LOST), None)
