"""Listens to every source for a moment, all at once, by the same means as the daemon."""

import math
import random
import re
import select
from collections.abc import Sequence

import numpy as np

from aed.audio import AudioChunk
from daemon.checks.finding import Finding, Verdict
from daemon.clocks import Clock
from daemon.settings.models import SourceSettings
from daemon.sources.kinds import is_live
from daemon.sources.source import START_S, Source

LISTEN_S = 2.0
"""So much sound of each is listened to."""

LIMIT_S = START_S + LISTEN_S + 3.0
"""After so long a source is given up, whatever it does."""

QUIET_DBFS = -80.0
"""Below it even a quiet room is suspiciously quiet."""

_TURN_S = 0.25
_BUSY = re.compile(r"busy|-9985|device unavailable", re.IGNORECASE)
_REMEDIES = (
    (r"apt-get install", ""),
    (
        r"nothing at all",
        "plug it in; if `sudo arecord -l` lists it, this user may not use it (group audio)",
    ),
    (r"no device is named|several devices", "put a name that `aed devices` prints into `device`"),
    (r"cannot be started.*No such file", "install the program, or put its whole path there"),
    (r"401|403|nauthorized|orbidden", "check the user and password in the camera's url"),
    (r"404|Not Found", "check the path in the camera's url"),
    (
        r"matches no streams",
        "the camera sends no sound: turn its microphone on in its own settings",
    ),
    (r"refused|timed out|No route|resolve|Network is unreach", "check the camera's host and port"),
    (r"Permission denied", "run this with sudo, or add the user to the group audio"),
    (r"", "run the source's program by hand to see more"),
)
"""What a source says, and what to do then; the first that fits."""


def listen_to(
    sources: Sequence[SourceSettings], *, clock: Clock, is_daemon_running: bool
) -> list[Finding]:
    """Find out of each source whether it can be opened, and whether sound comes.

    Args:
        sources: what to listen to.
        clock: for the limits.
        is_daemon_running: whether a daemon is listening to the same sources now, so that one that
            is in use is no fault.

    Returns:
        A finding for each, in their order.
    """
    visits = [_Visit(settings, clock=clock) for settings in sources]
    deadline_s = clock.boottime_s() + LIMIT_S
    try:
        while (open_ones := [v for v in visits if not v.is_over]) and (
            clock.boottime_s() < deadline_s
        ):
            for visit in open_ones:
                visit.turn()
            _wait([visit for visit in open_ones if not visit.is_over])
    finally:
        for visit in visits:
            visit.close()
    return [visit.finding(is_daemon_running=is_daemon_running) for visit in visits]


def _wait(visits: "Sequence[_Visit]") -> None:
    poller = select.poll()
    for visit in visits:
        if (descriptor := visit.fileno()) is not None:
            poller.register(descriptor, select.POLLIN)
    poller.poll(_TURN_S * 1000)


class _Visit:
    """Follows one source until it has been heard long enough, or has failed."""

    def __init__(self, settings: SourceSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._source = Source(settings, clock=clock, rng=random.Random(0))  # noqa: S311 - jitter
        self._began_s = clock.boottime_s()
        self.is_over = False
        self._took_s = LIMIT_S
        self._failure: str | None = f"no sound within {LIMIT_S:.0f} s"
        # What was heard: its first frame, rate, power, peak, and whether every frame was the same.
        self._first: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None
        self._rate_hz = 0
        self._power = 0.0
        self._num_samples = 0
        self._peak = 0.0
        self._is_constant = True

    def fileno(self) -> int | None:
        return self._source.fileno()

    def turn(self) -> None:
        """Take what has come."""
        source = self._source
        chunk = source.read()
        if chunk is not None and len(chunk.samples):
            self._note(chunk)
        source.tick()
        if source.total_heard_s >= LISTEN_S or (source.is_finished and self._num_samples):
            self._end(None)
        elif source.fileno() is None:
            self._end(source.reason)

    def close(self) -> None:
        self._source.close()

    def finding(self, *, is_daemon_running: bool) -> Finding:
        verdict, found, remedy = Verdict.FAILED, "", ""
        faults: tuple[str, ...] = (self._failure or "",)
        if self._failure is None:
            if self._is_constant and is_live(self._settings):
                faults = ("it delivers the same number all the time: it is muted, or dead",)
                remedy = "unmute it: `alsamixer` (F6 the card, F4 capture), or its own switch"
            else:
                verdict, found, faults = Verdict.OK, self._described(), ()
        elif _BUSY.search(self._failure) and is_daemon_running:
            verdict, faults = Verdict.SKIPPED, ()
            found = "in use, as it should be: an aed is running here and listens to it"
        elif _BUSY.search(self._failure):
            remedy = "another program uses it: `fuser -v /dev/snd/*` names it"
        else:
            remedy = next(text for words, text in _REMEDIES if re.search(words, self._failure))
        return Finding(
            stage="source",
            source=self._settings.name,
            verdict=verdict,
            found=found,
            faults=faults,
            remedy=remedy,
            took_s=self._took_s,
        )

    def _end(self, failure: str | None) -> None:
        self.is_over, self._failure = True, failure
        self._took_s = self._clock.boottime_s() - self._began_s
        self._source.close()

    def _note(self, chunk: AudioChunk) -> None:
        samples = chunk.samples  # (S,) or (S, C)
        if self._first is None:
            self._first = samples[:1].copy()
        self._rate_hz = chunk.sample_rate_hz
        self._is_constant = self._is_constant and bool((samples == self._first).all())
        self._power += float(np.sum(np.square(samples, dtype=np.float64)))
        self._num_samples += samples.size
        self._peak = max(self._peak, float(np.abs(samples).max()))

    def _described(self) -> str:
        level_dbfs = _decibels(math.sqrt(self._power / self._num_samples))
        text = f"{self._source.total_heard_s:.1f} s of sound at {self._rate_hz} Hz"
        if level_dbfs is None:
            return f"{text}, digital silence"
        text = f"{text}, level {level_dbfs:.0f} dBFS, loudest {_decibels(self._peak):.0f} dBFS"
        if level_dbfs < QUIET_DBFS:
            return f"{text}: very quiet; is it turned down, or covered?"
        if self._peak >= 1.0 - 2.0**-15:
            return f"{text}: at the end of its scale; turn it down if the room is quiet now"
        return text


def _decibels(amplitude: float) -> float | None:
    """Level in dB relative to full scale; None for nothing at all."""
    return 20.0 * math.log10(amplitude) if amplitude > 0.0 else None
