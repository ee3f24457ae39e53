"""The background of a bundle: read whole, or refused with a reason."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aed.bundle import Bundle, load_bundle
from aed.errors import TeachingError
from aed.taught.background import BACKGROUND_FILE, Background, packed, read_background
from aed.taught.space import space_of
from tests.aed.spoiling import describe, replace_file


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle.path, tmp_path / "bundle"))


def small(width: int) -> Background:
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((500, width)).astype(np.float32)
    space = space_of(frames)
    nodes = np.array(["doorbell", ""] * 20)
    return Background(space=space, windows=space.directions(frames[:40]), nodes=nodes)


def test_a_background_comes_back_as_it_was_written_but_for_rounding(
    bundle: Bundle, folder: Path
) -> None:
    written = small(bundle.widths["embedding"])
    replace_file(folder, BACKGROUND_FILE, packed(written))

    read = read_background(load_bundle(folder))

    assert read.windows == pytest.approx(written.windows, abs=0.01)
    assert list(read.nodes) == list(written.nodes)
    assert np.array_equal(read.space.whitening, written.space.whitening)


def test_windows_of_the_node_that_the_sound_stands_below_do_not_count() -> None:
    background = small(8)
    ring = background.windows[0]
    is_doorbell = background.nodes[:, np.newaxis] == "doorbell"
    home = replace(background, windows=np.where(is_doorbell, ring, -ring))

    assert home.reach(ring, under="doorbell") == pytest.approx(-1.0)
    assert home.reach(ring, under="phone") == pytest.approx(1.0)


def test_a_bundle_without_a_background_hears_but_cannot_be_taught(folder: Path) -> None:
    describe(folder, lambda info: info["files"].pop(BACKGROUND_FILE))

    with pytest.raises(TeachingError, match=r"has no background\.npz"):
        read_background(load_bundle(folder))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04no", packed(small(8))])
def test_a_background_of_another_shape_is_refused(folder: Path, content: bytes) -> None:
    replace_file(folder, BACKGROUND_FILE, content)
    loaded = load_bundle(folder)

    with pytest.raises(TeachingError, match=r"background\.npz: .*training\.teaching background"):
        read_background(loaded)


def test_a_background_that_changed_after_loading_is_refused(folder: Path) -> None:
    loaded = load_bundle(folder)
    (folder / BACKGROUND_FILE).write_bytes(b"another")

    with pytest.raises(TeachingError, match="not the file its maker described"):
        read_background(loaded)
