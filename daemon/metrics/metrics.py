"""What Prometheus is told: the daemon's state as metric families (see docs/metrics.md).

The main loop makes them anew every few seconds and hands them to the thread that serves them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

from daemon.clips.clips import Clips
from daemon.clocks import Clock
from daemon.ears.ear import Ear
from daemon.health.health import Connection, Health
from daemon.metrics.server import MetricsServer
from daemon.metrics.tally import INFERENCE_BOUNDS_S
from daemon.mqtt.payloads import HealthPayload, read_object
from daemon.mqtt.publisher import Publisher
from daemon.sources.source import Source
from daemon.sources.state import SourceState

EVERY_S = 5.0

Ears = Sequence[tuple[Source, Ear]]


class Metrics:
    """Tells the metrics server how everything is."""

    def __init__(
        self,
        server: MetricsServer,
        *,
        health: Health,
        publisher: Publisher,
        link: Connection,
        clips: Clips,
        clock: Clock,
    ) -> None:
        """Begin with nothing told.

        Args:
            server: serves them.
            health: knows most of it.
            publisher: knows how many reports were dropped.
            link: the connection to the broker.
            clips: what is recorded.
            clock: for when.
        """
        self._server = server
        self._health = health
        self._publisher = publisher
        self._link = link
        self._clips = clips
        self._clock = clock
        self._next_s = clock.boottime_s()

    def tick(self, ears: Ears, info: bytes) -> None:
        """Look after the server; tell it anew when it is time to.

        Args:
            ears: each source with the ear that hears it.
            info: payload of the topic `info`.
        """
        self._server.tick()
        now_s = self._clock.boottime_s()
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._server.show(self.families(ears, info))

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def families(self, ears: Ears, info: bytes) -> list[Metric]:
        """All metrics as they are now; see `tick`."""
        health = self._health.payload()
        return [
            *_of_the_daemon(health, read_object(info), is_hearing=self._health.is_hearing),
            *_of_sources(ears, health),
            *_of_ears(ears),
            *_of_reports(health, num_dropped=self._publisher.num_dropped),
            _gauge("aed_broker_connected", "1 if the broker hears us", self._link.is_connected),
            _counter("aed_broker_reconnects", "Connections made again", health.broker_reconnects),
            *_of_clips(self._clips),
        ]


def _of_the_daemon(
    health: HealthPayload, info: Mapping[str, object], *, is_hearing: bool
) -> Iterator[Metric]:
    names = ("version", "node", "model", "ontology")
    labels = {name: str(info[name]) for name in names}
    yield InfoMetricFamily("aed_build", "What runs here", value=labels)
    yield _gauge("aed_uptime_seconds", "Since the daemon started", health.uptime_s)
    yield _gauge("aed_hearing", "1 if a source is heard by a sound model", is_hearing)
    yield _gauge("aed_problem", "1 if health names a problem", health.problem is not None)
    memory_bytes = None if health.memory_mb is None else health.memory_mb * 1e6
    yield _gauge("aed_memory_bytes", "Proportional set size of the main process", memory_bytes)
    test = health.self_test
    yield _gauge(
        "aed_self_test_passed",
        "1 if the model passed its last self-test",
        None if test is None else test.passed,
    )
    yield _gauge(
        "aed_self_test_deviation",
        "Largest difference of a posterior in it",
        None if test is None else test.deviation,
    )
    yield _gauge(
        "aed_self_test_timestamp_seconds",
        "When it ended",
        None if test is None else datetime.fromisoformat(test.at).timestamp(),
    )


def _of_sources(ears: Ears, health: HealthPayload) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "aed_source_state", "1 for the state a source is in", labels=["source", "state"]
    )
    audio = _per_source(CounterMetricFamily, "aed_source_audio_seconds", "Sound heard")
    dropped = _per_source(
        CounterMetricFamily, "aed_source_dropped_seconds", "Sound dropped unheard"
    )
    restarts = _per_source(
        CounterMetricFamily, "aed_source_restarts", "Starts of its process again"
    )
    lag = _per_source(GaugeMetricFamily, "aed_source_lag_seconds", "How far behind real time")
    level = _per_source(GaugeMetricFamily, "aed_source_level_dbfs", "Level of the last minute")
    for source, _ in ears:
        for each in SourceState:
            state.add_metric([source.name, each.value], float(source.state is each))
        audio.add_metric([source.name], source.total_heard_s)
        dropped.add_metric([source.name], source.backlog.dropped_s)
        restarts.add_metric([source.name], source.num_restarts)
        lag.add_metric([source.name], source.backlog.lag_s)
        level_dbfs = health.sources[source.name].level_dbfs
        if level_dbfs is not None:
            level.add_metric([source.name], level_dbfs)
    yield from (state, audio, dropped, restarts, lag, level)


def _of_ears(ears: Ears) -> Iterator[Metric]:
    inference = HistogramMetricFamily(
        "aed_inference_seconds", "What calls of the model took", labels=["source"]
    )
    events = CounterMetricFamily(
        "aed_events", "Phases of events", labels=["source", "class", "phase"]
    )
    alerts = CounterMetricFamily("aed_alerts", "Alerts", labels=["source", "class"])
    suppressed = CounterMetricFamily(
        "aed_suppressed", "Candidates not reported", labels=["source", "class", "reason"]
    )
    for source, ear in ears:
        name, tally = source.name, ear.tally
        bounds = [*(str(bound) for bound in INFERENCE_BOUNDS_S), "+Inf"]
        counts = accumulate(tally.inferences)
        inference.add_metric(
            [name],
            buckets=[(bound, float(n)) for bound, n in zip(bounds, counts, strict=True)],
            sum_value=tally.inference_s,
        )
        for (node, phase), number in tally.events.items():
            events.add_metric([name, node, phase], number)
        for node, number in tally.alerts.items():
            alerts.add_metric([name, node], number)
        for (node, cause), number in ear.num_suppressed.items():
            suppressed.add_metric([name, node, cause], number)
    yield from (inference, events, alerts, suppressed)


def _of_reports(health: HealthPayload, *, num_dropped: int) -> Iterator[Metric]:
    yield _gauge("aed_outbox_reports", "Reports that wait for the broker", health.outbox_rows)
    yield _gauge("aed_outbox_bytes", "Size of their payloads", health.outbox_bytes)
    yield _gauge("aed_outbox_unsaved_reports", "Of them in memory only", health.unsaved_reports)
    yield _counter("aed_outbox_dropped_reports", "Reports dropped and never sent", num_dropped)


def _of_clips(clips: Clips) -> Iterator[Metric]:
    family = CounterMetricFamily("aed_clips", "What became of clips", labels=["result"])
    for result, number in clips.counts.items():
        family.add_metric([result], number)
    yield family
    yield _gauge("aed_clips_bytes", "What clips take on disk", clips.size_bytes)


def _per_source(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily], name: str, help_: str
) -> CounterMetricFamily | GaugeMetricFamily:
    return kind(name, help_, labels=["source"])


def _gauge(name: str, help_: str, value: float | None) -> Metric:
    """One number; none at all where nobody knows it."""
    family = GaugeMetricFamily(name, help_, labels=[])
    if value is not None:
        family.add_metric([], float(value))
    return family


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(name, help_, value=value)
