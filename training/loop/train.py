"""The training loop: scenes in, weights out, resumable at every checkpoint."""

import logging
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from training.errors import CheckpointError, TrainingDataError
from training.loop.checkpoints import CHECKPOINT_NAME
from training.loop.interruption import Interruption, leave_to_parent
from training.loop.progress import StepProgress
from training.loop.run import Run
from training.loop.step_log import LOG_NAME, StepLog

CHECKPOINT_EVERY_STEPS = 250
LOG_EVERY_STEPS = 50

Batches = Iterable[tuple[Tensor, ...]]

_logger = logging.getLogger(__name__)


class Share(Sampler[int]):
    """Indices of the scenes that one process takes of every global batch, in order.

    Step s has the scenes from s * `batch` to (s + 1) * `batch`, whoever takes them.

    Args:
        steps: the steps to go.
        batch: scenes of a step, of all processes together.
        process: which process this is, of `processes`.
        processes: how many there are.

    Raises:
        TrainingDataError: a batch cannot be shared equally.
    """

    def __init__(self, steps: range, *, batch: int, process: int = 0, processes: int = 1) -> None:
        if batch % processes:
            raise TrainingDataError(
                f"batch_scenes: {batch} scenes cannot be shared equally among {processes} "
                "processes; start as many as divide it"
            )
        self.steps, self.batch = steps, batch
        self.share = batch // processes
        self.first = process * self.share

    def __iter__(self) -> Iterator[int]:
        for step in self.steps:
            start = step * self.batch + self.first
            yield from range(start, start + self.share)

    def __len__(self) -> int:
        return len(self.steps) * self.share


def train(
    run: Run,
    scenes: Dataset[Any],
    out: Path,
    *,
    workers: int,
    enough: Callable[[int], bool] | None = None,
) -> None:
    """Train to the end of the run, logging to `out`/log.csv; continue where a checkpoint stands.

    Args:
        run: the run; every process has its own, all the same.
        scenes: by index, what a step takes, one of the whole batch; steps * batch_scenes of them.
        out: where checkpoint and log go; processes on several machines must share it.
        workers: processes that make scenes, for each process that trains.
        enough: asked at each line of the log, whose step a checkpoint holds by then, whether the
            run may end here.

    Raises:
        KeyboardInterrupt: somebody asked to stop; the step was finished and a checkpoint written.
        CheckpointError: checkpoint or log cannot be read or written, or belong to another run.
        TrainingDataError: the loss is no number, or a batch cannot be shared.
    """
    with Interruption(insist=run.fabric.world_size == 1) as interruption:
        _continue(run, out)
        first, started_s = run.step, time.monotonic()
        _train(run, _loader(run, scenes, workers), out, interruption, enough)
        if run.step > first:
            _tell_cost(run, time.monotonic() - started_s, run.step - first)


def _loader(run: Run, scenes: Dataset[Any], workers: int) -> Batches:
    """This process's share of the batches that are left."""
    fabric = run.fabric
    share = Share(
        range(run.step, run.config.steps),
        batch=run.config.batch_scenes,
        process=fabric.global_rank,
        processes=fabric.world_size,
    )
    loader = DataLoader(
        scenes,
        batch_size=share.share,
        sampler=share,
        num_workers=workers,
        worker_init_fn=leave_to_parent,
    )
    return cast("Batches", fabric.setup_dataloaders(loader, use_distributed_sampler=False))


def _train(
    run: Run,
    batches: Batches,
    out: Path,
    interruption: Interruption,
    enough: Callable[[int], bool] | None,
) -> None:
    checkpoint, total, tells = out / CHECKPOINT_NAME, run.config.steps, run.fabric.is_global_zero
    log = StepLog(out / LOG_NAME, run.step) if tells else None
    with StepProgress(done=run.step, total=total, shown=tells) as progress:
        for batch in batches:
            _step(run, batch)
            progress.stepped(run.step)
            is_last = run.step == total
            is_told = run.step % LOG_EVERY_STEPS == 0 or is_last
            if is_told:
                means = run.end_interval()
                progress.told(run.step, means)
                if log is not None:
                    log.append(run.step, {**means.columns(), "lr": run.learning_rate()})
            stop = run.any_process(interruption.requested)
            is_asked = enough is not None and is_told
            if run.step % CHECKPOINT_EVERY_STEPS == 0 or is_last or stop or is_asked:
                run.save(checkpoint)
            if stop:
                progress.stop()
                _logger.warning(
                    "stopped after step %d of %d; %s holds it, and the same command continues",
                    run.step,
                    total,
                    checkpoint,
                )
                raise KeyboardInterrupt
            if enough is not None and is_told and enough(run.step):
                break


def _step(run: Run, batch: tuple[Tensor, ...]) -> None:
    if run.config.distillation.weight > 0:
        *scenes, taught = batch
        run.train_step(*scenes, taught=taught)
    else:
        run.train_step(*batch)


def _continue(run: Run, out: Path) -> None:
    checkpoint = out / CHECKPOINT_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(
            f"{out}: cannot be made ({error.strerror}); choose another --out folder"
        ) from error
    if checkpoint.exists():
        run.load(checkpoint)
        _logger.info("%s: continuing at step %d of %d", checkpoint, run.step, run.config.steps)


def _tell_cost(run: Run, duration_s: float, steps: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1e6 if sys.platform == "darwin" else 1e3)
    _logger.info(
        "%d steps of %d scenes in %.1f min: %.2f s/step, at most %.0f MB without workers",
        steps,
        run.config.batch_scenes,
        duration_s / 60,
        duration_s / steps,
        peak_mb,
    )
