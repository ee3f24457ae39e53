"""The example of docs/own-ontology.md, run from start to end, with fewer steps and scenes."""

import importlib
import os
import re
import shlex
from pathlib import Path

import pytest

from aed.__main__ import main
from training.retrain import scenes, trial

pytestmark = [pytest.mark.torch, pytest.mark.data, pytest.mark.slow, pytest.mark.timeout(1_200)]

DOCUMENT = Path(__file__).parents[3] / "docs" / "own-ontology.md"


def commands(out: Path) -> list[list[str]]:
    """The words of each line of the example's block, at work in `out`."""
    (block,) = re.findall(
        r"```sh\n(python -m training\.retrain\.example.*?)```", DOCUMENT.read_text(), re.DOTALL
    )
    text = block.replace("\\\n", " ").replace("build/example", str(out))
    return [shlex.split(os.path.expandvars(line)) for line in text.splitlines()]


def run(words: list[str]) -> int:
    if words[0] == "aed":
        return main(words[1:])
    assert words[:2] == ["python", "-m"]
    return int(importlib.import_module(words[2]).main(words[3:]))


def test_the_example_teaches_a_new_sound_and_loses_no_critical_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scenes, "LEAST_STEPS", 60)
    monkeypatch.setattr(scenes, "STEPS_PER_CLIP", 0)
    monkeypatch.setattr(trial, "SCENES_OF_EACH", 4)
    monkeypatch.setattr(trial, "HARMLESS_SCENES", 4)
    monkeypatch.chdir(tmp_path)
    told = {}
    for words in commands(tmp_path / "example"):
        assert run(words) == 0, words
        told[" ".join(words)] = capsys.readouterr().out

    training, comparison = list(told.values())[-2:]
    assert "children_playing 16 + 4" in training
    assert "No critical sound is heard worse than before." in training
    row = re.search(r"children_playing +– → (\d+)/(\d+)", comparison)
    assert row is not None
    found, sounds = map(int, row.groups())
    assert sounds == 52
    assert found > sounds / 2
