"""Payloads of the MQTT messages as values, and as the JSON bytes that leave the machine.

Field names and their order are a contract: lists grow only by appending.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Phase = Literal["start", "update", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPayload:
    """Payload of `alert`, `alert/late` and `event`.

    Attributes:
        event_type: id of the deepest ontology node reached so far.
        event_id: UUIDv7, the same for all messages of one event.
        seq: counts the messages of one event from 1; (`event_id`, `seq`) never repeats with
            other content, an `alert` has the `seq` of the `event` message it goes with.
        path: ids from the root to `event_type`, joined by `/`.
        phase: where in its life the event is.
        score: calibrated posterior of the node, 0 to 1.
        source: name of the source that heard it.
        started_at: when the sound began, RFC 3339 in UTC.
        detected_at: when it was recognised as what `event_type` says, RFC 3339 in UTC.
        published_at: when it was first handed to the broker, RFC 3339 in UTC; None before.
        duration_s: length of the sound in seconds, None while it lasts.
        delayed: it had to wait, as for a broker that was away.
        age_s: seconds from when this phase of the event was known to `published_at`.
        pattern: `t3`, `t4`, `continuous`, `chirp` or None.
        level_dbfs: RMS level in dB relative to full scale.
        clip: file name of a recording of it, None as long as it is not sure that there is one.
        model: name and digest of the bundle that heard it.
        critical: a matter of life and limb.
    """

    event_type: str
    event_id: str
    seq: int
    path: str
    phase: Phase
    score: float
    source: str
    started_at: str
    detected_at: str
    published_at: str | None
    duration_s: float | None
    delayed: bool
    age_s: float
    pattern: str | None
    level_dbfs: float
    clip: str | None
    model: str
    critical: bool

    def to_json(self) -> bytes:
        """Give the bytes that are published."""
        return to_json(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read back what `to_json` gave."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAttributes:
    """Payload of `…/class/<id>/attributes`: the event that last changed the state.

    Attributes that are not listed are as in `EventPayload`.

    Attributes:
        ended_at: when the sound ended, RFC 3339 in UTC; None while it lasts.
    """

    event_id: str
    event_type: str
    path: str
    score: float
    pattern: str | None
    level_dbfs: float
    critical: bool
    started_at: str
    detected_at: str
    ended_at: str | None
    duration_s: float | None

    def to_json(self) -> bytes:
        """Give the bytes that are published."""
        return to_json(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoPayload:
    """Payload of `info`: what runs here. Holds no secret by construction.

    Attributes:
        version: version of aed.
        node: the node's name.
        model: name and digest of the bundle.
        ontology: name of the ontology.
        ontology_digest: SHA-256 of the ontology's canonical content.
        sources: names of the sources.
        classes: ids of the nodes that have class states.
        reportable: ids of all nodes that can occur as `event_type` of an `alert`.
        started_at: when the daemon started, RFC 3339 in UTC.
    """

    version: str
    node: str
    model: str
    ontology: str
    ontology_digest: str
    sources: tuple[str, ...]
    classes: tuple[str, ...]
    reportable: tuple[str, ...]
    started_at: str

    def to_json(self) -> bytes:
        """Give the bytes that are published."""
        return to_json(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A source, in `HealthPayload`.

    Attributes:
        state: as on its `status` topic.
        reason: why it is in another state than `online`; empty if it is not.
        heard_s: seconds of its sound that were heard since the start.
        level_dbfs: RMS level of the last minute; None if nothing was heard in it.
        lag_s: how far behind real time it is.
        dropped_s: seconds of its sound that were dropped unheard since the start.
        restarts: how often its process had to be started again.
    """

    state: str
    reason: str
    heard_s: float
    level_dbfs: float | None
    lag_s: float
    dropped_s: float
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestHealth:
    """The last self-test, in `HealthPayload`.

    Attributes:
        at: when, RFC 3339 in UTC.
        passed: whether the model computed what it did for its maker.
        deviation: largest difference of a posterior; None if one was no number.
    """

    at: str
    passed: bool
    deviation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatHealth:
    """The heartbeat, in `HealthPayload`.

    Attributes:
        sent_at: when the last one arrived, RFC 3339 in UTC; None before the first.
        problem: why the last one did not; None if it did.
    """

    sent_at: str | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPayload:
    """Payload of `health`: how the daemon is. Holds no secret.

    Attributes:
        at: when this was so, RFC 3339 in UTC.
        uptime_s: seconds since the daemon started.
        problem: what is wrong, as sentences; None if nothing is.
        sources: each source by its name.
        inference_mean_ms_per_s: milliseconds that a second of sound took within the last minute.
        inference_max_ms_per_s: the same of the slowest call.
        outbox_rows: reports that wait for the broker; None if the disk does not tell.
        outbox_bytes: their size; None if the disk does not tell.
        unsaved_reports: reports that wait in memory only, since the disk does not take them.
        broker_reconnects: how often the connection to the broker had to be made again.
        memory_mb: share of the memory that belongs to the main process, in 10^6 bytes.
        self_test: the last self-test; None before the first.
        heartbeat: the heartbeat; None if the settings want none.
    """

    at: str
    uptime_s: float
    problem: str | None
    sources: dict[str, SourceHealth]
    inference_mean_ms_per_s: float | None
    inference_max_ms_per_s: float | None
    outbox_rows: int | None
    outbox_bytes: int | None
    unsaved_reports: int
    broker_reconnects: int
    memory_mb: float | None
    self_test: SelfTestHealth | None
    heartbeat: HeartbeatHealth | None

    def to_json(self) -> bytes:
        """Give the bytes that are published."""
        return to_json(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class MutePayload:
    """Payload of `mute`: whether alerts are silenced.

    Attributes:
        muted: whether they are now.
        until: when that is over, RFC 3339 in UTC; None if nothing is muted.
        critical: whether it holds for what is critical too.
    """

    muted: bool
    until: str | None
    critical: bool

    def to_json(self) -> bytes:
        """Give the bytes that are published."""
        return to_json(asdict(self))


def stamped(body: bytes, *, published_at: str, delayed: bool, age_s: float) -> bytes:
    """Complete the payload of an event with what is known only when it is published.

    Works on the JSON, so that an outbox filled before an update of aed can still be sent.

    Args:
        body: what `EventPayload.to_json` gave.
        published_at: RFC 3339 in UTC.
        delayed: whether it had to wait.
        age_s: seconds since it was known.
    """
    fields = json.loads(body)
    fields.update(published_at=published_at, delayed=delayed, age_s=age_s)
    return to_json(fields)


def read_object(payload: bytes) -> dict[str, Any]:
    """Read a payload of whatever version of aed, or what a damaged disk made of it.

    Args:
        payload: JSON.

    Returns:
        Its fields; they can be written as JSON again.

    Raises:
        ValueError: it is no JSON object, or holds what cannot be published.
    """
    try:
        fields = json.loads(payload)
        to_json(fields)  # no number beyond all others, no half of a character
    except RecursionError as error:
        raise ValueError("wanted a JSON object, found one nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("wanted a JSON object")  # noqa: TRY004 - one error for what is read
    return fields


def to_json(fields: dict[str, Any]) -> bytes:
    """Write fields as they are published: in their order, without spaces, in UTF-8."""
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
