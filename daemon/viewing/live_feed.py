"""What the ears hear, as lines of JSON for whoever watches at the control socket.

Nothing is made of it while nobody watches: a glance keeps its second anyway.

Axes: N ontology nodes, F mel bands.
"""

import base64
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import POSTERIOR_HOP_S, SILENCE_DBFS
from daemon.clocks import Clock, rfc3339
from daemon.ears.ear import Ear
from daemon.mqtt.payloads import to_json
from daemon.outbox.reports import Report
from daemon.requests.glance import Frame, Glance
from daemon.sources.source import Source

COLUMNS_PER_FRAME = 2
"""Columns of the spectrogram for each posterior frame: 50 ms each, the pulses of alarms show."""

LOWEST_LOG_MEL = -15.0
MOST_REPORTS = 50

STEPS_PER_LOG_MEL = 10.0
"""A byte of the spectrogram counts tenths of the natural log of mel power from `LOWEST_LOG_MEL`."""


class LiveFeed:
    """Says what is new since it was asked last."""

    def __init__(self, ears: Sequence[tuple[Source, Ear]], *, clock: Clock) -> None:
        """Take the ears.

        Args:
            ears: each source with the ear that hears it.
            clock: for when it was heard.
        """
        self._ears = tuple(ears)
        self._clock = clock
        self._is_wanted = False
        self._reports: deque[Report] = deque(maxlen=MOST_REPORTS)
        # Number of the last frame that was told, with the glance that counts it, by source.
        self._told: dict[str, tuple[Glance, int]] = {}

    def follow(self, ears: Sequence[tuple[Source, Ear]]) -> None:
        """Go on with other ears."""
        self._ears = tuple(ears)

    def subscribe(self) -> None:
        """Whoever is being answered wants to watch."""
        self._is_wanted = True
        self._reports.clear()

    def note(self, reports: Sequence[Report]) -> None:
        """Take what is reported; while nobody watches the latest take the place of the others."""
        self._reports.extend(report for report in reports if report.kind == "event")

    def take_subscription(self) -> bool:
        """Whether the one who was just answered wants to watch."""
        is_wanted, self._is_wanted = self._is_wanted, False
        return is_wanted

    def news(self) -> bytes:
        """What is new since the last call, a line each: reports, and at most a second of frames."""
        lines = [b'{"event":' + report.body + b"}\n" for report in self._reports]
        self._reports.clear()
        for source, ear in self._ears:
            glance, number = self._told.get(source.name, (ear.glance, 0))
            frames = ear.glance.after(number if glance is ear.glance else 0)
            if frames:
                self._told[source.name] = (ear.glance, frames[-1].number)
            began_s = self._clock.wall_s() - (len(frames) - 1) * POSTERIOR_HOP_S
            for place, frame in enumerate(frames):
                at_s = began_s + place * POSTERIOR_HOP_S
                lines.append(to_json(_told(source.name, frame, at_s)) + b"\n")
        return b"".join(lines)


def _told(source: str, frame: Frame, at_s: float) -> dict[str, object]:
    posteriors = np.nan_to_num(frame.posteriors) * 1e4  # (N,)
    level_dbfs = float(np.nan_to_num(frame.level_dbfs, nan=SILENCE_DBFS, neginf=SILENCE_DBFS))
    return {
        "source": source,
        "frame": frame.number,
        "at": rfc3339(at_s),
        "level_dbfs": round(level_dbfs, 1),
        "posteriors": np.rint(posteriors).astype(int).tolist(),
        "log_mel": base64.b64encode(_columns(frame.log_mel)).decode(),
    }


def _columns(log_mel: NDArray[np.float32]) -> bytes:
    """Columns of F bytes each, low frequencies first."""
    columns = np.nan_to_num(log_mel).reshape(COLUMNS_PER_FRAME, -1, log_mel.shape[-1]).mean(axis=1)
    steps = (columns - LOWEST_LOG_MEL) * STEPS_PER_LOG_MEL
    columns_of_bytes: NDArray[np.uint8] = np.clip(steps, 0, 255).astype(np.uint8)
    return columns_of_bytes.tobytes()
