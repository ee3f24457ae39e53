"""What a bundle makes of held-out recordings and of the trial's scenes, node by node.

Axes: S samples, N ontology nodes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle import Bundle
from ontology import LabelSet
from training.clips.bank import Clips
from training.evaluation.contestants import Aed
from training.evaluation.hearing import Heard
from training.evaluation.matching import frames_without
from training.evaluation.material import Judged, JudgedNode, KnownSound
from training.evaluation.shipped import at_shipped_thresholds
from training.labels import Target, node_target
from training.retrain.trial import TrialScene

OWN, SYNTHESISED = "own recordings", "synthesised"

_LEAD_S = 1.0
_LEAD_DB = -70.0
"""Quiet noise before each clip: nobody's microphone is switched on by the event itself."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something to be heard, whatever the ontology of who hears it.

    Attributes:
        name: as reports call it.
        kind: OWN or SYNTHESISED.
        samples: (S,) float32.
        sounds: what is known to be in it, in words of the new ontology.
    """

    name: str
    kind: str
    samples: Samples
    sounds: tuple[KnownSound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a bundle made of one node.

    Attributes:
        sounds: how many there are.
        found: how many of them were reported as the node.
        false_alarms: how often it was reported where it does not sound.
        hours: how long it is known not to sound.
    """

    sounds: int
    found: int
    false_alarms: int
    hours: float

    @property
    def recall(self) -> float | None:
        """Share of the sounds that were found; None without any."""
        return self.found / self.sounds if self.sounds else None

    def __add__(self, other: "Found") -> "Found":
        return Found(
            sounds=self.sounds + other.sounds,
            found=self.found + other.found,
            false_alarms=self.false_alarms + other.false_alarms,
            hours=self.hours + other.hours,
        )


NOTHING = Found(sounds=0, found=0, false_alarms=0, hours=0.0)
Figures = Mapping[tuple[str, str], Found]
"""By node and kind of scene."""


class Judge:
    """Lets one bundle hear scenes, and counts.

    Args:
        bundle: who hears.
        labels: the ontology in which the scenes are told.
        kept: the bundle's own node of each node of `labels` that it knows.
    """

    def __init__(self, bundle: Bundle, labels: LabelSet, kept: Mapping[str, str]) -> None:
        self._own, self._labels, self._kept = bundle.labels, labels, kept
        self._nodes = [
            JudgedNode(id=node, column=column, place=column)
            for column, node in enumerate(self._own.nodes)
        ]
        self._contestant = Aed(bundle, self._own.nodes, bundle.name)
        self._heard: dict[str, list[Heard]] = {OWN: [], SYNTHESISED: []}

    def hear(self, scene: Scene) -> None:
        """Hear one scene."""
        sounds = tuple(
            KnownSound(
                target=translated(sound.target, self._labels, self._own, self._kept),
                onset_s=sound.onset_s,
                offset_s=sound.offset_s,
            )
            for sound in scene.sounds
        )
        judged = Judged(
            file=Path(scene.name), name=scene.name, kind="mixture", part="", sounds=sounds
        )
        said = self._contestant.hear(scene.samples)
        duration_s = len(scene.samples) / SAMPLE_RATE_HZ
        heard = Heard(judged=judged, duration_s=duration_s, said=(said,))
        self._heard[scene.kind].append(heard)

    def figures(self) -> Figures:
        """What came of it, by the bundle's own nodes."""
        return {
            (node.id, kind): self._found(heard, node)
            for kind, heard in self._heard.items()
            for node in self._nodes
        }

    def _found(self, heard: Sequence[Heard], node: JudgedNode) -> Found:
        seconds = sum(
            float(frames_without(each, 0, node).sum()) * each.said[0].hop_s for each in heard
        )
        hours = seconds / 3600
        result = at_shipped_thresholds(heard, 0, node.column, self._own, hours)
        return Found(
            sounds=len(result.answers),
            found=sum(answer.named for answer in result.answers),
            false_alarms=len(result.wrong),
            hours=hours,
        )


def translated(
    target: Target, labels: LabelSet, other: LabelSet, kept: Mapping[str, str]
) -> Target:
    """What a target says in another ontology.

    Args:
        target: in `labels`.
        labels: its ontology.
        other: the one wanted.
        kept: the node of `other` for each node of `labels` that it has.
    """
    true = np.zeros(len(other), dtype=np.bool_)
    unknown = np.zeros_like(true)
    back = {other.index[there]: labels.index[here] for here, there in kept.items()}
    for column in range(len(other)):  # parents come first
        parent = int(other.parent[column])
        here = back.get(column)
        if here is None:  # nobody said anything of it; it is false if what is above is
            unknown[column] = parent < 0 or bool(true[parent] or unknown[parent])
        elif target.true[here]:
            true |= other.ancestors[column]
        else:
            unknown[column] = bool(target.unknown[here])
    deepest = max(np.flatnonzero(true), key=lambda each: int(other.depth[each]), default=None)
    node = None if deepest is None else other.nodes[int(deepest)]
    return Target(node=node, true=true, unknown=unknown & ~true, is_bed=target.is_bed)


def own_scenes(bank: Clips, targets: Mapping[str, Target]) -> Iterable[Scene]:
    """Clips, each after a second of quiet; a sound is somewhere in its clip."""
    rng = np.random.default_rng(0)
    lead = rng.standard_normal(round(_LEAD_S * SAMPLE_RATE_HZ)).astype(np.float32)
    lead *= np.float32(10 ** (_LEAD_DB / 20))
    for index, row in enumerate(bank.rows):
        if (target := targets.get(row.label)) is not None:
            samples = np.concatenate([lead, bank.clip(index)])
            yield Scene(
                name=row.path, kind=OWN, samples=samples, sounds=(KnownSound(target=target),)
            )


def synthesised_scene(scene: TrialScene, labels: LabelSet, called: Mapping[str, str]) -> Scene:
    """A scene of the trial in words of an ontology; what that has no node for goes untold.

    Args:
        scene: of the trial, in words of the home ontology.
        labels: the ontology wanted.
        called: what it calls the nodes of the home ontology that it has.
    """
    sounds = tuple(
        KnownSound(
            target=node_target(labels, called[sound.node]),
            onset_s=sound.onset_s,
            offset_s=sound.offset_s,
        )
        for sound in scene.sounds
        if sound.node in called
    )
    return Scene(name=scene.name, kind=SYNTHESISED, samples=scene.samples, sounds=sounds)
