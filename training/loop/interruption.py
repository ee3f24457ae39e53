"""Ctrl-C and `kill` in the middle of a run: finish the step, keep a checkpoint, then stop."""

import signal
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While entered, remembers that somebody asked to stop in place of stopping at once.

    Args:
        insist: whether asking a second time stops at once. torchrun passes on what the terminal
            has already sent, so several processes must not listen to it.
    """

    def __init__(self, *, insist: bool) -> None:
        self.requested = False
        self._insist = insist
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number in SIGNALS:
            self._restore(number)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self._insist:
            self._restore(number)

    def _restore(self, number: int) -> None:
        handler = self._previous[number]
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # type: ignore[arg-type]


def leave_to_parent(_worker: int) -> None:
    """Let the process that loads data for a run live on when the terminal sends Ctrl-C to all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
