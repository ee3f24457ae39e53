"""How long a retraining will take, measured before it starts."""

import os
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from training.retrain.keeping import KeepingRun

_TRIED_SCENES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the steps that are left will cost.

    Attributes:
        steps: how many.
        scene_s: to make a scene.
        step_s: to learn from a batch of them.
        wall_s: all steps, on this machine as busy as it is.
    """

    steps: int
    scene_s: float
    step_s: float
    wall_s: float

    def sentence(self) -> str:
        """For the user."""
        return (
            f"{self.steps} steps will take about {told(self.wall_s)} while the machine is as busy "
            "as now, and the comparison a minute or two. It ends earlier when held-out sessions "
            "are no longer heard better. Ctrl-C keeps what is done"
        )


def estimate(run: KeepingRun, scenes: Dataset[Any], *, workers: int) -> Estimate:
    """Make some scenes and learn from them without taking a step.

    Args:
        run: at the step from which it goes on.
        scenes: of the run.
        workers: processes that will make them.
    """
    batch, left = run.config.batch_scenes, run.config.steps - run.step
    tried = min(_TRIED_SCENES, batch)
    started_s = time.monotonic()
    made = [scenes[index] for index in range(tried)]
    scene_s = (time.monotonic() - started_s) / tried
    examples = [torch.stack(part) for part in zip(*made, strict=True)]
    run.loss(*examples).backward()  # the first time is slower
    started_s = time.monotonic()
    run.loss(*examples).backward()
    run.forget_gradients()
    step_s = (time.monotonic() - started_s) * batch / tried
    cores = min(workers + 1, len(os.sched_getaffinity(0)))
    making_s = batch * scene_s
    one_after_another = making_s + step_s
    pace_s = (
        one_after_another
        if workers == 0
        else max(one_after_another / cores, step_s, making_s / workers)
    )
    return Estimate(steps=left, scene_s=scene_s, step_s=step_s, wall_s=left * pace_s)


def told(duration_s: float) -> str:
    """A duration for people."""
    minutes = duration_s / 60
    return f"{max(1, round(duration_s))} s" if minutes < 2 else f"{minutes:.0f} minutes"  # noqa: PLR2004
