from pathlib import Path

import pytest
from rich.console import Console

import ontology
from ontology import LabelSet
from tests.training.retrain.own_recordings import write_rattle
from training.retrain.layouts import read_data
from training.retrain.naming import Names
from training.retrain.own_data import own_data
from training.retrain.scenes import default_run, training_scenes
from training.retrain.survey import survey

pytestmark = pytest.mark.torch


def test_smoke_alarms_are_synthesised_for_an_ontology_that_calls_them_otherwise(
    tmp_path: Path,
) -> None:
    text = ontology.home().source.replace("id: smoke_alarm", "id: rauchmelder")
    labels = LabelSet(ontology.parse(text))
    for number in range(3):
        write_rattle(tmp_path / f"data/dog/{number}.wav", number)
    names = Names(labels)
    found = survey([read_data(tmp_path / "data", names)], names, Console(quiet=True))
    data = own_data(found.clips, labels, tmp_path / "cache")
    scenes = training_scenes(data, default_run("mine", data))

    column = labels.index["rauchmelder"]
    assert any(scenes[index][1][:, column].any() for index in range(40))
