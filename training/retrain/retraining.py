"""All of a retraining in order: look, estimate, train, compare, write."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import track

from aed.bundle import load_bundle
from ontology import LabelSet, Ontology
from training.errors import TrainingDataError
from training.kinds import called_in
from training.loop.checkpoints import CHECKPOINT_NAME
from training.loop.config import RunConfig, read_run
from training.loop.train import train
from training.retrain import gate, release
from training.retrain.estimate import estimate
from training.retrain.hearings import Scene, own_scenes, synthesised_scene
from training.retrain.held_out import HeldOut
from training.retrain.keeping import KeepingRun
from training.retrain.layouts import read_data, read_unlabelled
from training.retrain.listing import printable
from training.retrain.naming import Names
from training.retrain.own_data import OwnData, own_data, refuse_or_warn_of_few
from training.retrain.release import Retrained
from training.retrain.scenes import default_run, held_out_scenes, training_scenes, views
from training.retrain.survey import refuse_or_tell, survey
from training.retrain.trial import trial_scenes
from training.retrain.warm_start import Origin, open_origin

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be retrained.

    Attributes:
        origin: name or folder of the bundle to begin with.
        ontology: of the new model.
        data: folder of recordings, or a list of them.
        unlabelled: folder of recordings of which nothing is known, or None.
        out: checkpoint, log and bundle go here.
        cache: decoded recordings are kept here.
        run_file: settings in place of the default ones, or None.
        seed: in place of the one in the settings, or None.
        workers: processes that make scenes.
        accept: take a model that hears critical sounds worse than the old one.
        skip_faulty: leave out clips that cannot be used, in place of stopping.
        trial_share: of the synthesised scenes of the comparison.
    """

    origin: str
    ontology: Ontology
    data: Path
    out: Path
    cache: Path
    unlabelled: Path | None = None
    run_file: Path | None = None
    seed: int | None = None
    workers: int = 2
    accept: bool = False
    skip_faulty: bool = False
    trial_share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        bundle: its folder.
        verdict: of the gate.
    """

    bundle: Path
    verdict: gate.Verdict


def retrain(order: Order, fabric: Fabric, console: Console) -> Outcome:
    """Retrain, or go on where the same order was interrupted.

    Args:
        order: what is wanted.
        fabric: where it computes; one process.
        console: for everything that is told on the way.

    Raises:
        AedError: bundle, ontology, recordings or settings cannot be used; says why.
        KeyboardInterrupt: somebody asked to stop; a checkpoint is kept.
    """
    if fabric.world_size > 1:
        raise TrainingDataError("a retraining is small: start it as one process, without torchrun")
    origin = open_origin(order.origin)
    release.refuse_to_replace(origin, order.out)
    labels = LabelSet(order.ontology)
    data = _look(order, labels, origin, console)
    trained = _train(order, data, origin, fabric, console)
    _tell(console, release.lost_second_look(origin))
    folder = order.out / release.UNJUDGED_FOLDER
    _tell(console, release.write_unjudged(trained, folder))
    kept = origin.kept(labels)
    scenes = _scenes(order, trained, console)
    verdict = gate.compare(scenes, origin.bundle, load_bundle(folder), kept)
    gate.show(verdict, console)
    bundle = release.write_verdict(folder, verdict, order.out, accepted=order.accept)
    return Outcome(bundle=bundle, verdict=verdict)


def _look(order: Order, labels: LabelSet, origin: Origin, console: Console) -> OwnData:
    """Everything that can be wrong with the recordings is told before anything is trained."""
    names = Names(labels)
    listings = [read_data(order.data, names)]
    if order.unlabelled is not None:
        listings.append(read_unlabelled(order.unlabelled))
    _tell(console, f"{order.data}: {listings[0].layout}, {len(listings[0].clips)} clips")
    found = survey(listings, names, console)
    for note in found.notes:
        _tell(console, note)
    refuse_or_tell(found, order.out, console, skip_faulty=order.skip_faulty)
    data = own_data(found.clips, labels, order.cache)
    for warning in refuse_or_warn_of_few(data, frozenset(origin.kept(labels))):
        _tell(console, warning)
    counts, held_out = data.clips_of(data.train), data.clips_of(data.held_out)
    told = ", ".join(f"{node} {counts[node]} + {held_out[node]}" for node in sorted(counts))
    minutes = data.duration_s / 60
    _tell(console, f"clips learned from + held out, {minutes:.1f} minutes in all: {told}")
    return data


def _train(
    order: Order, data: OwnData, origin: Origin, fabric: Fabric, console: Console
) -> Retrained:
    config = _config(order, data)
    run = KeepingRun(
        config,
        data.labels,
        origin,
        fabric,
        material=data.digest(origin.bundle.digest),
        taught=data.taught(),
    )
    scenes = training_scenes(data, config)
    checkpoint = order.out / CHECKPOINT_NAME
    if checkpoint.exists():
        run.load(checkpoint)
    held_out = HeldOut(run, held_out_scenes(data, config), order.out)
    if run.step < config.steps and not held_out.is_over():
        seen = views(scenes, config)
        _tell(console, estimate(run, seen, workers=order.workers).sentence())
        train(run, seen, order.out, workers=order.workers, enough=held_out.enough)
    return Retrained(
        model=held_out.best_model(), config=config, steps=run.step, origin=origin, data=data
    )


def _config(order: Order, data: OwnData) -> RunConfig:
    name = order.ontology.name
    config = default_run(name, data) if order.run_file is None else read_run(order.run_file)
    if config.distillation.weight > 0:
        raise TrainingDataError(
            f"{order.run_file}: distillation.weight is above 0; a retraining has the old model as "
            "its teacher, set it to 0"
        )
    return config if order.seed is None else replace(config, seed=order.seed)


def _scenes(order: Order, trained: Retrained, console: Console) -> Iterator[Scene]:
    """Held-out recordings and the trial, for the gate."""
    data, origin = trained.data, trained.origin
    kept = origin.kept(data.labels)
    called = called_in(order.ontology)
    worried = gate.critical(origin.bundle.labels, data.labels, kept)
    critical = tuple(made for made, node in called.items() if node in worried)
    own = own_scenes(data.bank(data.held_out), data.label_map.targets)
    synthesised = (
        synthesised_scene(scene, data.labels, called)
        for scene in trial_scenes(critical, share=order.trial_share)
    )
    hidden = not console.is_terminal
    everything = (scene for part in (own, synthesised) for scene in part)
    yield from track(
        everything, "comparing", total=None, console=console, transient=True, disable=hidden
    )


def _tell(console: Console, sentence: str | None) -> None:
    if sentence:
        console.print(printable(sentence), markup=False, highlight=False, soft_wrap=True)
