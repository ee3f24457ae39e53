"""Nothing is lost, however often the daemon dies and the broker goes."""

import random
from pathlib import Path

import pytest

from tests.system.kill_rounds import KillRounds

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch, pytest.mark.slow]


def test_ten_kills_and_a_broker_that_comes_and_goes_lose_nothing(
    tmp_path: Path, loudness_bundle: Path
) -> None:
    rng = random.Random(5)  # noqa: S311 - moments, no secret
    report = KillRounds(tmp_path, bundle=loudness_bundle, rng=rng).run(10)

    assert report.lost == []
    assert report.differing == []
    assert report.unended == []
    assert report.stuck == []
    assert report.waiting == 0
    assert report.queued > 30, report
    assert report.broker_stops > 0
