"""How well a scarce class is told in recordings from sessions that training never heard.

`python -m training.leave_one_group_out` makes the shipped model anew for each group of the class:
its first run without any real recording of it, shared by all folds, then its last run with all
groups but that one. `--folds K` leaves the groups out in K sets, which costs less. Each fold scores
what it left out against negatives that no fold trains on (dev, and held-out groups of train). Folds
resume where they stopped; a finished one leaves a small JSON. With `--teacher` YAMNet is scored on
the same clips in the end.
"""

import argparse
import hashlib
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

import ontology
from ontology import AedError, LabelSet
from training.clips.manifest import ClipRow
from training.errors import TrainingDataError
from training.evaluation.contestants import Yamnet
from training.labels import read_label_map
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint
from training.loop.config import SHIPPED_RUNS, RunConfig, read_run
from training.loop.run import Run
from training.loop.train import train
from training.release import evaluate
from training.session import TrainingData, open_data, views

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Groups left out together.

    Attributes:
        groups: their names.
        positives: highest posterior in each of their clips.
        average_precision: of these against the negatives.
        recall_at: share of their clips above all but so many negatives.
    """

    groups: str
    positives: tuple[float, ...]
    average_precision: float
    recall_at: dict[str, float]


def groups_of(data: TrainingData, label: str) -> list[str]:
    """Groups of a label that may train."""
    return sorted(
        {
            row.group
            for row in data.rows
            if row.label == label and row.split == "train" and row.use == "ship"
        }
    )


def score_fold(
    run: Run, data: TrainingData, *, label: str, groups: Sequence[str], node: str
) -> Fold:
    """Score the clips of the groups left out against the negatives."""
    targets = read_label_map(run.labels).targets
    rows = _judged_rows(data, label, groups)
    ones, zeros = torch.ones(len(run.labels.nodes)), torch.zeros(len(run.labels.nodes))
    clips = evaluate.score_clips(
        run.averaged_model(), data.bank(rows), targets, scale=ones, bias=zeros
    )
    column = run.labels.index[node]
    known = ~clips.unknown[:, column]
    true, scores = clips.true[known, column], clips.scores[known, column]
    return Fold(
        groups=", ".join(groups),
        positives=tuple(round(float(score), 4) for score in scores[true]),
        average_precision=float(average_precision_score(true, scores)),
        recall_at=recall_at(scores[true], scores[~true], false_positives=(0, 1, 5)),
    )


def score_yamnet(
    data: TrainingData,
    labels: LabelSet,
    folder: Path,
    *,
    label: str,
    groups: Sequence[str],
    node: str,
) -> Fold:
    """Score YAMNet on the clips of all groups, against the same negatives."""
    targets = read_label_map(labels).targets
    rows = tuple(row for row in _judged_rows(data, label, groups) if row.label in targets)
    column, yamnet = labels.index[node], Yamnet(folder, labels, [node])
    bank = data.bank(rows)
    scores = np.array(
        [yamnet.hear(bank.clip(index)).scores.max() for index in range(len(rows))], np.float32
    )
    true = np.array([targets[row.label].true[column] for row in rows])
    known = np.array([not targets[row.label].unknown[column] for row in rows])
    return Fold(
        groups="YAMNet, on all of them",
        positives=tuple(round(float(score), 4) for score in scores[true]),
        average_precision=float(average_precision_score(true[known], scores[known])),
        recall_at=recall_at(scores[true], scores[known & ~true], false_positives=(0, 1, 5)),
    )


def _judged_rows(data: TrainingData, label: str, groups: Sequence[str]) -> tuple[ClipRow, ...]:
    """Clips of the groups, and all that no fold trains on."""
    return tuple(
        row
        for row in data.rows
        if (row.label == label and row.group in groups)
        or (row.label != label and (row.split == "dev" or row.group in data.reserved))
    )


def recall_at(
    positives: NDArray[np.float32],
    negatives: NDArray[np.float32],
    *,
    false_positives: Sequence[int],
) -> dict[str, float]:
    """Share of positives above all but the k loudest negatives, for each k."""
    loudest = np.append(np.sort(negatives)[::-1], np.full(max(false_positives) + 1, -np.inf))
    return {str(k): float(np.mean(positives > loudest[k])) for k in false_positives}


def main() -> int:
    """Run what is missing of the base and the folds, then print the table."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    tree = ontology.home()
    base_config, last_config = read_run(SHIPPED_RUNS[0]), read_run(SHIPPED_RUNS[-1])
    if arguments.fold_steps is not None:
        last_config = replace(last_config, steps=arguments.fold_steps)
    data = open_data(arguments.data, arguments.cache, held_out_share=base_config.held_out_share)
    groups = groups_of(data, arguments.label)
    if not 0 < (arguments.folds or len(groups)) <= len(groups):
        raise TrainingDataError(
            f"wanted 1 to {len(groups)} folds, as many as groups of {arguments.label!r} may train"
        )
    base = arguments.base or arguments.out / "base" / CHECKPOINT_NAME
    base_config = replace(base_config, exclude_groups=tuple(groups))
    if arguments.base is None:
        scenes = data.scenes(base_config, tree)
        seen = views(scenes, base_config, arguments.teacher)
        train(Run(base_config, scenes.labels), seen, base.parent, workers=arguments.workers)
    _refuse_heard(base, groups)

    folds = []
    count = arguments.folds or len(groups)
    for number in range(count):
        left_out = tuple(groups[number::count])
        out = arguments.out / f"fold-{number}-of-{count}"
        result = out / "fold.json"
        config = replace(last_config, name=f"fold {number} of {count}", exclude_groups=left_out)
        asked = _asked(config, base, arguments.label, arguments.node)
        if not result.exists():
            scenes = data.scenes(config, tree)
            run = Run(config, scenes.labels)
            run.warm_start(base)
            seen = views(scenes, config, arguments.teacher)
            train(run, seen, out, workers=arguments.workers)
            fold = score_fold(
                run, data, label=arguments.label, groups=left_out, node=arguments.node
            )
            _write(result, fold, asked)
        folds.append(_read(result, asked))
    _print(folds, arguments.node)
    if arguments.teacher is not None:
        named = {"label": arguments.label, "groups": groups, "node": arguments.node}
        peer = score_yamnet(data, LabelSet(tree), arguments.teacher, **named)
        print(_line(peer.groups, len(peer.positives), peer.average_precision, peer.recall_at))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.leave_one_group_out", description=main.__doc__
    )
    data_folder = os.environ.get("AED_DATA")
    parser.add_argument("--data", type=Path, default=Path(data_folder) if data_folder else None)
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--out", type=Path, default=Path("build/leave_one_group_out"))
    parser.add_argument("--label", default="glass_breaking")
    parser.add_argument("--node", default="window_glass")
    parser.add_argument("--folds", type=int, default=None, help="default: one for each group")
    parser.add_argument(
        "--base", type=Path, metavar="CHECKPOINT", help="of the first run, if it is there already"
    )
    parser.add_argument("--fold-steps", type=int, help="fewer steps than the last run has")
    teacher = os.environ.get("AED_YAMNET")
    parser.add_argument("--teacher", type=Path, default=Path(teacher) if teacher else None)
    parser.add_argument("--workers", type=int, default=2)
    return parser


def _refuse_heard(base: Path, groups: Sequence[str]) -> None:
    heard = sorted(set(groups) - set(read_checkpoint(base)["config"]["exclude_groups"]))
    if heard:
        raise TrainingDataError(
            f"{base}: has heard {', '.join(heard)}; the base of folds must have heard none of the "
            "groups that they leave out"
        )


def _asked(config: RunConfig, base: Path, label: str, node: str) -> str:
    """A hash of all that decides a fold but the recordings themselves."""
    settings = json.dumps([config.as_dict(), label, node], sort_keys=True).encode()
    return hashlib.sha256(settings + base.read_bytes()).hexdigest()[:16]


def _read(path: Path, asked: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    if document.get("asked") != asked:
        raise TrainingDataError(
            f"{path}: is of another base, label or settings; use another --out, or delete it"
        )
    return document


def _write(path: Path, fold: Fold, asked: str) -> None:
    document = {
        "asked": asked,
        "groups": fold.groups,
        "positives": fold.positives,
        "average_precision": round(fold.average_precision, 4),
        "recall_at": {k: round(value, 4) for k, value in fold.recall_at.items()},
    }
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _print(folds: Sequence[dict[str, object]], node: str) -> None:
    print(f"{node}: groups left out of training, against negatives no fold trained on")
    print(f"{'groups':<40} {'clips':>5} {'AP':>6}  recall at 0, 1, 5 false positives")
    counts, sums = 0, np.zeros(3)
    for fold in folds:
        positives, recall = fold["positives"], fold["recall_at"]
        if not isinstance(positives, list) or not isinstance(recall, dict):
            raise TypeError(f"not a fold: {fold!r}")
        shares = [float(recall[k]) for k in ("0", "1", "5")]
        counts, sums = counts + len(positives), sums + len(positives) * np.array(shares)
        print(_line(str(fold["groups"]), len(positives), fold["average_precision"], recall))
    print(f"{'all clips':<40} {counts:5d} {'':6}  " + " ".join(f"{s / counts:.2f}" for s in sums))


def _line(groups: str, clips: int, precision: object, recall: Mapping[str, float]) -> str:
    shares = " ".join(f"{float(recall[k]):.2f}" for k in ("0", "1", "5"))
    return f"{groups:<40} {clips:5d} {precision:6.3f}  {shares}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AedError as error:
        sys.exit(f"aed: {error}")
