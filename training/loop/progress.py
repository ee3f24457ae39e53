"""How far a run is: a bar with the time left on a terminal, lines in a log elsewhere."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

REFRESH_EVERY_S = 0.5

_logger = logging.getLogger(__name__)


class StepProgress:
    """Shows steps as they are done.

    Args:
        done: steps done before.
        total: steps of the run.
        console: where the bar goes if it is a terminal.
        shown: whether this process shows anything at all.
    """

    def __init__(
        self, *, done: int, total: int, console: Console | None = None, shown: bool = True
    ) -> None:
        console = Console(stderr=True) if console is None else console
        self._first, self._total = done, total
        self._started_s = self._refreshed_s = time.monotonic()
        self._bar = None
        if shown and console.is_terminal:
            # it draws when a step is done: no thread of its own
            self._bar = Progress(
                TextColumn("training"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeElapsedColumn(),
                TextColumn("ETA"),
                TimeRemainingColumn(),
                console=console,
                auto_refresh=False,
                speed_estimate_period=120.0,
            )
            self._task = self._bar.add_task("", total=total, completed=done, figures="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the terminal to others."""
        if self._bar is not None:
            self._bar.stop()

    def stepped(self, step: int) -> None:
        """Say that a step is done."""
        if self._bar is None:
            return
        self._bar.update(self._task, completed=step)
        now_s = time.monotonic()
        if now_s - self._refreshed_s > REFRESH_EVERY_S or step == self._total:
            self._refreshed_s = now_s
            self._bar.refresh()

    def told(self, step: int, means: Mapping[str, Sequence[float]]) -> None:
        """Show the figures of an interval."""
        loss = f"loss {means['loss'][0]:.4f}"
        others = [
            f"{name.removesuffix('_depth').replace('_', ' ')} by depth {_row(values)}"
            for name, values in means.items()
            if name.endswith("_depth")
        ]
        if self._bar is not None:
            recall = f"recall {_row(means['recall_depth'])}"
            self._bar.update(self._task, figures=f"{loss}  {recall}")
            return
        pace_s = (time.monotonic() - self._started_s) / max(step - self._first, 1)
        _logger.info(
            "step %d/%d  %s  %.2f s/step, %.0f min left",
            step,
            self._total,
            "  ".join([loss, *others]),
            pace_s,
            pace_s * (self._total - step) / 60,
        )


def _row(values: Sequence[float]) -> str:
    return " ".join("-" if math.isnan(value) else f"{value:.2f}" for value in values)
