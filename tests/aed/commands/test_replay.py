"""`aed replay`: the contract of its lines, its scores and its exit codes."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from aed.__main__ import main
from aed.audio import AudioChunk
from aed.bundle import SHIPPED, Bundle
from aed.commands import replay
from aed.detector import StreamingDetector
from aed.events import EventTracker
from aed.thresholds import resolve
from tests.aed.unlistable import make_unlistable
from training.synthesis.alarms import render_alarm, t3_alarm
from training.synthesis.rendered import SAMPLE_RATE_HZ

FIELDS = [
    "file",
    "event",
    "path",
    "onset_s",
    "offset_s",
    "first_detected_s",
    "detected_s",
    "score",
    "pattern",
]


@pytest.fixture(autouse=True)
def _no_installed_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def alarm() -> NDArray[np.float32]:
    """Twenty seconds of a quiet room, a smoke alarm from the third on."""
    rng = np.random.default_rng(0)
    rendered = render_alarm(t3_alarm(3100.0, lead_fraction=0.15, sounding_s=14.0), 20.0, rng)
    noise = 0.001 * rng.standard_normal(len(rendered.samples))
    return (0.2 * rendered.samples + noise).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path, alarm: NDArray[np.float32]) -> Path:
    """Recordings of several formats, and some files that are none."""
    root = tmp_path / "recordings"
    (root / "kitchen").mkdir(parents=True)
    soundfile.write(root / "kitchen" / "alarm.wav", alarm, SAMPLE_RATE_HZ)
    upsampled = np.repeat(alarm, 3)
    soundfile.write(root / "hall.flac", np.stack([upsampled, upsampled], axis=1), 48_000)
    soundfile.write(root / "quiet.ogg", np.zeros(16_000, np.float32), SAMPLE_RATE_HZ)
    (root / "broken.wav").write_bytes(b"RIFF....WAVE")
    (root / "empty.wav").touch()
    return root


def run(*words: str) -> int:
    return main(["replay", *words], commands=(replay,))


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_smoke_alarm_is_one_line_with_every_field_in_order(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(folder / "kitchen" / "alarm.wav")

    assert run(path, "--format", "jsonl") == 0

    found = rows(capsys.readouterr().out)
    assert all(list(row) == FIELDS for row in found)
    (row,) = (row for row in found if row["event"] == "smoke_alarm")
    assert row["file"] == path
    assert row["path"] == "alarm/life_safety/smoke_alarm"
    assert row["onset_s"] == pytest.approx(3.0, abs=1.0)
    assert row["onset_s"] < row["first_detected_s"] <= row["detected_s"] <= 3.0 + 8.0
    assert 16.0 < row["offset_s"] <= 20.0
    assert 0.5 < row["score"] <= 1.0
    assert row["pattern"] == "t3"


def test_a_folder_is_replayed_in_order_and_what_cannot_be_read_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"{folder}/", "--format", "jsonl") == 1

    output = capsys.readouterr()
    files = list(dict.fromkeys(row["file"] for row in rows(output.out)))
    assert [file for file in files if "quiet" not in file] == [
        f"{folder}/hall.flac",
        f"{folder}/kitchen/alarm.wav",
    ]
    complaints = output.err.splitlines()
    assert complaints[0].startswith(f"aed: {folder}/broken.wav: it cannot be read as audio (")
    assert complaints[1] == f"aed: {folder}/empty.wav: it cannot be read as audio (it is empty)"
    assert len(complaints) == 2


def test_the_file_is_named_as_it_was_given(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    run("./kitchen/alarm.wav", "kitchen", "--format", "jsonl")

    files = dict.fromkeys(row["file"] for row in rows(capsys.readouterr().out))
    assert list(files) == ["./kitchen/alarm.wav", "kitchen/alarm.wav"]


def test_scores_hold_every_posterior_of_every_recording(
    folder: Path, tmp_path: Path, bundle: Bundle
) -> None:
    scores = tmp_path / "scores"

    run(str(folder), "--scores", str(scores))
    run(str(folder / "kitchen" / "alarm.wav"), "--scores", str(scores))

    written = sorted(str(path.relative_to(scores)) for path in scores.rglob("*.npz"))
    assert written == ["alarm.wav.npz", "hall.flac.npz", "kitchen/alarm.wav.npz", "quiet.ogg.npz"]
    with np.load(scores / "alarm.wav.npz") as arrays:
        posteriors, nodes, time_s = (arrays[name] for name in ("posteriors", "nodes", "time_s"))
    assert posteriors.dtype == time_s.dtype == np.float32
    assert nodes.tolist() == list(bundle.labels.nodes)
    assert time_s == pytest.approx(np.arange(1, 201) / 10)
    alarm, rate_hz = soundfile.read(folder / "kitchen" / "alarm.wav", dtype="float32")
    heard = StreamingDetector(bundle).feed(AudioChunk(samples=alarm, sample_rate_hz=rate_hz))
    assert np.abs(posteriors - heard.values).max() < 1e-4


def test_the_score_of_an_event_is_its_highest_posterior(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(str(folder / "kitchen" / "alarm.wav"), "--scores", str(tmp_path), "--format", "jsonl")

    with np.load(tmp_path / "alarm.wav.npz") as arrays:
        for row in rows(capsys.readouterr().out):
            frames = slice(round(row["onset_s"] * 10), round(row["offset_s"] * 10))
            column = arrays["nodes"].tolist().index(row["event"])
            highest = arrays["posteriors"][frames, column].max()
            assert row["score"] == pytest.approx(highest, abs=1e-4)


def test_two_recordings_do_not_share_one_file_of_scores(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(folder / "quiet.ogg")

    assert run(path, path, "--scores", str(tmp_path / "scores")) == 1

    assert "its scores would replace those of" in capsys.readouterr().err


def test_scores_that_cannot_be_written_are_a_failure(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert run(str(folder / "quiet.ogg"), "--scores", str(tmp_path / "file")) == 1

    assert "the scores cannot be written" in capsys.readouterr().err


def test_text_is_one_readable_line_per_event(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(str(folder / "kitchen" / "alarm.wav"), "--format", "text")

    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if "smoke_alarm" in line)
    assert line.startswith(f"{folder}/kitchen/alarm.wav: ")
    assert "alarm/life_safety/smoke_alarm  score " in line
    assert line.endswith("pattern t3")


def test_without_a_terminal_the_lines_are_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(str(folder / "kitchen" / "alarm.wav"))

    assert rows(capsys.readouterr().out)


def test_a_name_that_is_no_text_is_replayed_all_the_same(
    tmp_path: Path, alarm: NDArray[np.float32], capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    soundfile.write(tmp_path / "a.wav", alarm, SAMPLE_RATE_HZ)
    (tmp_path / "a.wav").rename(os.fsdecode(os.fsencode(odd) + b"/\xff.wav"))

    assert run(str(odd), "--format", "text") == 0
    assert "\\udcff.wav" in capsys.readouterr().out
    assert run(str(odd), "--format", "jsonl") == 0
    assert rows(capsys.readouterr().out)


def test_no_time_lies_beyond_the_recording(
    tmp_path: Path, alarm: NDArray[np.float32], capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "cut.wav", alarm[: round(6.04 * SAMPLE_RATE_HZ)], SAMPLE_RATE_HZ)

    run(str(tmp_path / "cut.wav"), "--format", "jsonl")

    (row,) = (r for r in rows(capsys.readouterr().out) if r["path"].startswith("alarm"))
    assert row["offset_s"] <= 6.04
    assert row["detected_s"] <= 6.04


def test_a_missing_bundle_ends_it_with_78(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(folder), "--bundle", str(tmp_path / "nowhere")) == 78

    assert "there is no such folder" in capsys.readouterr().err


def test_raw_samples_are_named_and_the_others_still_heard(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = folder / "a.raw"
    raw.write_bytes(bytes(3200))

    assert run(str(raw), str(folder / "kitchen"), "--format", "jsonl") == 1

    output = capsys.readouterr()
    assert output.err.startswith(f"aed: {raw}: it cannot be read as audio (")
    assert "smoke_alarm" in {row["event"] for row in rows(output.out)}


def test_a_recording_that_breaks_off_is_told_as_far_as_it_was_heard(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.flac"
    content = (folder / "hall.flac").read_bytes()
    broken.write_bytes(content[: round(0.6 * len(content))])

    assert run(str(broken), "--scores", str(tmp_path / "scores"), "--format", "jsonl") == 1

    output = capsys.readouterr()
    assert output.err.startswith(f"aed: {broken}: it breaks off after ")
    assert "smoke_alarm" in {row["event"] for row in rows(output.out)}
    with np.load(tmp_path / "scores" / "broken.flac.npz") as arrays:
        assert 70 < len(arrays["posteriors"]) < 190


def test_a_folder_that_cannot_be_listed_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kitchen = folder / "kitchen"
    deep = make_unlistable(kitchen)

    assert run(str(kitchen), str(kitchen / deep), "--scores", str(tmp_path), "--format", "jsonl")

    output = capsys.readouterr()
    complaint = f"aed: {kitchen / deep}: it cannot be read as audio (file name too long)"
    assert output.err.splitlines() == [complaint, complaint]
    assert "smoke_alarm" in {row["event"] for row in rows(output.out)}


def test_a_missing_path_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(tmp_path / "missing.wav")) == 1

    assert "(there is no such file)" in capsys.readouterr().err


def test_events_are_those_of_the_tracker_fed_at_once(
    folder: Path, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "hall.flac"
    samples, sample_rate_hz = soundfile.read(path, dtype="float32")
    detector = StreamingDetector(bundle)
    front_end = bundle.info["front_end"]
    tracker = EventTracker(
        bundle.ontology,
        resolve(bundle.thresholds, bundle.ontology),
        fmin_hz=front_end["fmin_hz"],
        fmax_hz=front_end["fmax_hz"],
    )
    chunk = AudioChunk(samples=samples, sample_rate_hz=sample_rate_hz)
    events = [
        *tracker.feed(detector.feed(chunk)),
        *tracker.feed(detector.flush()),
        *tracker.flush(),
    ]

    run(str(path), "--bundle", str(SHIPPED), "--format", "jsonl")

    found = [(r["event"], r["onset_s"], r["detected_s"]) for r in rows(capsys.readouterr().out)]
    assert found == [(e.node, e.onset_s, e.detected_s) for e in events if e.phase == "end"]
