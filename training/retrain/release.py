"""The bundle of a retrained model, and under which name it is written.

What the old model knew keeps its calibration and its thresholds, which were measured on more than
a home has; new nodes are calibrated on held-out sessions.

Axes: N ontology nodes.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from aed.model.joint import JointModel
from aed.verifier import VERIFIER_FILE
from training.errors import CheckpointError, TrainingDataError
from training.kinds import SYNTHESISED_NODES, called_in
from training.labels import node_target, untaught
from training.loop.config import RunConfig
from training.release import calibrate, evaluate
from training.release.description import open_description, seal
from training.release.export import LICENCE, BundleFacts, export_bundle
from training.release.model_card import CARD_NAME
from training.release.write import DEFAULT_THRESHOLDS, self_test_clip
from training.retrain.background import carry_background
from training.retrain.gate import Verdict
from training.retrain.own_data import OwnData
from training.retrain.scenes import held_out_scenes
from training.retrain.warm_start import Origin

BUNDLE_FOLDER = "bundle"
UNJUDGED_FOLDER = ".unjudged"
REFUSED_SUFFIX = "-not-accepted"
"""At the end of the name of a bundle that may not be installed, and of its folder's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """A finished training.

    Attributes:
        model: the best weights, in evaluation mode.
        config: of the run.
        steps: that were taken.
        origin: what it began with.
        data: what it learned from.
    """

    model: JointModel
    config: RunConfig
    steps: int
    origin: Origin
    data: OwnData


def refuse_to_replace(origin: Origin, out: Path) -> None:
    """Refuse to write where the bundle lies that is retrained: it would be deleted.

    Raises:
        TrainingDataError: it is one of the folders that are written in `out`.
    """
    lies = origin.bundle.path.resolve()
    folders = (UNJUDGED_FOLDER, BUNDLE_FOLDER, f"{BUNDLE_FOLDER}{REFUSED_SUFFIX}")
    if lies in [(out / folder).resolve() for folder in folders]:
        raise TrainingDataError(
            f"--from {origin.bundle.path}: lies where --out {out} will write the retrained bundle, "
            "which would delete it; name another --out folder"
        )


def write_unjudged(trained: Retrained, folder: Path) -> str | None:
    """Write the bundle as it is before the gate; what stood in the folder is removed.

    Returns:
        What is to be said of the background that it lacks, if it does.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        export_bundle(trained.model, _facts(trained), self_test_clip(), folder)
        return carry_background(trained.origin, trained.data.labels, folder)
    except OSError as error:
        raise CheckpointError(
            f"{folder}: cannot be written ({error.strerror}); make room there and start the same "
            "command again: the training itself is kept"
        ) from error


def write_verdict(folder: Path, result: Verdict, out: Path, *, accepted: bool) -> Path:
    """Write what the gate said into a bundle and move it to its place, which says it too.

    Args:
        folder: of the bundle.
        result: of the gate.
        out: where it goes: `bundle`, or `bundle-not-accepted`.
        accepted: whether the user takes it although it did not pass.

    Returns:
        The bundle's folder.
    """
    info = open_description(folder)
    is_free = result.passed or accepted
    info["name"] = info["name"] if is_free else f"{info['name']}{REFUSED_SUFFIX}"
    info["quality"]["gate"] = result.as_dict(accepted=is_free)
    seal(folder, info)
    (folder / CARD_NAME).write_text(_card(info), encoding="utf-8")
    places = {
        free: out / f"{BUNDLE_FOLDER}{'' if free else REFUSED_SUFFIX}" for free in (True, False)
    }
    for place in places.values():
        shutil.rmtree(place, ignore_errors=True)
    folder.rename(places[is_free])
    return places[is_free]


def untaught_nodes(trained: Retrained) -> list[str]:
    """Nodes that neither the old model nor this training heard an example of."""
    data, origin = trained.data, trained.origin
    labels = data.labels
    never_heard = set(origin.bundle.info["quality"].get("untaught", ()))
    targets = data.label_map.targets
    known = [targets[row.label] for row in data.train if row.label in targets]
    known += [
        node_target(labels, node)
        for node, before in origin.kept(labels).items()
        if before not in never_heard
    ]
    called = called_in(labels.ontology)
    known += [node_target(labels, called[made]) for made in SYNTHESISED_NODES & set(called)]
    return untaught(labels, known)


def lost_second_look(origin: Origin) -> str | None:
    """What is to be said of a second look, which belongs to one network and one ontology."""
    if VERIFIER_FILE not in origin.bundle.info["files"]:
        return None
    return (
        f"{origin.bundle.name} gives critical candidates a second look; the retrained model has "
        "none until one is fitted to it (python -m training.second_look)"
    )


def _facts(trained: Retrained) -> BundleFacts:
    origin, data = trained.origin, trained.data
    kept = origin.kept(data.labels)
    scale, bias = _calibration(trained, kept)
    return BundleFacts(
        name=trained.config.name,
        scale=scale,
        bias=bias,
        thresholds=_thresholds(trained, kept, scale, bias),
        quality={
            "measured_by": "aed train --from, after the last step",
            "untaught": untaught_nodes(trained),
            "own_clips": dict(sorted(data.clips_of(data.train).items())),
            "own_clips_held_out": dict(sorted(data.clips_of(data.held_out).items())),
        },
        data=[
            *(origin.bundle.info.get("data") or []),
            {"source": "own recordings", "licence": "own", "clips": len(data.train)},
        ],
        training={
            "from": {"name": origin.bundle.name, "digest": origin.bundle.digest},
            "steps_done": trained.steps,
            "run": trained.config.as_dict(),
        },
    )


def _calibration(
    trained: Retrained, kept: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Scale and bias by node: the old ones of what is kept, fitted ones of what is new."""
    labels, bundle = trained.data.labels, trained.origin.bundle
    scenes = held_out_scenes(trained.data, trained.config)
    count = len(labels)
    fitted = (torch.ones(count), torch.zeros(count))
    if scenes is not None:
        fitted = calibrate.fit(trained.model, scenes)
    told: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for numbers, old, new in zip(told, (bundle.scale, bundle.bias), fitted, strict=True):
        for column, node in enumerate(labels.nodes):
            was = kept.get(node)
            value = new[column] if was is None else old[bundle.labels.index[was]]
            numbers[node] = round(float(value), 5)
    return told


def _thresholds(
    trained: Retrained,
    kept: Mapping[str, str],
    scale: Mapping[str, float],
    bias: Mapping[str, float],
) -> dict[str, dict[str, float]]:
    """The old thresholds of what is kept; those of new nodes bear the other own clips."""
    data = trained.data
    labels = data.labels
    old = trained.origin.bundle.thresholds
    thresholds = {"default": dict(old.get("default", DEFAULT_THRESHOLDS))}
    thresholds |= {node: dict(old[was]) for node, was in kept.items() if was in old}
    new = [node for node in labels.nodes if node not in kept]
    if not new:
        return thresholds
    clips = evaluate.score_clips(
        trained.model,
        data.bank((*data.train, *data.held_out)),
        data.label_map.targets,
        scale=torch.tensor([scale[node] for node in labels.nodes]),
        bias=torch.tensor([bias[node] for node in labels.nodes]),
    )
    chosen = calibrate.choose_thresholds(clips, labels, DEFAULT_THRESHOLDS, also=new)
    return thresholds | {node: chosen[node] for node in new}


def _card(info: Mapping[str, Any]) -> str:
    training, quality = info["training"], info["quality"]
    rows = "\n".join(
        f"| {node} | {count} | {quality['own_clips_held_out'].get(node, 0)} |"
        for node, count in quality["own_clips"].items()
    )
    return f"""# Model card: {info["name"]}

Retrained at home from {training["from"]["name"]} ({training["from"]["digest"][:12]}) in
{training["steps_done"]} steps on own recordings and synthesised sounds, by `aed train --from`.
Weights under {LICENCE}, as those they came from.

**What it is not.** A certified life-safety device. Keep certified alarms, and test this one with
theirs.

**Compared with the old model.** {quality["gate"]["reason"]} The figures stand in `bundle.yaml`
under `quality.gate`.

| node | own clips learned from | held out |
|---|---|---|
{rows}
"""
