"""What teaching is worth: recall and false alarms per hour with 3, 5 and 10 recordings.

Two questions, both of dev recordings, which neither weights nor thresholds have seen:

- `kind`: recordings of a kind of sound from some groups are taught, those of others are heard.
  Other dogs, other doorbells: more than a prototype is made for.
- `same`: one recording is taught and heard again and again, each time at another level, with
  another noise, in the same room. This is what a user teaches.

`relatives` is the share of recordings of the same kind, from other groups, that are taken for the
one that was taught: whoever teaches a doorbell does not want the neighbour's.

A recording is found if two windows in a row (the dwell) reach the threshold. A lesson that `learn`
refuses finds nothing and is counted.

Axes: S samples, T posterior frames, D embedding, M windows.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.posteriors import POSTERIOR_HOP_S
from aed.recordings import find_recordings, read_recording
from aed.taught.background import Background, read_background
from aed.taught.examples import Example, condition, example, trimmed
from aed.taught.learning import Lesson, learn
from aed.taught.sounds import DWELL_S
from aed.taught.space import windowed
from training.clips.bank import ClipRow, Clips
from training.labels import ROOM_LABEL, read_label_map
from training.session import open_data
from training.teaching.again import Again
from training.teaching.cost import milliseconds_per_second
from training.teaching.heard import hear_all

COUNTS = (3, 5, 10)
FEWEST_TESTED = 3
SAME_PER_LABEL = 5
SAME_HEARD = 12
"""Times that a recording that was taught is heard again."""

_DWELL_FRAMES = round(DWELL_S / POSTERIOR_HOP_S)


@dataclass(slots=True, kw_only=True)
class _Tally:
    lessons: int = 0
    refused: int = 0
    recalls: list[float] = field(default_factory=list)
    per_hour: list[float] = field(default_factory=list)
    hours_per_hour: list[float] = field(default_factory=list)
    relatives: list[float] = field(default_factory=list)


class _Heard:
    """Recordings as windows, to be held against prototypes."""

    def __init__(self, background: Background, heard: Sequence[NDArray[np.float32]]) -> None:
        directions = [background.space.directions(each) for each in heard]
        self.windows = [windowed(each, each[:0]) for each in directions]
        self.ends = np.cumsum([len(each) for each in self.windows])
        self.joined = np.concatenate(self.windows)

    def found(self, lesson: Lesson) -> NDArray[np.bool_]:
        """Which recordings hold the sound for as long as its dwell."""
        above = self.joined @ lesson.prototype >= lesson.threshold
        lasting = above.copy()
        for back in range(1, _DWELL_FRAMES):
            lasting[back:] &= above[:-back]
        return np.array([part.any() for part in np.split(lasting, self.ends[:-1])])

    def hours(self, chosen: NDArray[np.bool_] | None = None) -> float:
        """How long the chosen recordings are, or all of them."""
        frames = np.array([len(each) for each in self.windows])
        return float((frames if chosen is None else frames[chosen]).sum() * POSTERIOR_HOP_S / 3600)


def measure(
    bundle: Bundle,
    data: Path,
    cache: Path,
    *,
    hours: Path | None,
    seeds: int,
    labels: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure; plain values.

    Args:
        bundle: with a background.
        data: folder of recordings with a manifest.
        cache: where decoded clips are kept.
        hours: a folder of recordings to count more false alarms in.
        seeds: lessons of each kind and number of recordings.
        labels: what to teach; None for every label of single sounds.

    Raises:
        TeachingError: the bundle has no background.
        TrainingDataError: the recordings cannot be used.
    """
    background = read_background(bundle)
    opened = open_data(data, cache, held_out_share=0.0)
    rows = tuple(row for row in opened.rows if row.split == "dev" and row.label != ROOM_LABEL)
    bank = opened.bank(rows)
    heard = _Heard(background, hear_all(bundle, map(bank.clip, range(len(rows))), seed=1))
    long = None if hours is None else _Heard(background, _long(bundle, hours))
    school = _School(background, rows, heard, long)
    targets = read_label_map(bundle.labels).targets
    examples = _Examples(bundle, background, bank)
    again = Again(bundle, opened, rows, bank)
    for label in sorted({row.label for row in rows} & targets.keys()):
        node = targets[label].node
        if node is None or targets[label].is_bed or (labels is not None and label not in labels):
            continue
        for count, seed in itertools.product(COUNTS, range(seeds)):
            school.teach_kind(label, node, count, seed, examples)
        for place in [at for at, row in enumerate(rows) if row.label == label][:SAME_PER_LABEL]:
            school.teach_same(label, node, place, examples, again)
    return {
        "bundle": bundle.digest,
        "dev_hours": round(heard.hours(), 3),
        "long_hours": None if long is None else round(long.hours(), 2),
        "cost_ms_per_s": milliseconds_per_second(bundle, background),
        "lessons": [
            {"lesson": lesson, "recordings": count, "label": label, **_figures(tally)}
            for (lesson, count, label), tally in sorted(school.tallies.items())
        ],
    }


class _School:
    """Gives lessons and keeps the tally."""

    def __init__(
        self,
        background: Background,
        rows: Sequence[ClipRow],
        heard: _Heard,
        long: _Heard | None,
    ) -> None:
        self._background, self._rows, self._heard, self._long = background, rows, heard, long
        self._labels = np.array([row.label for row in rows])
        self.tallies: dict[tuple[str, int, str], _Tally] = {}

    def teach_kind(
        self, label: str, node: str, count: int, seed: int, examples: "_Examples"
    ) -> None:
        """Teach by recordings of some groups, hear those of the others."""
        taught, tested = _by_groups(self._rows, label, count, seed)
        if len(taught) < count or len(tested) < FEWEST_TESTED:
            return
        tally = self.tallies.setdefault(("kind", count, label), _Tally())
        lesson = self._learn(tally, [examples.of(place) for place in taught], label, node)
        if lesson is not None:
            tally.recalls.append(float(self._heard.found(lesson)[tested].mean()))

    def teach_same(
        self, label: str, node: str, place: int, examples: "_Examples", again: Again
    ) -> None:
        """Teach one recording by its copies, hear it again."""
        taught = [examples.made(each, label) for each in again.taught(place, max(COUNTS))]
        tested = _Heard(self._background, again.heard(place, SAME_HEARD))
        for count in COUNTS:
            tally = self.tallies.setdefault(("same", count, label), _Tally())
            lesson = self._learn(tally, taught[:count], label, node)
            if lesson is not None:
                tally.recalls.append(float(tested.found(lesson).mean()))
                group = self._rows[place].group
                others = [
                    at
                    for at, row in enumerate(self._rows)
                    if row.label == label and row.group != group
                ]
                if others:
                    tally.relatives.append(float(self._heard.found(lesson)[others].mean()))

    def _learn(
        self, tally: _Tally, taught: Sequence[Example], label: str, node: str
    ) -> Lesson | None:
        """Teach, and count false alarms; None if the lesson is refused."""
        tally.lessons += 1
        try:
            lesson = learn(taught, self._background, under=node)
        except TeachingError:
            tally.refused += 1
            return None
        others = self._labels != label
        tally.per_hour.append(
            float(self._heard.found(lesson)[others].sum()) / self._heard.hours(others)
        )
        if self._long is not None:
            tally.hours_per_hour.append(float(self._long.found(lesson).sum()) / self._long.hours())
        return lesson


class _Examples:
    """Dev recordings as examples, each heard once."""

    def __init__(self, bundle: Bundle, background: Background, bank: Clips) -> None:
        self._bundle, self._background, self._bank = bundle, background, bank
        self._known: dict[int, Example] = {}

    def of(self, place: int) -> Example:
        if place not in self._known:
            self._known[place] = self.made(self._bank.clip(place), self._bank.rows[place].path)
        return self._known[place]

    def made(self, samples: NDArray[np.float32], name: str) -> Example:
        return example(self._bundle, self._background.space, trimmed(samples, name), name)


def _by_groups(
    rows: Sequence[ClipRow], label: str, count: int, seed: int
) -> tuple[list[int], list[int]]:
    """One recording each of `count` groups to teach, and all of the other groups to hear."""
    places = [place for place, row in enumerate(rows) if row.label == label]
    rng = np.random.default_rng(seed)
    groups = rng.permutation(sorted({rows[place].group for place in places}))[:count]
    taught = [
        int(rng.choice([place for place in places if rows[place].group == group]))
        for group in groups
    ]
    return taught, [place for place in places if rows[place].group not in set(groups)]


def _long(bundle: Bundle, folder: Path) -> list[NDArray[np.float32]]:
    """Embeddings of long recordings, cut into pieces of 15 s: an event in each is a false alarm."""
    piece = 15 * SAMPLE_RATE_HZ
    pieces = (
        samples[start : start + piece]
        for name in find_recordings(str(folder))
        for samples in [condition(read_recording(folder / name))]
        for start in range(0, len(samples), piece)
    )
    return hear_all(bundle, pieces, seed=2)


def _figures(tally: _Tally) -> dict[str, Any]:
    def mean(values: list[float]) -> float | None:
        return round(float(np.mean(values)), 3) if values else None

    return {
        "lessons": tally.lessons,
        "refused": tally.refused,
        "recall": mean(tally.recalls),
        "false_per_hour": mean(tally.per_hour),
        "false_per_hour_in_hours": mean(tally.hours_per_hour),
        "relatives": mean(tally.relatives),
    }


def table(figures: dict[str, Any]) -> str:
    """The figures for a terminal: each lesson over all labels, then label by label."""
    heads = ("lessons", "refused", "recall", "relatives", "false/h", "in hours")
    lines = [f"{'lesson':<28}" + "".join(f"{head:>10}" for head in heads)]
    for lesson in ("same", "kind"):
        for count in COUNTS:
            found = [
                each
                for each in figures["lessons"]
                if each["lesson"] == lesson and each["recordings"] == count
            ]
            if found:
                lines.append(_line(f"{lesson}, {count} recordings, all", _over(found)))
    lines += [
        _line(f"{each['lesson']}, {each['recordings']}, {each['label']}", each)
        for each in figures["lessons"]
    ]
    lines.append(f"cost: {figures['cost_ms_per_s']}")
    return "\n".join(lines)


def _over(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over labels, sums of lessons."""

    def mean(key: str) -> float | None:
        values = [each[key] for each in found if each[key] is not None]
        return round(float(np.mean(values)), 3) if values else None

    sums = {key: sum(each[key] for each in found) for key in ("lessons", "refused")}
    keys = ("recall", "relatives", "false_per_hour", "false_per_hour_in_hours")
    return {**sums, **{key: mean(key) for key in keys}}


def _line(name: str, row: dict[str, Any]) -> str:
    means = ("recall", "relatives", "false_per_hour", "false_per_hour_in_hours")
    keys = ("lessons", "refused", *means)
    cells = ("–" if row[key] is None else f"{row[key]:g}" for key in keys)
    return f"{name:<28}" + "".join(f"{cell:>10}" for cell in cells)
