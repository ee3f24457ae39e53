"""Real recordings through a microphone into `aed run`, and what a subscriber is told of them.

The transcript is printed and written to `build/real_recordings.txt`: what was played, what was
alerted, when, and what rightly was not.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import soundfile

from daemon.mqtt.topics import Topics
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.programme import RATE_HZ, Part, Programme, programme
from tests.system.virtual_microphone import VirtualMicrophone

TOPICS = Topics(node="test")
TRANSCRIPT = Path(__file__).parents[2] / "build" / "real_recordings.txt"

WANTED = {
    "smoke_alarm": "alarm",
    "glass_breaking": "breakage",
    "window_glass": "breakage",
}
"""Label -> node at or below which an alert about it should be, of half the recordings at least."""

HARMLESS = {"speech", "music", "dog", "dishes", "doorbell"}
"""Labels that must raise no critical alert."""

EARLY_S = 1.0
LATE_S = 3.0
"""How far before its onset and after its end an alert still belongs to a sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as the subscriber got it; times in seconds since the programme began."""

    path: str
    score: float
    pattern: str | None
    is_critical: bool
    started_s: float
    published_s: float

    def part_of(self, played: Programme) -> Part | None:
        """The sound that raised it: the latest that had begun, if it was not long over."""
        begun = [part for part in played.parts if part.onset_s - EARLY_S <= self.started_s]
        is_of_last = begun and self.started_s <= begun[-1].offset_s + LATE_S
        return begun[-1] if is_of_last else None

    def is_at_or_below(self, node: str) -> bool:
        return node in self.path.split("/")


def read_alerts(subscriber: Subscriber, began_s: float) -> list[Alert]:
    payloads: list[dict[str, Any]] = [json.loads(text) for text in subscriber.topic(TOPICS.alert)]
    return [
        Alert(
            path=payload["path"],
            score=payload["score"],
            pattern=payload["pattern"],
            is_critical=payload["critical"],
            started_s=_epoch_s(payload["started_at"]) - began_s,
            published_s=_epoch_s(payload["published_at"]) - began_s,
        )
        for payload in payloads
    ]


def transcript(played: Programme, alerts: list[Alert], model: str) -> str:
    lines = [f"model {model}; {played.remark}", ""]
    for part in played.parts:
        lines.append(f"{part.onset_s:6.1f} s  {part.label:<15} {Path(part.name).name}")
        told = [alert for alert in alerts if alert.part_of(played) is part]
        lines += [
            f"{alert.published_s:6.1f} s    alert {alert.path} {alert.score:.2f}"
            f"{' ' + alert.pattern if alert.pattern else ''}"
            f"{' CRITICAL' if alert.is_critical else ''}"
            f", {alert.published_s - part.onset_s:.1f} s after the onset"
            for alert in told
        ] or ["            nothing"]
    stray = [alert for alert in alerts if alert.part_of(played) is None]
    lines += [f"{alert.published_s:6.1f} s  alert out of nothing: {alert.path}" for alert in stray]
    return "\n".join(lines) + "\n"


@pytest.mark.mosquitto
@pytest.mark.portaudio
@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_sounds_in_the_room_is_told_and_what_is_harmless_is_not_alarmed_about(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    microphone: VirtualMicrophone,
    tmp_path: Path,
) -> None:
    played = programme()
    wav = tmp_path / "programme.wav"
    soundfile.write(wav, played.samples, RATE_HZ)
    start_daemon(
        bundle=None,
        sources=[{"kind": "microphone", "name": "mic", "device": "pulse"}],
        environment=microphone.environment,
    )
    subscriber.wait_for(TOPICS.hearing, b"online")
    began_s = time.time()
    player = microphone.play(wav)
    try:
        assert player.wait(len(played.samples) / RATE_HZ + 60) == 0
        time.sleep(LATE_S)
    finally:
        player.kill()
        player.wait()

    alerts = read_alerts(subscriber, began_s)
    model = json.loads(subscriber.topic(TOPICS.info)[0])["model"]
    text = transcript(played, alerts, model)
    TRANSCRIPT.parent.mkdir(exist_ok=True)
    TRANSCRIPT.write_text(text)
    print(f"\n{text}")
    for label in {part.label for part in played.parts} & set(WANTED):
        told = [
            any(
                alert.part_of(played) is part and alert.is_at_or_below(WANTED[label])
                for alert in alerts
            )
            for part in played.parts
            if part.label == label
        ]
        assert sum(told) >= len(told) / 2, f"{label}: {told}\n{text}"
    false_alarms = [
        alert
        for alert in alerts
        if alert.is_critical and ((part := alert.part_of(played)) is None or part.label in HARMLESS)
    ]
    assert false_alarms == [], text


def _epoch_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
