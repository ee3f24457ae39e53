"""A bundle gets a background of what may train it, and teaching is measured on what did not."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aed.bundle import Bundle, load_bundle
from aed.taught.background import BACKGROUND_FILE, read_background
from tests.aed.spoiling import describe
from training.clips.manifest import read_manifest, write_manifest
from training.session import TrainingData
from training.teaching.again import Again
from training.teaching.background import install
from training.teaching.measure import measure, table


def test_a_bundle_gets_a_background_of_its_training_recordings_alone(
    bundle: Bundle, tiny_folder: Path, tiny_data: TrainingData, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(bundle.path, tmp_path / "bundle"))
    describe(folder, lambda info: info["files"].pop(BACKGROUND_FILE))

    install(folder, tiny_folder, tiny_data.cache)

    background = read_background(load_bundle(folder))
    assert set(background.nodes) == {"window_glass", "doorbell", "dishes", ""}
    lengths = np.linalg.norm(background.space.directions(background.windows), axis=1)
    assert lengths == pytest.approx(1.0, abs=1e-4)
    assert load_bundle(folder).digest != bundle.digest


def test_copies_that_are_taught_and_heard_differ_and_are_the_same_each_time(
    bundle: Bundle, tiny_data: TrainingData
) -> None:
    rows = tuple(row for row in tiny_data.rows if row.split == "dev" and row.label != "rir")
    noisy = replace(
        tiny_data,
        rows=tuple(
            replace(row, label="music") if row.label == "noise" else row for row in tiny_data.rows
        ),
    )
    again = Again(bundle, noisy, rows, tiny_data.bank(rows))

    first, second = again.taught(2, 3), again.taught(2, 3)

    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0][:8_000], first[1][:8_000])
    assert {each.ndim for each in again.heard(2, 2)} == {2}


@pytest.fixture
def few_recordings(tmp_path: Path) -> Path:
    """A small part of the real recordings, as a data folder."""
    data = Path(os.environ["AED_DATA"])
    wanted = {("dev", "sneeze"): 8, ("dev", "rooster"): 8, ("dev", "background"): 20}
    wanted |= {("train", "rir"): 3, ("train", "background_quiet"): 6}
    chosen = [
        row
        for (split, label), count in wanted.items()
        for row in [r for r in read_manifest(data) if (r.split, r.label) == (split, label)][:count]
    ]
    folder = tmp_path / "data"
    for row in chosen:
        (folder / row.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / row.path, folder / row.path)
    write_manifest(folder, chosen)
    return folder


@pytest.mark.data
def test_what_was_taught_is_found_when_it_is_heard_again_and_other_sounds_seldom_are(
    bundle: Bundle, few_recordings: Path, tmp_path: Path
) -> None:
    figures = measure(
        bundle, few_recordings, tmp_path / "cache", hours=None, seeds=1, labels=["sneeze"]
    )

    lessons = {(each["lesson"], each["recordings"]): each for each in figures["lessons"]}
    assert lessons["same", 3]["lessons"] == 5
    assert lessons["same", 3]["recall"] > 0.5
    assert lessons["same", 3]["false_per_hour"] < 30
    assert "same, 3 recordings, all" in table(figures)
