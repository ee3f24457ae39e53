import io
import logging
import math

import pytest
from rich.console import Console

from training.loop.progress import StepProgress

pytestmark = pytest.mark.torch

MEANS = {"loss": [4.25], "loss_depth": [2.0, 2.25], "recall_depth": [0.5, math.nan]}


def test_a_terminal_shows_a_bar_with_steps_loss_and_time_left() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)

    with StepProgress(done=2, total=4, console=console) as progress:
        progress.stepped(3)
        progress.told(3, MEANS)
        progress.stepped(4)

    assert "4/4" in screen.getvalue()
    assert "loss 4.2500  recall 0.50 -" in screen.getvalue()
    assert "ETA" in screen.getvalue()


def test_elsewhere_each_interval_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    screen = io.StringIO()
    caplog.set_level(logging.INFO)

    with StepProgress(done=0, total=400, console=Console(file=screen)) as progress:
        progress.stepped(100)
        progress.told(100, MEANS)

    (message,) = caplog.messages
    assert "step 100/400  loss 4.2500  loss by depth 2.00 2.25  recall by depth 0.50 -" in message
    assert message.endswith("min left")
    assert screen.getvalue() == ""
