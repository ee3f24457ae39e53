"""`aed explain`: what it says of a moment, in words and as a picture."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aed.__main__ import main
from tests.system.loudness_bundle import write_loudness_bundle

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whatever is loud is a smoke alarm, after a second above 0.5."""
    return write_loudness_bundle(tmp_path_factory.mktemp("bundle") / "loudness")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loud burst of 0.4 s at 5 s, one of 4 s at 20 s, quiet else."""
    rng = np.random.default_rng(0)
    samples = 1e-4 * rng.standard_normal(40 * RATE_HZ)
    for onset_s, duration_s in ((5.0, 0.4), (20.0, 4.0)):
        first = round(onset_s * RATE_HZ)
        count = round(duration_s * RATE_HZ)
        samples[first : first + count] += 0.3 * rng.standard_normal(count)
    path = tmp_path_factory.mktemp("recordings") / "hall.flac"
    soundfile.write(path, samples, RATE_HZ)
    return path


def explained(
    recording: Path, bundle: Path, at_s: float, capsys: pytest.CaptureFixture[str], *more: str
) -> list[str]:
    assert main(["explain", str(recording), "--at", str(at_s), "--bundle", str(bundle), *more]) == 0
    return capsys.readouterr().out.splitlines()


def test_an_alert_is_told_with_when_and_whom_it_called(
    recording: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = explained(recording, bundle, 22.0, capsys)

    assert lines[0] == f"{recording} at 22.0 s of 40.0 s"
    (event,) = [line for line in lines if line.startswith("event")]
    assert "alarm/life_safety/smoke_alarm from 20.0 s" in event
    assert "critical; alerted: " in event
    assert "smoke_alarm at 21.0 s" in event
    (smoke,) = [line for line in lines if line.startswith("! smoke_alarm")]
    assert "reported at 21.0 s as event 1" in smoke


def test_a_burst_too_short_for_its_dwell_is_told_with_what_it_lacked(
    recording: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = explained(recording, bundle, 5.2, capsys)

    assert "no event around" in lines
    (smoke,) = [line for line in lines if line.startswith("! smoke_alarm")]
    assert "not reported: it was above 0.50 for 0.4 s of the 1.0 s it needs" in smoke


def test_quiet_is_told_as_a_posterior_under_the_threshold(
    recording: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = explained(recording, bundle, 32.0, capsys)

    (smoke,) = [line for line in lines if line.startswith("! smoke_alarm")]
    assert "not reported: it reached 0.00, under its off-threshold of 0.30" in smoke
    assert "no timing pattern" in lines[1]


def test_thresholds_of_settings_hold(
    recording: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(
        "node: hall\nmqtt: {host: localhost}\n"
        f"sources: [{{name: hall, kind: file, path: {recording}}}]\n"
        "thresholds: {smoke_alarm: {dwell_s: 0.2}}\n"
    )

    lines = explained(recording, bundle, 5.2, capsys, "--config", str(config))

    assert any("smoke_alarm" in line and "alerted" in line for line in lines)


@pytest.mark.torch
def test_the_picture_is_drawn(
    recording: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "why.png"

    code = main(
        ["explain", str(recording), "--at", "22", "--bundle", str(bundle), "-o", str(picture)]
    )

    assert code == 0
    assert capsys.readouterr().err == f"picture: {picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


@pytest.mark.parametrize("at_s", [-1.0, 41.0])
def test_a_moment_outside_of_the_recording_is_refused(
    recording: Path, bundle: Path, at_s: float, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["explain", str(recording), f"--at={at_s}", "--bundle", str(bundle)])

    assert code == 1
    assert "--at: wanted 0 to 40 s, the recording's length" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_an_error_after_the_words(
    recording: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    target = tmp_path / "nowhere" / "why.png"

    code = main(
        ["explain", str(recording), "--at", "22", "--bundle", str(bundle), "-o", str(target)]
    )

    told = capsys.readouterr()
    assert code == 1
    assert "event 1" in told.out
    assert "the picture cannot be written" in told.err


def test_a_recording_that_is_none_is_refused(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["explain", str(tmp_path / "no.wav"), "--at", "1", "--bundle", str(bundle)])

    assert code == 1
    assert "cannot be read as audio" in capsys.readouterr().err


def test_json_says_the_same_in_one_object(
    recording: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = explained(recording, bundle, 22.0, capsys, "--format", "json")

    told = json.loads(line)
    assert (told["file"], told["at_s"], told["duration_s"]) == (str(recording), 22.0, 40.0)
    (event,) = told["events"]
    assert (event["path"], event["critical"]) == ("alarm/life_safety/smoke_alarm", True)
    assert {"event": "smoke_alarm", "detected_s": 21.0} in event["alerts"]
    (smoke,) = [each for each in told["nodes"] if each["node"] == "smoke_alarm"]
    assert smoke["reason"] == "reported at 21.0 s as event 1"
    assert (smoke["on"], smoke["off"], smoke["dwell_s"]) == (0.5, 0.3, 1.0)


def test_without_matplotlib_the_words_are_told_and_the_extra_is_named(
    recording: Path,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "aed.explanation_plot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    picture = tmp_path / "why.png"

    code = main(
        ["explain", str(recording), "--at", "22", "--bundle", str(bundle), "-o", str(picture)]
    )

    told = capsys.readouterr()
    assert code == 1
    assert "event 1" in told.out
    assert "a picture needs the extra `train`" in told.err
    assert not picture.exists()


def test_a_bundle_that_is_none_is_refused_as_replay_refuses_it(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["explain", str(recording), "--at", "1", "--bundle", str(tmp_path)])

    assert code == 78
    assert "bundle.yaml cannot be read" in capsys.readouterr().err
