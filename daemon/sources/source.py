"""Sources of sound: each a child process that writes PCM, watched and restarted.

One restart path for all: no bytes for a while, exit, or nonsense, and the child is ended and
started again after a capped, jittered wait. PortAudio can hang or spin when a device is unplugged,
and only a process can be killed.
"""

import logging
import random
from collections.abc import Sequence

from aed.audio import AudioChunk
from daemon.backoff import Backoff
from daemon.clocks import Clock
from daemon.redaction import without_secrets
from daemon.settings.models import SourceSettings
from daemon.sources.backlog import Backlog
from daemon.sources.byte_rate import SETTLE_S, WINDOW_S, ByteRate
from daemon.sources.child import LEAVE_S, ChildProcess
from daemon.sources.floor import FAR_DB, SILENT_MINUTES, LearnedFloor
from daemon.sources.kinds import arguments_of, is_live, reader_of
from daemon.sources.pcm import PcmError
from daemon.sources.silence import SILENT_S, Silence
from daemon.sources.state import SourceState

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
        self._floor = floor if is_live(settings) else None
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, rng=rng)
        self.state, self.reason = SourceState.OFFLINE, "not started yet"
        # The child that runs and its reader; when it was started, and last gave bytes.
        self._child: ChildProcess | None = None
        self._reader = reader_of(settings)
        self._byte_rate, self._silence = ByteRate(), Silence()
        self.backlog = Backlog(settings.name, clock=clock)
        self._started_s = 0.0
        self._heard_s: float | None = None
        # Over all children: how many were started, and the sound that was given.
        self._num_starts = 0
        self.total_heard_s = 0.0
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

    @property
    def num_restarts(self) -> int:
        """How often its child had to be started again."""
        return max(0, self._num_starts - 1)

    @property
    def is_beginning(self) -> bool:
        """Whether its first child has not had the time to deliver."""
        return self._num_starts <= 1 and self._child is not None and self._heard_s is None

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
        """Take what has been heard since the last call, at most a second of it; never blocks.

        Of a live source that is hopelessly behind, all that waits is dropped, and nothing given.
        """
        if self._child is None:
            return None
        pcm_format = self._reader.format
        self._byte_rate.turn(self._clock.boottime_s())
        if self._is_hopeless(self._child):
            self._drop(self._child)
            return None
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
            self.total_heard_s += chunk.duration_s
            self.backlog.note_read(chunk.duration_s)
        if self._child is not None and self._child.has_ended:
            self._note_exit(self._child)
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
        self.state, self.reason = SourceState.OFFLINE, "stopped"

    def _is_hopeless(self, child: ChildProcess) -> bool:
        pcm_format = self._reader.format
        if pcm_format is None or not is_live(self._settings):
            return False
        room_s = child.room_bytes / pcm_format.bytes_per_s
        return self.backlog.is_hopeless(child.waiting_bytes / pcm_format.bytes_per_s, room_s=room_s)

    def _drop(self, child: ChildProcess) -> None:
        """Give up what waits: the oldest, and as much as brings us back to the present."""
        chunk = self._reader.feed(child.read(child.waiting_bytes))
        if chunk is not None:
            self.backlog.note_dropped(chunk.duration_s)
            self._is_cut = True
            self._note_heard(chunk)
            self._note_rate(chunk, is_caught_up=True)

    def _start(self) -> None:
        self._num_starts += 1
        self._reader = reader_of(self._settings)
        self._byte_rate, self._silence = ByteRate(), Silence()
        self.backlog.begin_stream()
        self._started_s, self._heard_s = self._clock.boottime_s(), None
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
            _logger.info("source %s: listening to %s", self.name, pcm_format)

    def _note_rate(self, chunk: AudioChunk, *, is_caught_up: bool) -> None:
        if not is_live(self._settings):
            return  # its pace is our own
        ratio = self._byte_rate.note(
            chunk.duration_s, now_s=self._clock.boottime_s(), is_caught_up=is_caught_up
        )
        if ratio is not None:
            rate_hz = chunk.sample_rate_hz
            self._stop(
                SourceState.OFFLINE,
                f"wanted {rate_hz} samples a second, found about {ratio * rate_hz:.0f}: its rate "
                f"is another one, or sound is being lost",
            )

    def _note_exit(self, child: ChildProcess) -> None:
        messages = child.read_messages()
        self._say_messages(messages[:-1])
        exit_code = child.end()
        if exit_code == 0 and not is_live(self._settings):
            self._child = None
            self._is_cut = True
            self._next_start_s = None
            self.state, self.reason = SourceState.OFFLINE, "the recording has ended"
            _logger.info("source %s: %s", self.name, self.reason)
            return
        ended = f"its process ended with exit code {exit_code}"
        words = without_secrets(child.last_words) or ended
        self._stop(SourceState.OFFLINE, words)

    def _say_messages(self, messages: Sequence[str]) -> None:
        for message in messages:
            _logger.info("source %s: %s", self.name, without_secrets(message))

    def _stop(self, state: SourceState, reason: str) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None
        self._is_cut = self._is_cut or self._heard_s is not None
        self._wait(state, reason)

    def _wait(self, state: SourceState, reason: str) -> None:
        """Note why nothing is heard, and when to try again."""
        self.state, self.reason = state, reason
        self._next_start_s = self._clock.boottime_s() + self._backoff.next_wait_s()
        self._warn("trying again")

    def _warn(self, what_now: str) -> None:
        """Say what is wrong, the same once a minute."""
        said, now_s = self._last_said, self._clock.boottime_s()
        if said is None or said[0] != self.reason or now_s - said[1] >= SAY_AGAIN_S:
            self._last_said = (self.reason, now_s)
            _logger.warning("source %s is %s: %s; %s", self.name, self.state, self.reason, what_now)
