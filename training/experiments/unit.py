"""Makes the cells that share trained weights: data, training, figures, one file each."""

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.clips.bank import ClipBank
from training.experiments.cells import Result, source_commit, write_result
from training.experiments.corpora import Corpus, open_corpus
from training.experiments.crops import CropSource
from training.experiments.fitting import Fitted, Lesson, fit
from training.experiments.grid import Cell
from training.experiments.heads import Objective, objective_of
from training.experiments.judging import (
    chosen_threshold,
    closed_figures,
    distorted_figures,
    judge_of,
    selective_figures,
    stranger_figures,
    unseen_figures,
)
from training.experiments.methods import METHODS, network_of
from training.experiments.pretraining import Weights, pretrain
from training.experiments.settings import Settings, settings_for
from training.experiments.spectra import open_spectra
from training.experiments.splits import Split, split
from training.experiments.steps import Deadline, Watch
from training.experiments.strangers import JUDGED, TAUGHT, stranger_bank

_ROOT = Path(__file__).parents[2]
_JUDGING_SEED = 1
"""Of the rooms, backgrounds and lines that distort test clips; those that teach have seed 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where a cell takes its clips from and leaves its file.

    Attributes:
        data: folder with a manifest.tsv.
        cache: decoded clips and spectra.
        out: folder of cells.
        is_smoke: seconds a cell, figures that mean nothing.
        budget_s: most seconds of a cell, or None.
    """

    data: Path
    cache: Path
    out: Path
    is_smoke: bool
    budget_s: float | None


def make_cells(cells: Sequence[Cell], place: Workplace, watch: Watch) -> Iterator[Result]:
    """Make cells of one unit (`grid.units`), writing each file as soon as it is known.

    Raises:
        BudgetError: a cell takes too long.
        TrainingDataError: clips cannot be used, or files not be written.
    """
    shared = Shared(cells[0], place)
    for cell in cells:
        lesson = shared.lesson(cell, place, watch)
        trained = shared.trained(cell, lesson)
        started_s = time.process_time()
        metrics = _metrics(trained, lesson, shared, cell, place.cache)
        result = Result(
            cell=cell,
            settings=shared.settings.as_dict(),
            data=_facts(shared.corpus, lesson.split, trained.fitted),
            metrics=metrics,
            seconds=round(trained.seconds + time.process_time() - started_s, 1),
            memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            commit=source_commit(_ROOT),
            command=f"python -m training.experiments run {cell.name}",
        )
        write_result(result, place.out)
        yield result


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network, what its outputs mean, and its seconds of processor time, pretraining included."""

    fitted: Fitted
    objective: Objective
    seconds: float


class Shared:
    """What the cells of a unit share: clips, their spectra, and networks once they are trained."""

    def __init__(self, cell: Cell, place: Workplace, settings: Settings | None = None) -> None:
        if settings is None:
            settings = settings_for(cell.dataset, smoke=place.is_smoke)
        self.settings = settings
        self.whole = open_corpus(
            cell.dataset, place.data, place.cache, clips_per_node=settings.clips_per_node
        )
        self.corpus = self.whole if cell.unseen is None else self.whole.without(cell.unseen)
        self._crops = _crops(self.whole.bank, settings, place.cache, views=settings.views)
        self.distorted = _crops(self.whole.bank, settings, place.cache, views=1, seed=_JUDGING_SEED)
        strangers = stranger_bank(TAUGHT)
        self._strangers = _crops(strangers, settings, place.cache, views=settings.views)
        self._pretrained: tuple[Weights, float] | None = None
        self._trained: dict[tuple[str, int], Trained] = {}

    def lesson(self, cell: Cell, place: Workplace, watch: Watch) -> Lesson:
        """What a cell's network learns from; its time begins to run."""
        return Lesson(
            corpus=self.corpus,
            split=split(self.whole, cell),
            crops=self._crops,
            strangers=self._strangers,
            settings=self.settings,
            seed=cell.turn,
            watch=watch,
            deadline=Deadline.after(place.budget_s),
        )

    def trained(self, cell: Cell, lesson: Lesson) -> Trained:
        """The network of a cell, trained unless another cell has had it trained."""
        method = METHODS[cell.method]
        key = (network_of(cell.method), cell.label_percent)
        if key not in self._trained:
            encoder, before_s = self._encoder(lesson) if method.is_pretrained else (None, 0.0)
            started_s = time.process_time()
            objective = objective_of(method.head, self.corpus.labels)
            fitted = fit(lesson, method, objective, encoder)
            seconds = before_s + time.process_time() - started_s
            self._trained[key] = Trained(fitted=fitted, objective=objective, seconds=seconds)
        return self._trained[key]

    def _encoder(self, lesson: Lesson) -> tuple[Weights, float]:
        """Pretrained weights, and the seconds they took."""
        if self._pretrained is None:
            started_s = time.process_time()
            weights = pretrain(lesson)
            self._pretrained = weights, time.process_time() - started_s
        return self._pretrained


def _crops(
    bank: ClipBank, settings: Settings, cache: Path, *, views: int, seed: int = 0
) -> CropSource:
    frames = settings.crop_frames
    spectra = open_spectra(bank, cache, views_per_clip=views, least_frames=frames, seed=seed)
    return CropSource(spectra, frames)


def _metrics(
    trained: Trained, lesson: Lesson, shared: Shared, cell: Cell, cache: Path
) -> dict[str, Any]:
    """Closed-set figures; where there are dev clips also those that need a threshold."""
    parts, columns, fitted = lesson.split, lesson.corpus.columns, trained.fitted
    judge = judge_of(fitted.network, trained.objective, lesson.corpus.labels, METHODS[cell.method])
    found = judge.probabilities(lesson.crops, parts.test)
    metrics = closed_figures(judge, found, columns[parts.test])
    distorted = judge.probabilities(shared.distorted, parts.test, view=1)
    metrics["distorted"] = distorted_figures(judge, found, distorted, columns[parts.test])
    metrics["training_loss"] = fitted.loss
    metrics["pseudo_labels"] = _teaching(fitted)
    if not len(parts.dev):
        return metrics
    dev = judge.probabilities(lesson.crops, parts.dev)
    threshold = chosen_threshold(judge, dev, columns[parts.dev])
    metrics["selective"] = selective_figures(judge, threshold, found, columns[parts.test])
    bank = stranger_bank(JUDGED)
    crops = _crops(bank, lesson.settings, cache, views=0)
    strange = {
        kind: judge.probabilities(crops, np.flatnonzero([row.label == kind for row in bank.rows]))
        for kind in JUDGED
    }
    metrics["at_the_root"] = stranger_figures(judge, threshold, strange)
    if cell.unseen is not None:
        unheard = judge.probabilities(lesson.crops, parts.unseen)
        parent = shared.whole.labels.ontology.node(cell.unseen).parent
        assert parent is not None  # noqa: S101 - a leaf without sisters cannot be left out
        metrics["unseen"] = unseen_figures(judge, threshold, found, unheard, parent.id)
    return metrics


def _teaching(fitted: Fitted) -> dict[str, Any] | None:
    """Rate and accuracy of pseudo-labels by depth."""
    if fitted.teaching is None:
        return None
    accuracy = [None if np.isnan(share) else share for share in fitted.teaching.accuracy]
    return {"rate_by_depth": list(fitted.teaching.rate), "accuracy_by_depth": accuracy}


def _facts(corpus: Corpus, parts: Split, fitted: Fitted) -> dict[str, Any]:
    labels = corpus.labels
    return {
        "parameters": sum(weights.numel() for weights in fitted.network.encoder.parameters()),
        "nodes": len(labels),
        "leaves": sum(node.is_leaf for node in labels.ontology.nodes),
        "labelled_clips": len(parts.labelled),
        "train_clips": len(parts.train),
        "dev_clips": len(parts.dev),
        "test_clips": len(parts.test),
        "unseen_clips": len(parts.unseen),
    }
