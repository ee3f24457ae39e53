import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ontology
from aed.bundle import SHIPPED, load_bundle
from aed.taught.background import BACKGROUND_FILE, read_background
from ontology import LabelSet
from training.release.description import open_description, seal
from training.retrain.background import carry_background
from training.retrain.warm_start import Origin, open_origin

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def origin() -> Origin:
    return open_origin("home")


def bundle_without_background(folder: Path) -> Path:
    shutil.copytree(SHIPPED, folder)
    info = open_description(folder)
    del info["files"][BACKGROUND_FILE]
    (folder / BACKGROUND_FILE).unlink()
    seal(folder, info)
    return folder


def test_a_retrained_bundle_has_its_origins_background_in_words_of_its_own(
    origin: Origin, tmp_path: Path
) -> None:
    folder = bundle_without_background(tmp_path / "made")
    text = (
        ontology.home().source.replace("id: dog,", "id: hound,").replace("id: dog\n", "id: hound\n")
    )
    labels = LabelSet(ontology.parse(text))
    assert "hound" in labels.index
    assert carry_background(origin, labels, folder) is None

    old, new = read_background(origin.bundle), read_background(load_bundle(folder))
    assert (new.windows == old.windows).all()
    assert (new.space.whitening == old.space.whitening).all()
    assert "dog" in old.nodes
    assert (new.nodes == np.where(old.nodes == "dog", "hound", old.nodes)).all()


def test_windows_of_a_node_that_is_gone_are_of_none_that_is_known(
    origin: Origin, tmp_path: Path
) -> None:
    folder = bundle_without_background(tmp_path / "made")
    text = "version: 1\nname: small\nnodes:\n  - {id: smoke_alarm, name: Smoke alarm}\n"
    assert carry_background(origin, LabelSet(ontology.parse(text)), folder) is None
    assert set(read_background(load_bundle(folder)).nodes) <= {"smoke_alarm", ""}


def test_an_origin_without_a_background_is_told_of(origin: Origin, tmp_path: Path) -> None:
    poor = load_bundle(bundle_without_background(tmp_path / "poor"))
    folder = bundle_without_background(tmp_path / "made")
    told = carry_background(replace(origin, bundle=poor), poor.labels, folder)
    assert told is not None
    assert "no taught sound is heard" in told
    assert f"{poor.path} has no {BACKGROUND_FILE}" in told
