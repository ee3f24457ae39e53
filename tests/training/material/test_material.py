import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from training.clips.manifest import read_manifest
from training.debian.packages import (
    LEARNED_LIST,
    MEASURED_LIST,
    Package,
    read_packages,
    refuse_heard,
)
from training.errors import TrainingDataError
from training.material.folder import enlarge
from training.material.pieces import MOST_PIECES, pieces

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb"),
]

PACKAGE = Package(name="a-game", kind="effects")


@pytest.fixture
def debs(tmp_path: Path) -> Path:
    """A folder with the package: a tune of 25 s, a bang, a click and a broken file."""
    tree = tmp_path / "tree"
    sounds = tree / "usr/share/games/a-game"
    rng = np.random.default_rng(1)
    for name, seconds in (("music/tune.ogg", 25.0), ("bang.wav", 1.0), ("click.wav", 0.1)):
        (sounds / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(sounds / name, 0.1 * rng.standard_normal(round(seconds * 22_050)), 22_050)
    (sounds / "broken.ogg").write_bytes(b"nothing")
    control = tree / "DEBIAN/control"
    control.parent.mkdir()
    control.write_text(
        "Package: a-game\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n"
    )
    folder = tmp_path / "debs"
    folder.mkdir()
    subprocess.run(
        ["dpkg-deb", "--build", str(tree), str(folder / "a-game_1_all.deb")],
        check=True,
        capture_output=True,
    )
    return folder


def test_an_enlarged_folder_holds_what_there_was_and_the_pieces_of_packages(
    tiny_folder: Path, tmp_path: Path, debs: Path
) -> None:
    out = tmp_path / "data"

    added = enlarge(tiny_folder, [PACKAGE], out, Console(quiet=True), debs=debs)

    before = read_manifest(tiny_folder)
    assert read_manifest(out) == (*before, *added)
    assert all((out / row.path).is_file() for row in read_manifest(out))
    assert [row.label for row in added] == ["music", "music", "unlabelled"]
    assert {row.group for row in added} == {"debian_a_game:tune", "debian_a_game:bang"}
    assert {(row.split, row.use, row.source) for row in added} == {
        ("train", "ship", "Debian:a-game")
    }
    lengths = [soundfile.info(out / row.path) for row in added]
    assert [info.samplerate for info in lengths] == [16_000] * 3
    assert [info.duration for info in lengths] == pytest.approx([10.0, 10.0, 1.0], abs=0.01)


def test_going_on_keeps_what_is_there(tiny_folder: Path, tmp_path: Path, debs: Path) -> None:
    out = tmp_path / "data"
    added = enlarge(tiny_folder, [PACKAGE], out, Console(quiet=True), debs=debs)
    (debs / "a-game_1_all.deb").unlink()

    assert enlarge(tiny_folder, [PACKAGE], out, Console(quiet=True), debs=debs) == added


def test_a_package_that_cannot_be_had_is_told_of(
    tiny_folder: Path, tmp_path: Path, debs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (debs / "bad_1_all.deb").write_bytes(b"no package")
    packages = [Package(name="bad", kind="music"), PACKAGE]

    added = enlarge(tiny_folder, packages, tmp_path / "data", Console(), debs=debs)

    assert {row.source for row in added} == {"Debian:a-game"}
    assert "bad_1_all.deb: cannot be unpacked" in capsys.readouterr().out
    assert not list((tmp_path / "data").glob("tmp*"))


def test_of_a_long_file_pieces_are_taken_evenly(tmp_path: Path) -> None:
    file = tmp_path / "long.wav"
    soundfile.write(file, np.zeros(4_000 * 1_000, dtype=np.int16), 4_000)  # 1,000 s

    found = pieces([file], all_music=True)

    assert len(found) == MOST_PIECES
    assert {piece.label for piece in found} == {"music"}
    gaps_s = np.diff([piece.start_s for piece in found])
    assert gaps_s.min() >= 10
    assert gaps_s.max() <= 20


def test_no_shipped_package_trains_and_measures() -> None:
    material = read_packages(LEARNED_LIST)
    sources = [package.source for package in read_packages(MEASURED_LIST)]

    refuse_heard(material, sources, "models are measured on them")  # does not complain
    with pytest.raises(TrainingDataError, match=f"{material[0].name}: models are measured"):
        refuse_heard(material, [material[0].source], "models are measured on them")
