from pathlib import Path

import pytest

from tests.training.retrain.own_recordings import write_rattle
from training.retrain.compare import main

pytestmark = pytest.mark.torch


def test_a_comparison_says_which_critical_sounds_it_did_not_try_and_installs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rattle(tmp_path / "data/dog/1.wav", 1)
    words = ["home", "home", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main([*words, "--cache", str(tmp_path / "cache")]) == 0

    told = capsys.readouterr().out
    assert "Critical sounds: not tested, for want of a sound to hear: life_safety, smoke" in told
    assert "installed" not in told
