"""From a finished run to a bundle: calibrate, choose thresholds, measure, write, show.

`python -m training.release` repeats it for a checkpoint.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aed.model.joint import JointModel
from training.clips.bank import ClipRow
from training.errors import TrainingDataError
from training.labels import ROOM_LABEL, LabelMap, read_label_map
from training.loop.config import RunConfig
from training.loop.run import Run
from training.release import calibrate, evaluate
from training.release.export import BundleFacts, export_bundle
from training.release.model_card import write_card
from training.scenes.mixtures import SceneDataset
from training.session import TrainingData
from training.synthesis.scene import home_scene

CALIBRATION_SCENES = 240
CALIBRATION_SEED = 77
DEFAULT_THRESHOLDS: Mapping[str, float] = {
    "on": 0.6,
    "off": 0.3,
    "dwell_s": evaluate.DEFAULT_DWELL_S,
    "hold_s": 1.0,
}

_logger = logging.getLogger(__name__)


def write(run: Run, data: TrainingData, out: Path) -> Path:
    """Calibrate and measure the averaged weights of a run and write `out`/bundle.

    Returns:
        The bundle's folder. `evaluation.json` stands beside it.
    """
    model, labels = run.averaged_model(), run.labels
    label_map = read_label_map(labels)
    targets = label_map.targets
    dev, reserved = measured_rows(data, label_map)
    scale, bias = _calibrate(model, data, label_map, run.config)
    _logger.info("measuring on %d clips of dev and %d of held-out groups", len(dev), len(reserved))
    bank = data.bank((*dev, *reserved))
    clips = evaluate.score_clips(model, bank, targets, scale=scale, bias=bias)
    nodes = labels.nodes
    on_dev = evaluate.node_scores(_first(clips, len(dev)), nodes)
    on_all = evaluate.node_scores(clips, nodes)
    print(evaluate.table(on_dev, "dev"))
    print(evaluate.table(on_all, "dev and held-out groups of train"))
    quality = {
        "measured_by": "aed train, after the last step; python -m training.release repeats it",
        "untaught": data.untaught(run.config, label_map, labels),
        "average_precision_dev": {s.node: round(s.average_precision, 3) for s in on_dev},
        "average_precision_dev_and_held_out": {
            s.node: round(s.average_precision, 3) for s in on_all
        },
    }
    facts = BundleFacts(
        name=run.config.name,
        scale=dict(zip(nodes, map(_rounded, scale), strict=True)),
        bias=dict(zip(nodes, map(_rounded, bias), strict=True)),
        thresholds=calibrate.choose_thresholds(clips, labels, DEFAULT_THRESHOLDS),
        quality=quality,
        data=_sources(data, run.config),
        training={"steps_done": run.step, "run": run.config.as_dict()},
    )
    bundle = out / "bundle"
    export_bundle(model, facts, self_test_clip(), bundle)
    write_card(bundle, facts)
    figures = {"dev": [asdict(s) for s in on_dev], "dev_and_held_out": [asdict(s) for s in on_all]}
    (out / "evaluation.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print(f"bundle written to {bundle}")
    return bundle


def measured_rows(
    data: TrainingData, label_map: LabelMap
) -> tuple[tuple[ClipRow, ...], tuple[ClipRow, ...]]:
    """Rows of dev, and of the held-out groups of train, that a release is measured on.

    Raises:
        TrainingDataError: there are none, so that nothing could be calibrated or measured.
    """
    known = [row for row in data.rows if row.label in label_map.targets]
    dev = tuple(row for row in known if row.split == "dev")
    reserved = tuple(row for row in known if row.split != "dev" and row.group in data.reserved)
    if not dev:
        raise TrainingDataError(
            f"{data.folder}: no row of the manifest has split `dev`; a bundle's thresholds are "
            "chosen on such recordings, so mark some groups"
        )
    if not any(label_map.targets[row.label].node for row in reserved):
        raise TrainingDataError(
            f"{data.folder}: no group is held out of training, so nothing could be calibrated; "
            "give some label at least 6 groups, or the run a higher held_out_share"
        )
    return dev, reserved


def _calibrate(
    model: JointModel, data: TrainingData, label_map: LabelMap, config: RunConfig
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and bias from scenes of held-out groups (and measured rooms, which carry no label)."""
    rows = tuple(row for row in data.rows if row.group in data.reserved or row.label == ROOM_LABEL)
    scenes = SceneDataset(
        data.bank(rows),
        label_map,
        model.labels,
        replace(config.mixture, glass_share=0.0),
        seed=CALIBRATION_SEED,
        length=CALIBRATION_SCENES,
    )
    _logger.info("calibrating on %d scenes of held-out groups", len(scenes))
    return calibrate.fit(model, scenes)


def _first(clips: evaluate.ClipScores, count: int) -> evaluate.ClipScores:
    return evaluate.ClipScores(
        scores=clips.scores[:count],
        sustained=clips.sustained[:count],
        true=clips.true[:count],
        unknown=clips.unknown[:count],
        paths=clips.paths[:count],
    )


def _rounded(value: torch.Tensor) -> float:
    return round(float(value), 5)


def self_test_clip() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Twelve seconds of the synthesised home: an alarm that begins in the middle."""
    scene = home_scene(seed=1)
    onset_s = next(span.onset_s for span in scene.spans if span.node == "smoke_alarm")
    start = round((onset_s - 4.0) * 16_000)
    return scene.samples[start : start + 12 * 16_000]


def _sources(data: TrainingData, config: RunConfig) -> list[dict[str, Any]]:
    """One row for each source and licence whose recordings trained the weights."""
    rows = data.training_rows(config)
    counts = Counter((row.source, row.licence) for row in rows if row.label != ROOM_LABEL)
    return [
        {"source": source, "licence": licence, "clips": count}
        for (source, licence), count in sorted(counts.items())
    ]
