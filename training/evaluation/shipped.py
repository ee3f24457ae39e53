"""What would have been published: alerts of the event logic at the shipped thresholds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aed.events import Event
from ontology import LabelSet
from training.evaluation.contestants import Said
from training.evaluation.hearing import Heard
from training.evaluation.matching import AFTERWARDS_S, BEFORE_S
from training.evaluation.material import KnownSound
from training.evaluation.sweep import upper_bound_per_hour

EARLY_S = 1.0
"""So long before its marked onset an event may begin and still be of the sound: onsets are set back
to where the posterior rose, and marks are not that exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was published of one known sound of a node.

    Attributes:
        sound: the sound.
        named: an event reached the node.
        near: else, one stopped at a super-category of it.
        delay_s: from the marked onset until the node was known; None if not named or not marked.
    """

    sound: KnownSound
    named: bool
    near: bool
    delay_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongEvent:
    """An event that reached a node which did not sound."""

    recording: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedResult:
    """One node at its shipped threshold.

    Attributes:
        answers: one for each sound.
        wrong: false alarms.
        hours: how long it is known not to sound.
    """

    answers: tuple[Answer, ...]
    wrong: tuple[WrongEvent, ...]
    hours: float

    @property
    def recall(self) -> float | None:
        """Share of the sounds that were named; None without a sound."""
        return _share([answer.named for answer in self.answers])

    @property
    def recall_near(self) -> float | None:
        """Share that was named, or whose super-category was."""
        return _share([answer.named or answer.near for answer in self.answers])

    @property
    def delays_s(self) -> list[float]:
        """Delays of the sounds that were named and whose onset is marked."""
        return [answer.delay_s for answer in self.answers if answer.delay_s is not None]

    @property
    def bound_per_hour(self) -> float:
        """Upper bound of 95 % on false alarms per hour."""
        return upper_bound_per_hour(len(self.wrong), self.hours)


def at_shipped_thresholds(
    heard: Sequence[Heard], contestant: int, column: int, labels: LabelSet, hours: float
) -> ShippedResult:
    """Judge the events of one node.

    Args:
        heard: the recordings.
        contestant: whose events, by its index; one with event logic.
        column: the node's.
        labels: the ontology.
        hours: how long the node is known not to sound.
    """
    answers: list[Answer] = []
    wrong: list[WrongEvent] = []
    for index, each in enumerate(heard):
        said, sounds = each.said[contestant], each.judged.sounds
        answers += [
            _answer(sound, sounds, said, column, labels)
            for sound in sounds
            if sound.target.true[column]
        ]
        wrong += [
            WrongEvent(recording=index, event=event)
            for event in said.ended
            if _reaches(event, column, labels) and not _explained(event, sounds, column)
        ]
    return ShippedResult(answers=tuple(answers), wrong=tuple(wrong), hours=hours)


def wrong_critical(
    heard: Sequence[Heard], contestant: int, labels: LabelSet
) -> tuple[WrongEvent, ...]:
    """Critical events of recordings in which none of the critical nodes they reached can sound."""
    found = []
    for index, each in enumerate(heard):
        for event in each.said[contestant].ended:
            if not event.critical:
                continue
            reached = [labels.index[node] for node in event.path.split("/")]
            first = next(column for column in reached if column in labels.critical)
            if not _explained(event, each.judged.sounds, first):
                found.append(WrongEvent(recording=index, event=event))
    return tuple(found)


def events_of(sound: KnownSound, events: Sequence[Event]) -> Iterator[Event]:
    """Events that a sound may explain: they overlap it or come right after, and began with it.

    What had begun long before the sound is something else.
    """
    for event in events:
        if _overlap(sound, event) and (
            sound.onset_s is None or event.onset_s >= sound.onset_s - EARLY_S
        ):
            yield event


def _overlap(sound: KnownSound, event: Event) -> bool:
    if sound.onset_s is None or sound.offset_s is None:
        return True
    offset_s = np.inf if event.offset_s is None else event.offset_s
    return bool(
        event.onset_s <= sound.offset_s + AFTERWARDS_S and offset_s >= sound.onset_s - BEFORE_S
    )


def _answer(
    sound: KnownSound,
    sounds: Sequence[KnownSound],
    said: Said,
    column: int,
    labels: LabelSet,
) -> Answer:
    """What was said of a sound; an event that an earlier sound of the node began may go on."""
    own = list(events_of(sound, said.ended))
    others = [each for each in sounds if each is not sound]
    going_on = [
        event
        for event in said.ended
        if event not in own and _overlap(sound, event) and _explained(event, others, column)
    ]
    named = [event for event in own if _reaches(event, column, labels)]
    is_named = bool(named) or any(_reaches(event, column, labels) for event in going_on)
    near = any(labels.ancestors[column, labels.index[event.node]] for event in own)
    delay_s = None
    if named and sound.onset_s is not None:
        numbers = {event.number for event in named}
        delay_s = -sound.onset_s + min(
            event.detected_s
            for event in said.events or ()
            if event.number in numbers and _reaches(event, column, labels)
        )
    return Answer(sound=sound, named=is_named, near=near and not is_named, delay_s=delay_s)


def _reaches(event: Event, column: int, labels: LabelSet) -> bool:
    """Whether an event was told as the node or as one below it."""
    return bool(labels.ancestors[labels.index[event.node], column])


def _explained(event: Event, sounds: Sequence[KnownSound], column: int) -> bool:
    return any(
        sound.target.true[column] or sound.target.unknown[column]
        for sound in sounds
        if next(events_of(sound, [event]), None) is not None
    )


def _share(answers: Sequence[bool]) -> float | None:
    return float(np.mean(answers)) if answers else None
