"""A verifier is put into a bundle and taken out of it; the rest stays as it is."""

import shutil
from pathlib import Path

import pytest

from aed.bundle import Bundle, load_bundle
from aed.verifier import VERIFIER_FILE
from tests.aed.second_look.verifiers import GUARDS, verifier_file
from training.second_look.install import install, remove

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the shipped bundle without a second look."""
    copied = Path(shutil.copytree(bundle.path, tmp_path / "home"))
    remove(copied)
    return copied


def test_an_installed_verifier_is_loaded_with_its_guards(folder: Path) -> None:
    install(folder, verifier_file(bias=1.0), GUARDS, {"life_safety": {"spared": 3}})

    loaded = load_bundle(folder)

    assert loaded.verifier is not None
    assert loaded.verifier.guards == GUARDS
    assert loaded.info["quality"]["second_look"] == {"life_safety": {"spared": 3}}


def test_a_second_verifier_replaces_the_first(folder: Path) -> None:
    install(folder, verifier_file(bias=1.0), GUARDS, {})
    install(folder, verifier_file(bias=2.0, guards=1), GUARDS[:1], {})

    loaded = load_bundle(folder)

    assert loaded.verifier is not None
    assert loaded.verifier.guards == GUARDS[:1]


def test_taking_it_out_leaves_the_bundle_as_it_was(folder: Path) -> None:
    before = (folder / "bundle.yaml").read_bytes()
    install(folder, verifier_file(bias=1.0), GUARDS, {})

    remove(folder)

    assert (folder / "bundle.yaml").read_bytes() == before
    assert not (folder / VERIFIER_FILE).exists()
    assert load_bundle(folder).verifier is None
