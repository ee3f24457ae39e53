"""Training scenes: sounds at known times over a bed, with what is known at every posterior frame.

A scene is drawn from its own generator, seeded by run and index: the same in any order, on any
worker, before and after a resumed run.

Axes: S samples, T posterior frames (100 ms), N ontology nodes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from aed.audio import SAMPLE_RATE_HZ
from ontology import LabelSet
from training.clips.bank import FRAME_SAMPLES, Clips, active_frames
from training.distortions import (
    Gain,
    Room,
    as_tensor,
    draw_codec,
    draw_overload,
    draw_tone,
)
from training.errors import TrainingDataError
from training.kinds import KINDS, Odds
from training.labels import ROOM_LABEL, LabelMap, Target, node_target, refuse_unknown
from training.scenes.abrupt import abrupt
from training.scenes.recorded import RecordedSounds
from training.scenes.sounds import Sound, at_level, place_at_random, synthesise
from training.synthesis.household import draw_household, render_household
from training.synthesis.rooms import draw_room, render_room

_ROOM_SAMPLES = 20_000
"""Longest reverberation kept, 1.25 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureConfig:
    """How scenes are drawn. Shares are probabilities of what a foreground sound is."""

    scene_s: float = 8.0
    alarm_share: float = 0.18
    tone_share: float = 0.12
    break_share: float = 0.08
    household_share: float = 0.06
    glass_share: float = 0.10
    """Of real recordings of `glass_node`, each time made into another break."""
    hard_share: float = 0.0
    """Of recordings that an earlier run took for something critical."""
    unlabelled_share: float = 0.0
    """Of recordings of which nothing is known; the rest are recordings of anything known."""
    glass_node: str = "window_glass"
    counts: tuple[float, ...] = (0.12, 0.43, 0.30, 0.15)
    """Probability of 0, 1, 2, 3 foreground sounds."""
    abrupt_share: float = 0.0
    """Of scenes with foreground sounds, those that begin in the middle of one."""
    bed_share: float = 0.8
    room_share: float = 0.55
    colour_share: float = 0.6
    overload_share: float = 0.08
    codec_share: float = 0.08

    @property
    def samples(self) -> int:
        """Samples of a scene, whole posterior frames."""
        return round(self.scene_s * SAMPLE_RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES


class SceneDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Scenes by index: audio (S,) float32, true (T, N) bool, unknown (T, N) bool."""

    def __init__(
        self,
        bank: Clips,
        label_map: LabelMap,
        labels: LabelSet,
        config: MixtureConfig,
        *,
        seed: int,
        length: int,
        hard_paths: Collection[str] = (),
        kinds: tuple[Odds, ...] = KINDS,
        called: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Sort the clips.

        Args:
            bank: recordings.
            label_map: what their labels mean.
            labels: the ontology.
            config: how scenes are drawn.
            seed: of all scenes.
            length: how many scenes there are.
            hard_paths: recordings that an earlier run took for something critical.
            kinds: what is synthesised.
            called: the ontology's own id of each synthesised node that it calls otherwise.

        Raises:
            TrainingDataError: a label of the bank is not in the label map, none of its sounds has
                a node, or the ontology lacks nodes of `kinds`, which are synthesised.
        """
        made = {node: called.get(node, node) for nodes, _ in kinds for node in nodes}
        _check(bank, label_map, labels, made.values())
        self.kinds = kinds
        self.bank, self.targets, self.labels = bank, label_map.targets, labels
        self.config, self.seed, self.length = config, seed, length
        self.recorded = RecordedSounds(
            bank, self.targets, break_node=config.glass_node, hard_paths=hard_paths
        )
        self.rooms = self._rooms()
        self.synthesised = {node: node_target(labels, here) for node, here in made.items()}

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        config = self.config
        frames = config.samples // FRAME_SAMPLES
        gain_db, noise_db = float(rng.uniform(-26, 4)), float(rng.uniform(-95, -62))
        least_db = noise_db - gain_db  # what the microphone's own noise would drown
        bed_db = float(rng.uniform(max(-70.0, least_db), -26))
        sounds = [self._bed(rng, bed_db)]
        count = int(rng.choice(len(config.counts), p=config.counts))
        sounds += [self._foreground(rng, bed_db) for _ in range(count)]
        audio = torch.stack([sound.audio for sound in sounds]).sum(0)

        true = np.zeros((frames, len(self.labels.nodes)), dtype=np.bool_)
        unknown = np.zeros_like(true)
        for sound in sounds:
            true |= sound.active[:, None] & sound.target.true
            near = sound.active | sound.blurred
            unknown |= near[:, None] & sound.target.unknown
            unknown |= sound.blurred[:, None] & sound.target.true
        unknown &= ~true
        if count and rng.random() < config.abrupt_share:
            onset_frame = int(sounds[-1].active.argmax())
            cut, true, unknown = abrupt(audio.numpy(), true, unknown, onset_frame, rng)
            audio = as_tensor(cut)
        audio = self._record(rng, audio, gain_db=gain_db, noise_db=noise_db)
        return audio, torch.from_numpy(true), torch.from_numpy(unknown)

    def _bed(self, rng: np.random.Generator, level_db: float) -> Sound:
        """A steady sound over the whole scene, or mere room noise."""
        samples = self.config.samples
        frames = samples // FRAME_SAMPLES
        everywhere = np.ones(frames, dtype=np.bool_)
        if rng.random() < self.config.bed_share and self.recorded.beds:
            label, clip = self.recorded.one_of(self.recorded.beds, rng)
            repeats = -(-samples // len(clip)) + 1
            start = int(rng.integers(0, len(clip)))
            audio = as_tensor(np.tile(clip, repeats)[start : start + samples])
            target = self.targets[label]
        else:
            noise = render_household(draw_household(rng, None), self.config.scene_s, rng)
            audio = as_tensor(noise.samples[:samples])
            nothing = np.zeros(len(self.labels.nodes), dtype=np.bool_)
            target = Target(node=None, true=nothing, unknown=nothing)
        audio = at_level(audio, level_db, over_all=True)
        active = active_frames(audio.numpy()) if target.node is not None else everywhere
        return Sound(audio=audio, active=active, blurred=everywhere & ~active, target=target)

    def _foreground(self, rng: np.random.Generator, bed_db: float) -> Sound:
        config = self.config
        draw = rng.random()
        shares = (config.alarm_share, config.tone_share, config.break_share, config.household_share)
        for share, (nodes, odds) in zip(shares, self.kinds, strict=True):
            if draw < share and nodes:
                node = str(rng.choice(nodes, p=odds))
                sound = synthesise(node, self.synthesised[node], config.samples, rng)
                break
            draw -= share
        else:
            label, clip = self._recording(rng, draw)
            sound = place_at_random(clip, self.targets[label], config.samples, rng)
        audio = sound.audio
        if rng.random() < config.room_share:
            audio = self.rooms[int(rng.integers(len(self.rooms)))].apply(audio)
        if rng.random() < config.colour_share / 2:
            audio = draw_tone(rng, strength=0.6).apply(audio)
        audio = at_level(audio, float(rng.uniform(bed_db - 1, -4)), over_all=False)
        return replace(sound, audio=audio)

    def _record(
        self, rng: np.random.Generator, audio: Tensor, *, gain_db: float, noise_db: float
    ) -> Tensor:
        """What microphone and converter make of it: colour, noise, overload, codec, gain."""
        config = self.config
        if rng.random() < config.colour_share:
            audio = draw_tone(rng).apply(audio)
        if rng.random() < config.overload_share:
            audio = draw_overload(rng).apply(audio)
        if rng.random() < config.codec_share:
            audio = draw_codec(rng).apply(audio)
        audio = Gain(gain_db=gain_db).apply(audio)
        noise = torch.from_numpy(rng.standard_normal(len(audio), dtype=np.float32))
        audio = audio + noise * 10 ** (noise_db / 20)
        return (audio * 32767).round().clamp(-32768, 32767) / 32768

    def _recording(self, rng: np.random.Generator, draw: float) -> tuple[str, NDArray[np.float32]]:
        """Label and samples (S,) of a break, of one that was mistaken before, or of anything."""
        config, recorded = self.config, self.recorded
        if draw < config.glass_share:
            return recorded.a_break(rng) if recorded.breaks else self._anything(rng)
        draw -= config.glass_share
        if draw < config.hard_share:
            return recorded.a_hard_one(rng) if recorded.hard else self._anything(rng)
        draw -= config.hard_share
        if draw < config.unlabelled_share and recorded.unlabelled:
            return recorded.one_of(recorded.unlabelled, rng)
        return self._anything(rng)

    def _anything(self, rng: np.random.Generator) -> tuple[str, NDArray[np.float32]]:
        return self.recorded.one_of(self.recorded.sounds, rng)

    def _rooms(self) -> list[Room]:
        """Measured impulse responses, cut at their direct path, and as many simulated ones."""
        rng = np.random.default_rng([self.seed, 0x0500])
        recorded = (
            self.bank.clip(index)
            for index, row in enumerate(self.bank.rows)
            if row.label == ROOM_LABEL
        )
        responses = [response[int(np.abs(response).argmax()) :] for response in recorded]
        count = max(len(responses), 40)
        responses += [render_room(draw_room(rng), rng) for _ in range(count)]
        return [Room(response=as_tensor(response[:_ROOM_SAMPLES])) for response in responses]


def _check(
    bank: Clips, label_map: LabelMap, labels: LabelSet, synthesised: Collection[str]
) -> None:
    refuse_unknown((row.label for row in bank.rows if row.label != ROOM_LABEL), label_map)
    found = {row.label for row in bank.rows} - {ROOM_LABEL}
    if not any(label_map.targets[label].node for label in found & set(label_map.targets)):
        raise TrainingDataError(
            f"no recording with a sound of the ontology among {len(bank.rows)} clips; scenes need "
            "at least one label whose entry in the label map has a node"
        )
    if lacking := sorted(set(synthesised) - set(labels.nodes)):
        raise TrainingDataError(
            f"the ontology lacks nodes that training synthesises: {', '.join(lacking)}; add them"
        )
