"""Sources of sound: each a child process that writes PCM, watched and restarted.

One restart path for all: no bytes for a while, exit, or nonsense, and the child is ended and
started again after a capped, jittered wait. PortAudio can hang or spin when a device is unplugged,
and only a process can be killed.
"""

import logging
import random
from collections.abc import Sequence
from enum import StrEnum

from aed.audio import AudioChunk
from daemon.backoff import Backoff
from daemon.byte_rate import SETTLE_S, WINDOW_S, ByteRate
from daemon.child import LEAVE_S, ChildProcess
from daemon.clocks import Clock
from daemon.floor import FAR_DB, SILENT_MINUTES, LearnedFloor
from daemon.pcm import PcmError, PcmReader
from daemon.rtsp import without_user
from daemon.settings import FileSettings, SourceSettings
from daemon.silence import SILENT_S, Silence
from daemon.source_kinds import announced_format, arguments_of

_logger = logging.getLogger(__name__)

STALL_S = 5.0
"""A child that was writing and then writes nothing for so long is stalled."""

START_S = 15.0
"""A child gets so long for its first bytes: starting Python takes seconds on a small machine."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 7.0
"""Restarts: a device that is plugged in again is heard within ten seconds."""

STEADY_S = SETTLE_S + WINDOW_S + 5.0
"""After so long without trouble, a wrong rate included, the waits begin small again."""

SAY_AGAIN_S = 60.0
"""The same trouble is worth one line a minute."""

_PROBE_BYTES = 4096


class SourceState(StrEnum):
    """What is published about a source; the words are a contract."""

    ONLINE = "online"
    """It is being heard."""
    SILENT = "silent"
    """It delivers samples that hold no sound: muted, or dead."""
    STALLED = "stalled"
    """Its process lives and delivers nothing."""
    OFFLINE = "offline"
    """There is no process that delivers."""


class Source:
    """One source: keeps its child running, gives what it hears."""

    def __init__(
        self,
        settings: SourceSettings,
        *,
        clock: Clock,
        rng: random.Random,
        floor: LearnedFloor | None = None,
    ) -> None:
        """Prepare; the first `tick` starts the child.

        Args:
            settings: what to listen to.
            clock: for timeouts and waits.
            rng: jitter of the waits.
            floor: how quiet it has been so far; None for what is not live.
        """
        self._floor = None if isinstance(settings, FileSettings) else floor
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, rng=rng)
        self.state = SourceState.OFFLINE
        self.reason = "not started yet"
        # The child that runs and its reader; when it was started, and last gave bytes.
        self._child: ChildProcess | None = None
        self._reader = self._new_reader()
        self._byte_rate, self._silence = ByteRate(), Silence()
        self._started_s = 0.0
        self._heard_s: float | None = None
        # When to start the next child; None when there is nothing more to hear.
        self._next_start_s: float | None = clock.boottime_s()
        self._last_said: tuple[str, float] | None = None
        self._is_cut = False

    def fileno(self) -> int | None:
        """Descriptor to wait for, None while no child runs."""
        return None if self._child is None else self._child.fileno()

    @property
    def is_finished(self) -> bool:
        """Whether this was a recording that has been heard to its end."""
        return self._child is None and self._next_start_s is None

    def tick(self) -> None:
        """Start the child when it is due; end it when it is stalled."""
        now_s = self._clock.boottime_s()
        if self._child is None:
            if self._next_start_s is not None and now_s >= self._next_start_s:
                self._start()
            return
        self._say_messages(self._child.read_messages())
        if self._heard_s is None:
            if now_s - self._started_s > START_S:
                self._stop(SourceState.OFFLINE, f"no sound within {START_S:.0f} s of its start")
        elif now_s - self._heard_s > STALL_S:
            self._stop(SourceState.STALLED, f"no sound for {STALL_S:.0f} s")
        elif now_s - self._started_s > STEADY_S:
            self._backoff.succeed()

    def read(self) -> AudioChunk | None:
        """Take what has been heard since the last call, at most a second of it; never blocks."""
        if self._child is None:
            return None
        pcm_format = self._reader.format
        max_bytes = _PROBE_BYTES if pcm_format is None else pcm_format.bytes_per_s
        data = self._child.read(max_bytes)
        chunk = None
        if data:
            try:
                chunk = self._reader.feed(data)
            except PcmError as error:
                self._stop(SourceState.OFFLINE, str(error))
                return None
        if chunk is not None:
            self._note_heard(chunk)
            self._note_rate(chunk, is_caught_up=len(data) < max_bytes)
        if self._child is not None and self._child.has_ended:
            self._note_exit()
        return chunk

    def take_cut(self) -> bool:
        """Whether the stream has ended since the last call: what comes next is another stream."""
        is_cut, self._is_cut = self._is_cut, False
        return is_cut

    def close(self, *, leave_s: float = LEAVE_S) -> None:
        """End the child for good.

        Args:
            leave_s: what the child gets to end by itself before it is killed.
        """
        if self._child is not None:
            self._child.end(leave_s=leave_s)
            self._child = None
        self._next_start_s = None
        self.state = SourceState.OFFLINE
        self.reason = "stopped"

    def _new_reader(self) -> PcmReader:
        settings = self._settings
        channel = None if isinstance(settings, FileSettings) else settings.channel
        return PcmReader(pcm_format=announced_format(settings), channel=channel)

    def _start(self) -> None:
        self._reader = self._new_reader()
        self._byte_rate, self._silence = ByteRate(), Silence()
        self._started_s = self._clock.boottime_s()
        self._heard_s = None
        try:
            self._child = ChildProcess(arguments_of(self._settings))
        except (OSError, ValueError) as error:
            self._wait(SourceState.OFFLINE, f"cannot be started: {error}")

    def _note_heard(self, chunk: AudioChunk) -> None:
        self._heard_s = self._clock.boottime_s()
        before = self.state
        floor = self._floor
        if floor is not None:
            floor.note(chunk)
        if self._silence.note(chunk):
            self.state = SourceState.SILENT
            self.reason = f"the same number for {SILENT_S:.0f} s: it is muted, or dead"
        elif floor is not None and floor.is_far_below:
            self.state = SourceState.SILENT
            self.reason = (
                f"for {SILENT_MINUTES} minutes more than {FAR_DB:.0f} dB quieter than it ever was "
                f"in a quiet minute: it is turned down, covered, or dead"
            )
        else:
            self.state, self.reason = SourceState.ONLINE, ""
        if self.state is before:
            return
        pcm_format = self._reader.format
        if self.state is SourceState.SILENT:
            self._warn("still listening")
        elif before is SourceState.SILENT:
            _logger.info("source %s: there is sound again", self.name)
        elif pcm_format is not None:
            self._last_said = None
            _logger.info(
                "source %s: listening to %s at %d Hz, %d channel(s)",
                self.name,
                pcm_format.device,
                pcm_format.sample_rate_hz,
                pcm_format.channels,
            )

    def _note_rate(self, chunk: AudioChunk, *, is_caught_up: bool) -> None:
        if isinstance(self._settings, FileSettings):
            return  # its pace is our own
        ratio = self._byte_rate.note(
            len(chunk.samples) / chunk.sample_rate_hz,
            now_s=self._clock.boottime_s(),
            is_caught_up=is_caught_up,
        )
        if ratio is not None:
            rate_hz = chunk.sample_rate_hz
            self._stop(
                SourceState.OFFLINE,
                f"wanted {rate_hz} samples a second, found about {ratio * rate_hz:.0f}: its rate "
                f"is another one, or sound is being lost",
            )

    def _note_exit(self) -> None:
        child = self._child
        assert child is not None  # noqa: S101 - called from read
        messages = child.read_messages()
        self._say_messages(messages[:-1])
        exit_code = child.end()
        if exit_code == 0 and isinstance(self._settings, FileSettings):
            self._child = None
            self._is_cut = True
            self._next_start_s = None
            self.state, self.reason = SourceState.OFFLINE, "the recording has ended"
            _logger.info("source %s: %s", self.name, self.reason)
            return
        ended = f"its process ended with exit code {exit_code}"
        words = without_user(child.last_words) or ended
        self._stop(SourceState.OFFLINE, words)

    def _say_messages(self, messages: Sequence[str]) -> None:
        for message in messages:
            _logger.info("source %s: %s", self.name, without_user(message))

    def _stop(self, state: SourceState, reason: str) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None
        self._is_cut = self._is_cut or self._heard_s is not None
        self._wait(state, reason)

    def _wait(self, state: SourceState, reason: str) -> None:
        """Note why nothing is heard, and when to try again."""
        self.state, self.reason = state, reason
        now_s = self._clock.boottime_s()
        self._next_start_s = now_s + self._backoff.next_wait_s()
        self._warn("trying again")

    def _warn(self, what_now: str) -> None:
        """Say what is wrong, the same once a minute."""
        said, now_s = self._last_said, self._clock.boottime_s()
        if said is None or said[0] != self.reason or now_s - said[1] >= SAY_AGAIN_S:
            self._last_said = (self.reason, now_s)
            _logger.warning("source %s is %s: %s; %s", self.name, self.state, self.reason, what_now)
