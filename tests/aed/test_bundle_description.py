"""A `bundle.yaml` that is not as its maker wrote it is refused, and the message says why."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from aed.bundle import Bundle, load_bundle
from tests.aed.spoiling import Edit, describe, refused, with_key


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the shipped bundle to be spoilt."""
    return Path(shutil.copytree(bundle.path, tmp_path / "home"))


@pytest.mark.parametrize("text", ["files: [", "a: b: c", "\x00", "!!python/object:os.system {}"])
def test_a_description_that_is_no_yaml_is_refused(folder: Path, text: str) -> None:
    (folder / "bundle.yaml").write_text(text, encoding="utf-8")

    assert "not valid YAML" in refused(folder)


@pytest.mark.parametrize("text", ["", "[]", "hello"])
def test_a_description_of_another_kind_is_refused(folder: Path, text: str) -> None:
    (folder / "bundle.yaml").write_text(text, encoding="utf-8")

    assert "wanted keys and values" in refused(folder)


def lower_all(info: dict[str, Any]) -> None:
    for numbers in info["thresholds"].values():
        numbers["on"] = numbers["off"] = 0.01


@pytest.mark.parametrize(
    "edit",
    [
        lower_all,
        with_key("name", "another"),
        with_key("extra", 1),
        with_key("digest", None),
        with_key("digest", "0" * 64),
        lambda info: info.pop("digest"),
        lambda info: info.pop("licence"),
        lambda info: info["calibration"]["bias"].update(smoke_alarm=9.0),
    ],
)
def test_a_description_that_was_changed_is_refused(folder: Path, edit: Edit) -> None:
    describe(folder, edit, sign=False)

    message = refused(folder)

    assert "bundle.yaml: it is not what its maker wrote" in message
    assert "copy the whole folder again" in message


def test_a_description_is_its_content_not_its_layout(folder: Path) -> None:
    path = folder / "bundle.yaml"
    info = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text("# by hand\n" + yaml.safe_dump(info, default_flow_style=True))

    assert load_bundle(folder).name == info["name"]


@pytest.mark.parametrize("text", ["x: 2026-11-22", "1: x", "x: &x [*x]", "x: !!set {a}", "? [a]\n"])
def test_values_that_no_description_holds_are_refused(folder: Path, text: str) -> None:
    (folder / "bundle.yaml").write_text(f"format_version: 2\n{text}\n", encoding="utf-8")

    assert "bundle.yaml: " in refused(folder)


def test_a_newer_format_asks_for_an_update(folder: Path) -> None:
    describe(folder, with_key("format_version", 3))

    message = refused(folder)

    assert "it has format 3, this program reads up to 2" in message
    assert "update aed" in message


def test_an_older_format_asks_for_training_anew(folder: Path) -> None:
    describe(folder, with_key("format_version", 1))

    message = refused(folder)

    assert "it has format 1, this program reads format 2" in message
    assert "train it anew" in message


@pytest.mark.parametrize("version", [None, 0, "1", True, 1.0])
def test_a_format_version_of_another_kind_is_refused(folder: Path, version: object) -> None:
    describe(folder, with_key("format_version", version))

    assert "wanted format_version: 2" in refused(folder)
