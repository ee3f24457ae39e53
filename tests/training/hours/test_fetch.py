import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

import ontology
from training.debian.packages import MEASURED_LIST, Package, read_packages, refuse_heard
from training.errors import TrainingDataError
from training.evaluation.truth import read_truth
from training.hours.fetch import fetch

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb"),
]

NODES = [node.id for node in ontology.home().nodes]


def make_deb(folder: Path, name: str) -> None:
    """A package with a tune, a siren and a broken file."""
    tree = folder / name
    sounds = tree / "usr/share/games" / name
    sounds.mkdir(parents=True)
    rng = np.random.default_rng(len(name))
    for file, seconds in (("tune.ogg", 3.0), ("siren.wav", 1.0), ("click.wav", 0.1)):
        samples = 0.1 * rng.standard_normal(round(seconds * 22_050))
        soundfile.write(sounds / file, samples, 22_050)
    (sounds / "broken.ogg").write_bytes(b"nothing")
    control = tree / "DEBIAN/control"
    control.parent.mkdir()
    control.write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n"
    )
    subprocess.run(
        ["dpkg-deb", "--build", str(tree), str(folder / f"{name}_1_all.deb")],
        check=True,
        capture_output=True,
    )
    shutil.rmtree(tree)


def test_packages_become_recordings_with_their_truth(tmp_path: Path) -> None:
    debs = tmp_path / "debs"
    debs.mkdir()
    packages = [
        Package(name="first-music", kind="music", part="development"),
        Package(name="second-tunes", kind="music", part="confirmation"),
    ]
    for package in packages:
        make_deb(debs, package.name)
    out = tmp_path / "hours"
    out.mkdir()

    found = fetch(packages, out, Console(quiet=True), debs=debs)

    assert [len(each.faults) for each in found] == [1, 1]
    told = read_truth(out / "truth.tsv", NODES)
    assert len(told) == 4
    assert {(each.group, each.part) for each in told} == {
        ("first-music", "development"),
        ("second-tunes", "confirmation"),
    }
    named = [each for each in told if each.sounds]
    assert [each.sounds[0].node for each in named] == ["siren", "siren"]
    tune = next(each for each in told if not each.sounds)
    samples, rate_hz = soundfile.read(out / tune.path)
    assert rate_hz == 16_000
    assert len(samples) == pytest.approx(3.5 * 16_000, abs=10)


def test_a_fetched_package_is_not_fetched_again(tmp_path: Path) -> None:
    debs, out = tmp_path / "debs", tmp_path / "hours"
    debs.mkdir()
    out.mkdir()
    make_deb(debs, "first-music")
    packages = [Package(name="first-music", kind="music")]
    fetch(packages, out, Console(quiet=True), debs=debs)
    (debs / "first-music_1_all.deb").unlink()

    assert len(fetch(packages, out, Console(quiet=True), debs=debs)) == 1


def test_a_broken_package_is_told_of_and_the_others_are_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    debs, out = tmp_path / "debs", tmp_path / "hours"
    debs.mkdir()
    out.mkdir()
    make_deb(debs, "first-music")
    (debs / "bad-music_1_all.deb").write_bytes(b"no package")
    packages = [Package(name=name, kind="music") for name in ("bad-music", "first-music")]

    found = fetch(packages, out, Console(), debs=debs)

    assert [each.package.name for each in found] == ["first-music"]
    assert "bad-music_1_all.deb: cannot be unpacked" in capsys.readouterr().out
    assert not list(out.glob("tmp*"))


def test_what_training_hears_is_refused_as_a_negative() -> None:
    packages = [Package(name="openarena-data", kind="effects")]

    with pytest.raises(TrainingDataError, match="openarena-data: they are trained on"):
        refuse_heard(packages, ["Debian:openarena-data", "somebody/else"], "they are trained on")


def test_the_shipped_list_is_whole_and_names_each_kind() -> None:
    packages = read_packages(MEASURED_LIST)

    assert {package.kind for package in packages} == {"music", "speech", "effects"}


def test_a_wrong_list_is_told_package_by_package(tmp_path: Path) -> None:
    path = tmp_path / "packages.yaml"
    path.write_text(
        "packages:\n"
        "  a: {kind: noise}\n"
        "  b: {kind: music, loud: true}\n"
        "  c: {kind: music, part: third}\n"
    )

    with pytest.raises(TrainingDataError) as caught:
        read_packages(path)
    assert "a: wanted {kind: music or speech or effects or chimes}" in str(caught.value)
    assert "b: unknown key 'loud'" in str(caught.value)
    assert "c: part: wanted development or confirmation, found 'third'" in str(caught.value)
