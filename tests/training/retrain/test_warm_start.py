import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ontology
from aed.bundle import SHIPPED
from aed.errors import BundleError
from aed.model.joint import JointModel, ModelConfig
from aed.verifier import VERIFIER_FILE
from ontology import LabelSet
from tests.training.retrain.own_recordings import home_with_a_garage_door, rattle
from training.errors import TrainingDataError
from training.release.description import open_description, seal
from training.retrain.release import lost_second_look, refuse_to_replace
from training.retrain.warm_start import Origin, bundle_folder, open_origin

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def origin() -> Origin:
    return open_origin("home")


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """The shipped bundle with another description, sealed as its maker would."""
    shutil.copytree(SHIPPED, folder)
    info = open_description(folder)
    change(info)
    seal(folder, info)
    return str(folder)


def grown() -> LabelSet:
    return LabelSet(ontology.parse(home_with_a_garage_door()))


def test_the_shipped_bundle_is_found_by_its_name_and_by_its_folder(origin: Origin) -> None:
    assert origin.bundle.path == SHIPPED
    assert open_origin(str(SHIPPED)).bundle.digest == origin.bundle.digest


def test_a_folder_of_anything_else_does_not_hide_the_shipped_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    assert bundle_folder("home") == SHIPPED
    with pytest.raises(BundleError, match=r"--from \./home: wanted the folder of a bundle"):
        bundle_folder("./home")


@pytest.mark.parametrize("folder", ["bundle", "bundle-not-accepted", ".unjudged"])
def test_a_bundle_is_not_retrained_onto_itself(origin: Origin, tmp_path: Path, folder: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    here = replace(origin, bundle=replace(origin.bundle, path=tmp_path / folder))
    with pytest.raises(TrainingDataError, match="which would delete it; name another --out"):
        refuse_to_replace(here, tmp_path / "link")
    refuse_to_replace(here, tmp_path / "elsewhere")


def test_a_name_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BundleError, match=r"--from hoem: wanted .* shipped one \(home\)"):
        open_origin("hoem")


def test_a_bundle_of_another_front_end_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path / "b", lambda info: info["front_end"].update(mel_bands=40))
    with pytest.raises(BundleError, match=r"front_end\.mel_bands is 40, .* trains with 64"):
        open_origin(folder)


def test_a_bundle_of_another_network_is_refused(tmp_path: Path) -> None:
    folder = changed(
        tmp_path / "b", lambda info: info["architecture"]["network"].update(temporal_dilations=[1])
    )
    with pytest.raises(BundleError, match=r"network\.temporal_dilations is \[1\]"):
        open_origin(folder)


def test_a_bundle_of_another_format_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path / "b", lambda info: info.update(format_version=3))
    with pytest.raises(BundleError, match="it has format 3, this program reads up to 2"):
        open_origin(folder)


def test_a_bundle_that_can_only_hear_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path / "b", lambda info: info["files"].pop("weights.safetensors"))
    with pytest.raises(BundleError, match=r"has no weights\.safetensors"):
        open_origin(folder)


def test_before_any_training_the_grown_model_says_of_old_nodes_what_the_old_one_says(
    origin: Origin,
) -> None:
    labels = grown()
    model = JointModel(ModelConfig(), labels)
    model.load_state_dict(origin.start(labels))
    audio = torch.from_numpy(rattle(1, 3.0))
    old, new = origin.kept_branches(labels)

    assert set(labels.nodes) - {labels.nodes[column] for column in new} == {"garage_door"}
    torch.testing.assert_close(
        model.eval().stream_logits(audio)[:, new], origin.model.stream_logits(audio)[:, old]
    )


def test_a_branch_that_has_moved_means_something_else_and_is_not_kept(origin: Origin) -> None:
    text = ontology.home().source
    clink = "      - id: clink\n        name: Clink\n"
    assert clink in text
    start = text.index(clink)
    entry = text[start : text.index("      - id:", start + 1)]
    before = "      - id: dishes\n"
    moved = LabelSet(ontology.parse(text.replace(entry, "").replace(before, entry + before)))
    _, new = origin.kept_branches(moved)

    assert moved.path("clink") == "kitchen/clink"
    missing = set(range(len(moved))) - set(new.tolist())
    assert np.array(moved.nodes)[sorted(missing)].tolist() == ["clink"]


def test_that_a_second_look_is_lost_is_said(origin: Origin) -> None:
    assert lost_second_look(origin) is None
    info = {**origin.bundle.info, "files": {**origin.bundle.info["files"], VERIFIER_FILE: "0"}}
    looking = replace(origin, bundle=replace(origin.bundle, info=info))
    assert "the retrained model has none" in str(lost_second_look(looking))
