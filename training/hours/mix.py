"""`mix`: hours of home scenes without anything critical, and scenes with known events."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.progress import track

import ontology
from aed.audio import SAMPLE_RATE_HZ
from ontology import LabelSet
from training.clips.bank import open_bank
from training.clips.manifest import read_manifest
from training.errors import TrainingDataError
from training.evaluation.truth import (
    PARTS,
    TRUTH_NAME,
    Recording,
    read_truth,
    write_truth,
)
from training.hours.scenes import NEGATIVE_S, SNR_DB, Scene, event_scene, negative_scene
from training.hours.sources import Sources
from training.labels import read_label_map


@dataclass(frozen=True, slots=True, kw_only=True)
class MixConfig:
    """What is mixed.

    Attributes:
        data: folder with a manifest.tsv; its dev rows are used.
        cache: of decoded clips.
        recordings: folder of `fetch`.
        out: where scenes go.
        hours: of negatives.
        seed: of everything.
    """

    data: Path
    cache: Path
    recordings: Path
    out: Path
    hours: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One scene to be made.

    Attributes:
        name: of its file.
        part: whose sources it is mixed of.
        number: of the scene in its part; with the seed it decides everything.
        event: place of its critical clip among the part's; None for a negative scene.
        snr_db: of the event.
    """

    name: str
    part: str
    number: int
    event: int | None = None
    snr_db: float = 0.0


def mix(config: MixConfig, console: Console, *, jobs: int) -> tuple[Recording, ...]:
    """Make all scenes, then `truth.tsv`.

    Raises:
        TrainingDataError: sources cannot be used, or `out` cannot be written to.
    """
    _maker.open(config)
    orders = list(_orders(config))
    config.out.mkdir(parents=True, exist_ok=True)
    (config.out / TRUTH_NAME).unlink(missing_ok=True)  # it was of other scenes
    hidden = not console.is_terminal
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        made = list(
            track(
                pool.imap(_maker.make, orders, chunksize=4),
                "mixing",
                total=len(orders),
                console=console,
                disable=hidden,
            )
        )
    write_truth(config.out, made)
    return tuple(made)


def _orders(config: MixConfig) -> Iterator[Order]:
    scenes = round(config.hours * 3600 / NEGATIVE_S)
    for number in range(scenes):
        part = PARTS[number % len(PARTS)]
        yield Order(name=f"negative-{number:04d}.flac", part=part, number=number)
    for part in PARTS:
        for event in range(len(_maker.sources[part].critical)):
            for snr_db in SNR_DB:
                yield Order(
                    name=f"event-{part}-{event:03d}-{snr_db:+.0f}db.flac",
                    part=part,
                    number=1_000_000 + 100 * event + round(snr_db),
                    event=event,
                    snr_db=snr_db,
                )


class _Maker:
    """Makes scenes in whatever process it was forked into."""

    sources: dict[str, Sources]
    config: MixConfig

    def open(self, config: MixConfig) -> None:
        """Open all sources, once, before processes are forked."""
        labels = LabelSet(ontology.home())
        label_map = read_label_map(labels)
        rows = read_manifest(config.data)
        dev = tuple(row for row in rows if row.split == "dev" and row.label in label_map.targets)
        bank = open_bank(config.data, rows, config.cache).only(dev)
        recordings = read_truth(config.recordings / TRUTH_NAME, labels.nodes)
        self.config = config
        self.sources = {
            part: Sources(
                part,
                bank=bank,
                targets=dict(label_map.targets),
                labels=labels,
                folder=config.recordings,
                recordings=recordings,
            )
            for part in PARTS
        }

    def make(self, order: Order) -> Recording:
        """Make a scene and write it; it follows from the order alone."""
        scene = self._scene(order)
        path = self.config.out / order.name
        try:
            soundfile.write(path, scene.samples, SAMPLE_RATE_HZ)
        except (soundfile.LibsndfileError, OSError) as error:
            raise TrainingDataError(f"{path}: cannot be written ({error})") from error
        return Recording(
            path=order.name,
            kind="mixture",
            part=order.part,
            group=f"scenes of {order.part}",
            source="mixed",
            sounds=scene.sounds,
        )

    def _scene(self, order: Order) -> Scene:
        sources = self.sources[order.part]
        rng = np.random.default_rng([self.config.seed, order.number, PARTS.index(order.part)])
        if order.event is None:
            return negative_scene(sources, rng)
        return event_scene(sources, sources.critical[order.event], order.snr_db, rng)


_maker = _Maker()
