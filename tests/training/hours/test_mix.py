from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

import ontology
from tests.training.tiny_data import write_tiny_data
from training.evaluation.truth import Recording, part_of, read_truth, write_truth
from training.hours.mix import MixConfig, mix
from training.hours.scenes import SNR_DB

pytestmark = pytest.mark.torch

NODES = [node.id for node in ontology.home().nodes]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> MixConfig:
    """Dev rows of the tiny data, sessions of both parts, and a long recording for each."""
    root = tmp_path_factory.mktemp("mix")
    data = write_tiny_data(root / "data")
    manifest = data / "manifest.tsv"
    lines = manifest.read_text().splitlines()
    groups = iter(_groups())
    renamed = [
        "\t".join([*row[:5], next(groups), *row[6:]]) if row[2] == "dev" else "\t".join(row)
        for row in (line.split("\t") for line in lines)
    ]
    manifest.write_text("\n".join(renamed) + "\n")
    hours = root / "hours"
    hours.mkdir()
    rng = np.random.default_rng(0)
    recordings = []
    for part in ("development", "confirmation"):
        soundfile.write(hours / f"{part}.flac", 0.1 * rng.standard_normal(64_000), 16_000)
        recordings.append(
            Recording(path=f"{part}.flac", kind="recording", part=part, group=part, source="made")
        )
    write_truth(hours, recordings)
    return MixConfig(
        data=data, cache=root / "cache", recordings=hours, out=root / "out", hours=0.1, seed=1
    )


def _groups() -> list[str]:
    """Names whose sessions fall into the two parts in turn: each pair of rows is shared out."""
    names: dict[str, list[str]] = {"development": [], "confirmation": []}
    number = 0
    while min(map(len, names.values())) < 8:
        name = f"session {number}"
        names[part_of(name)].append(name)
        number += 1
    return [name for pair in zip(*names.values(), strict=False) for name in pair]


def test_scenes_hold_what_they_say_and_each_event_at_every_snr(config: MixConfig) -> None:
    made = mix(config, Console(quiet=True), jobs=2)

    told = read_truth(config.out / "truth.tsv", NODES)
    assert told == made
    negatives = [each for each in told if each.path.startswith("negative")]
    events = [each for each in told if each.path.startswith("event")]
    assert len(negatives) == 4
    assert Counter(each.part for each in negatives) == {"development": 2, "confirmation": 2}
    critical = {"smoke_alarm", "window_glass"}
    assert not any(sound.node in critical for each in negatives for sound in each.sounds)
    for each in events:
        (event,) = [sound for sound in each.sounds if sound.snr_db is not None]
        assert event.node in critical
        assert event.snr_db in SNR_DB
    assert len(events) == len(SNR_DB) * 4  # two breaks and two smoke alarms in dev
    for each in told:
        samples, rate_hz = soundfile.read(config.out / each.path)
        assert rate_hz == 16_000
        assert np.isfinite(samples).all()
        assert 0 < np.abs(samples).max() <= 1


def test_the_louder_event_is_the_clearer_one(config: MixConfig) -> None:
    mix(config, Console(quiet=True), jobs=1)
    told = read_truth(config.out / "truth.tsv", NODES)

    def rise_db(each: Recording) -> float:
        """Level while the event lasts over the level before it."""
        (event,) = [sound for sound in each.sounds if sound.snr_db is not None]
        samples, rate_hz = soundfile.read(config.out / each.path)
        assert event.onset_s is not None
        onset = round(event.onset_s * rate_hz)
        during = samples[onset : onset + 8_000]
        return float(20 * np.log10(np.std(during) / np.std(samples[:onset])))

    rises: dict[float, list[float]] = {}
    for each in told:
        for sound in each.sounds:
            if sound.snr_db is not None:
                rises.setdefault(sound.snr_db, []).append(rise_db(each))
    assert np.mean(rises[20.0]) > np.mean(rises[0.0]) + 5


def test_the_same_seed_gives_the_same_scenes_in_any_number_of_processes(
    config: MixConfig, tmp_path: Path
) -> None:
    again = replace(config, out=tmp_path / "again")
    mix(config, Console(quiet=True), jobs=2)
    mix(again, Console(quiet=True), jobs=1)

    first = {path.name: path.read_bytes() for path in config.out.glob("*.flac")}
    assert first == {path.name: path.read_bytes() for path in again.out.glob("*.flac")}
