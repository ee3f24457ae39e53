"""How the daemon is, on the topic `health`: each minute, and at once when that has changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from aed.bundle import Bundle
from daemon.clocks import Clock, rfc3339
from daemon.ears.ear import Ear
from daemon.health.heartbeat import Heartbeat
from daemon.health.meter import FRESH_S
from daemon.health.self_check import SelfCheck
from daemon.mqtt.payloads import HealthPayload, SelfTestHealth, SourceHealth
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.topics import Topics
from daemon.redaction import without_secrets
from daemon.sources.source import Source
from daemon.sources.state import SourceState

EVERY_S = 60.0

_REASON_CHARACTERS = 300


class Connection(Protocol):
    """What is told of `daemon.mqtt.link.MqttLink`."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker hears us."""

    @property
    def num_reconnects(self) -> int:
        """How often the broker accepted us again."""


class Trouble(Protocol):
    """Another part that may be in trouble."""

    @property
    def problem(self) -> str | None:
        """What is wrong with it, as a sentence."""


class Health:
    """Asks every part how it is, and publishes what they say."""

    def __init__(
        self,
        *,
        ears: Sequence[tuple[Source, Ear]],
        self_check: SelfCheck,
        heartbeat: Heartbeat | None,
        publisher: Publisher,
        link: Connection,
        topics: Topics,
        clock: Clock,
        troubles: Sequence[Trouble] = (),
    ) -> None:
        """Begin with nothing published.

        Args:
            ears: each source with the ear that hears it.
            self_check: tests the model.
            heartbeat: tells the web; None if the settings want none.
            publisher: publishes this, and is asked too.
            link: its connection.
            topics: where to publish.
            clock: for when.
            troubles: what else may have a problem.
        """
        self._troubles = tuple(troubles)
        self._ears = tuple(ears)
        self._self_check = self_check
        self._heartbeat = heartbeat
        self._publisher = publisher
        self._link = link
        self._topics = topics
        self._clock = clock
        self._started_s = clock.boottime_s()
        # What was published last of what is worth a message of its own, and when.
        self._news: tuple[str | None, SelfTestHealth | None] = (None, None)
        self._published_s: float | None = None

    def tick(self) -> None:
        """Look after self-test and heartbeat; publish when it is due."""
        self._self_check.tick()
        if self._heartbeat is not None:
            self._heartbeat.tick(is_hearing=self.is_hearing, is_connected=self._link.is_connected)
        news, now_s = (self.problem, self._self_check.health), self._clock.boottime_s()
        is_due = self._published_s is None or now_s - self._published_s >= EVERY_S
        if is_due or news != self._news:
            self._news, self._published_s = news, now_s
            self._publisher.retain(self._topics.health, self.payload().to_json())

    def follow(self, ears: Sequence[tuple[Source, Ear]], bundle: Bundle) -> None:
        """Watch over others from now on.

        Args:
            ears: each source with the ear that hears it.
            bundle: the model that hears; the self-test is due at once if it is another one.
        """
        self._ears = tuple(ears)
        self._self_check.follow(bundle)

    @property
    def must_restart(self) -> bool:
        """Whether the daemon is to end now, and be started again: whoever can hear why, has."""
        if not self._self_check.must_restart:
            return False
        is_told = self._link.is_connected and self._publisher.is_idle
        return is_told or self._self_check.is_restart_overdue

    def close(self) -> None:
        """End what is under way."""
        if self._heartbeat is not None:
            self._heartbeat.close()

    @property
    def is_hearing(self) -> bool:
        """Whether what a source gives goes through a model that is sound, now."""
        oldest_s = self._clock.boottime_s() - FRESH_S
        return self._self_check.problem is None and any(
            source.state is SourceState.ONLINE
            and not ear.meter.is_losing
            and ear.meter.finished_s is not None
            and ear.meter.finished_s >= oldest_s
            for source, ear in self._ears
        )

    @property
    def is_alive(self) -> bool:
        """Whether the sound of every source that gives some comes out of the model as numbers.

        A source that gives none is waited for, and known to be so: its state says it within
        seconds.
        """
        return not any(
            source.state in (SourceState.ONLINE, SourceState.SILENT) and ear.meter.is_stuck
            for source, ear in self._ears
        )

    @property
    def is_broker_connected(self) -> bool:
        """Whether the broker is there."""
        return self._link.is_connected

    @property
    def problem(self) -> str | None:
        """Everything that is wrong now, in sentences; None if nothing is."""
        sentences = [self._self_check.problem, self._publisher.problem]
        for source, ear in self._ears:
            if source.state is not SourceState.ONLINE and not source.is_beginning:
                reason = without_secrets(source.reason)[:_REASON_CHARACTERS]
                sentences.append(f"source {source.name} is {source.state}: {reason}")
            sentences.append(source.backlog.problem)
            if ear.meter.is_losing:
                sentences.append(
                    f"source {source.name}: the model gives no numbers, nothing is heard"
                )
        if self._heartbeat is not None:
            sentences.append(self._heartbeat.problem)
        sentences += [trouble.problem for trouble in self._troubles]
        return "; ".join(sentence for sentence in sentences if sentence is not None) or None

    def payload(self) -> HealthPayload:
        """What there is to say now."""
        meters = [ear.meter for _, ear in self._ears]
        heard_s = sum(meter.heard_s for meter in meters)
        took_s = sum(meter.took_s for meter in meters)
        longest_s_per_s = max(meter.longest_s_per_s for meter in meters)
        rows, num_bytes = self._publisher.size() or (None, None)
        return HealthPayload(
            at=rfc3339(self._clock.wall_s()),
            uptime_s=round(self._clock.boottime_s() - self._started_s, 1),
            problem=self.problem,
            sources={source.name: _health_of(source, ear) for source, ear in self._ears},
            inference_mean_ms_per_s=round(1000 * took_s / heard_s, 2) if heard_s else None,
            inference_max_ms_per_s=round(1000 * longest_s_per_s, 2) if heard_s else None,
            outbox_rows=rows,
            outbox_bytes=num_bytes,
            unsaved_reports=self._publisher.num_unsaved,
            broker_reconnects=self._link.num_reconnects,
            memory_mb=_memory_mb(),
            self_test=self._self_check.health,
            heartbeat=None if self._heartbeat is None else self._heartbeat.health,
        )


def _health_of(source: Source, ear: Ear) -> SourceHealth:
    level_dbfs = ear.meter.level_dbfs
    return SourceHealth(
        state=source.state,
        reason=without_secrets(source.reason)[:_REASON_CHARACTERS],
        heard_s=round(source.total_heard_s, 1),
        level_dbfs=None if level_dbfs is None else round(level_dbfs, 1),
        lag_s=round(source.backlog.lag_s, 2),
        dropped_s=round(source.backlog.dropped_s, 1),
        restarts=source.num_restarts,
    )


def _memory_mb() -> float | None:
    """Proportional set size of this process; None where the kernel does not tell."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration, ValueError):
        return None
    return round(kilobytes * 1024 / 1e6, 1)
