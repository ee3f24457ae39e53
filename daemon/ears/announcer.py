"""Turns the events of one source into what is said about them: reports and class states."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from daemon.clocks import Clock, StreamClock, rfc3339
from daemon.ears.event_ids import new_event_id
from daemon.ears.former_events import FormerEvent, FormerEvents
from daemon.mqtt.payloads import ClassAttributes, EventPayload
from daemon.mqtt.topics import OFF, ON, Topics
from daemon.outbox.reports import Report

if TYPE_CHECKING:
    from aed.events import Event
    from daemon.clips.recorder import ClipRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A retained topic and its new value.

    Attributes:
        topic: the whole topic.
        payload: its bytes.
    """

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What an event gives cause to say.

    Attributes:
        reports: for the outbox, in order; an alert stands before its event.
        states: retained topics to set.
    """

    reports: list[Report]
    states: list[State]


@dataclass(slots=True, kw_only=True)
class _Open:
    """An event that has begun and not ended.

    Its wall times hang on one anchor, so that none moves between its messages, and none comes
    before its start, when sound arrives late or the wall clock is set.
    """

    event_id: str
    stream_began_s: float
    """Wall time of stream time 0, as it seemed when the event was first announced."""
    seq: int = 0
    path: tuple[str, ...] = ()
    body: bytes = b""
    """The latest message about it."""
    called_path: tuple[str, ...] = ()
    """Its path when a person was last called for it."""

    def at(self, stream_s: float) -> str:
        """Wall time of a stream time of the event."""
        return rfc3339(self.stream_began_s + stream_s)


class Announcer:
    """Gives events their ids and keeps track of which classes are on, at one source."""

    def __init__(
        self,
        *,
        source: str,
        classes: Sequence[str],
        model: str,
        topics: Topics,
        clock: Clock,
        stream_clock: StreamClock,
        former: Sequence[FormerEvent] = (),
        recorder: "ClipRecorder | None" = None,
    ) -> None:
        """Begin with nothing open but what a former run left open.

        Args:
            source: name of the source.
            classes: ids of the nodes that have class states.
            model: name and digest of the bundle.
            topics: where to say it.
            clock: wall time for event ids and ages.
            stream_clock: wall time of stream times of this source.
            former: what was left open at this source.
            recorder: records what deserves it; None if nothing is recorded.
        """
        self._recorder = recorder
        self._source = source
        self._classes = tuple(classes)
        self._model = model
        self._topics = topics
        self._clock = clock
        self._stream_clock = stream_clock
        # Open events by their number in the stream, from their start to their end.
        self._open: dict[int, _Open] = {}
        self._former = FormerEvents(former, clock=clock)

    def follow(self, classes: Sequence[str]) -> None:
        """Have other nodes with class states from now on; what is open stays so."""
        self._classes = tuple(classes)

    def initial_states(self) -> list[State]:
        """Every class is off, but those that were on when a former run was killed."""
        return self._present_states(self._classes)

    def announce(self, event: "Event") -> Announcement:
        """Say what one phase of one event means.

        Args:
            event: the next event of the stream.
        """
        entry = self._open.get(event.number)
        if entry is None:
            entry = _Open(
                event_id=new_event_id(self._clock.wall_s()),
                stream_began_s=self._stream_clock.wall_s(0.0),
            )
            self._open[event.number] = entry
        entry.seq += 1
        before = set(entry.path)
        entry.path = () if event.phase == "end" else tuple(event.path.split("/"))
        if event.phase == "end":
            del self._open[event.number]
        path = event.path.split("/")
        touched = before | set(path)
        is_known = self._former.has_called_for(path)
        told_anew = self._end(self._former.take_told_by(path), but_for=touched)
        return Announcement(
            reports=[*told_anew.reports, *self._reports(event, entry, is_known=is_known)],
            states=[*told_anew.states, *self._states(event, entry, touched)],
        )

    def open_events(self) -> list[FormerEvent]:
        """What is open, for another announcer to go on with."""
        told = []
        for number, entry in self._open.items():
            event = replace(FormerEvent.parse(entry.body), called_path=entry.called_path)
            if self._recorder is not None:
                event.fields["clip"] = self._recorder.break_off(number)
            told.append(event)
        return [*self._former.take_all(), *told]

    def end_undecided(self) -> Announcement:
        """End what a former run left open and this one has not heard again in time."""
        return self._end(self._former.take_undecided())

    def end_former(self) -> Announcement:
        """End whatever a former run left open."""
        return self._end(self._former.take_all())

    def forget(self) -> None:
        """Forget what is open: the stream begins anew, and its numbers with it."""
        self._open.clear()

    def _end(self, former: Sequence[FormerEvent], but_for: Collection[str] = ()) -> Announcement:
        touched = {node for event in former for node in event.path}
        classes = [name for name in self._classes if name in touched and name not in but_for]
        return Announcement(
            reports=[event.end() for event in former], states=self._present_states(classes)
        )

    def _present_states(self, classes: Sequence[str]) -> list[State]:
        on = self._nodes_on()
        return [self._state(class_id, ON if class_id in on else OFF) for class_id in classes]

    def _nodes_on(self) -> set[str]:
        return self._former.nodes.union(*(entry.path for entry in self._open.values()))

    def _reports(self, event: "Event", entry: _Open, *, is_known: bool) -> list[Report]:
        """The reports of an event; whoever is known to have been called for it is not again."""
        recorder = self._recorder
        payload = EventPayload(
            event_type=event.node,
            event_id=entry.event_id,
            seq=entry.seq,
            path=event.path,
            phase=event.phase,
            score=round(event.score, 4),
            source=self._source,
            started_at=entry.at(event.onset_s),
            detected_at=entry.at(event.detected_s),
            published_at=None,
            duration_s=_duration_s(event),
            delayed=False,
            age_s=0.0,
            pattern=event.pattern,
            level_dbfs=round(event.level_dbfs, 1),
            clip=None if recorder is None else recorder.note(event, entry.event_id),
            model=self._model,
            critical=event.critical,
        )
        entry.body = payload.to_json()
        report = Report(
            kind="event",
            event_id=entry.event_id,
            seq=entry.seq,
            critical=event.critical,
            body=entry.body,
            is_last=event.phase == "end",
        )
        if not event.alert_now:
            return [report]
        entry.called_path = tuple(event.path.split("/"))
        return [report] if is_known else [replace(report, kind="alert"), report]

    def _states(self, event: "Event", entry: _Open, touched: set[str]) -> list[State]:
        attributes = ClassAttributes(
            event_id=entry.event_id,
            event_type=event.node,
            path=event.path,
            score=round(event.score, 4),
            pattern=event.pattern,
            level_dbfs=round(event.level_dbfs, 1),
            critical=event.critical,
            started_at=entry.at(event.onset_s),
            detected_at=entry.at(event.detected_s),
            ended_at=None if event.offset_s is None else entry.at(event.offset_s),
            duration_s=_duration_s(event),
        ).to_json()
        on = self._nodes_on()
        states = []
        for class_id in self._classes:
            still_on_by_another = event.phase == "end" and class_id in on
            if class_id in touched and not still_on_by_another:
                topic = self._topics.class_attributes(self._source, class_id)
                states.append(State(topic=topic, payload=attributes))
                states.append(self._state(class_id, ON if class_id in on else OFF))
        return states

    def _state(self, class_id: str, payload: bytes) -> State:
        return State(topic=self._topics.class_state(self._source, class_id), payload=payload)


def _duration_s(event: "Event") -> float | None:
    return None if event.offset_s is None else round(event.offset_s - event.onset_s, 2)
