"""`aed evaluate`, from lists of recordings to its page, with a bundle that hears loudness."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aed.__main__ import main
from tests.system.loudness_bundle import write_loudness_bundle
from training.evaluation.truth import Recording, TrueSound, write_truth

pytest.importorskip("sed_eval", reason="needs the extra `evaluate`")

pytestmark = [
    pytest.mark.torch,
]

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loudness_bundle(tmp_path_factory.mktemp("bundle") / "loudness")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A loud alarm at 5 s, a too quiet one, and a loud cough that is none."""
    rng = np.random.default_rng(0)
    levels = {"loud.flac": (5, 8, 0.3), "faint.flac": (5, 8, 0.003), "cough.flac": (20, 21, 0.3)}
    for name, (first_s, last_s, level) in levels.items():
        samples = 1e-4 * rng.standard_normal(40 * RATE_HZ)
        samples[first_s * RATE_HZ : last_s * RATE_HZ] += level * rng.standard_normal(
            (last_s - first_s) * RATE_HZ
        )
        soundfile.write(tmp_path / name, samples, RATE_HZ)
    alarm = TrueSound(node="smoke_alarm", onset_s=5.0, offset_s=8.0, snr_db=10.0)
    cough = TrueSound(node="cough", onset_s=20.0, offset_s=21.0)
    sounds = {"loud.flac": alarm, "faint.flac": alarm, "cough.flac": cough}
    write_truth(
        tmp_path,
        [
            Recording(
                path=name,
                kind="mixture",
                part="development",
                group=name,
                source="made",
                sounds=(each,),
            )
            for name, each in sounds.items()
        ],
    )
    return tmp_path


def test_recall_false_alarms_and_delay_are_told_and_drawn(
    house: Path, bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AED_YAMNET", raising=False)
    out = house / "out"

    code = main(["evaluate", str(house), "--bundle", str(bundle), "--out", str(out)])

    assert code == 0
    told = json.loads((out / "evaluation.json").read_text())
    smoke = told["contestants"][0]["nodes"]["smoke_alarm"]
    assert smoke["sounds"] == 2
    assert smoke["shipped"]["recall"] == 0.5
    assert smoke["shipped"]["false_alarms"] == 1
    assert smoke["recall_at_false_alarms"] == {"0": 0.0, "1": 0.5, "5": 0.5}
    assert 0.9 <= smoke["shipped"]["delay_median_s"] <= 1.2  # its dwell is a second
    assert told["contestants"][0]["wrong_critical_events"] == 1
    assert "cough.flac" in told["contestants"][0]["wrong_critical_in"][0]
    assert told["hours"]["mixture"] == pytest.approx(120 / 3600, abs=1e-3)
    page = (out / "index.html").read_text()
    for picture in ("sweep-smoke_alarm.png", "snr.png", "reliability.png"):
        assert picture in page
        assert (out / picture).stat().st_size > 5_000
    assert len(list(out.glob("smoke_alarm-missed-*.png"))) == 2
    assert "recall at 0, 1, 5 false alarms: 0.00 0.50 0.50" in capsys.readouterr().out


def test_a_broken_recording_is_told_of_and_the_others_are_judged(
    house: Path, bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AED_YAMNET", raising=False)
    (house / "faint.flac").write_bytes(b"no audio")

    code = main(["evaluate", str(house), "--bundle", str(bundle), "--out", str(house / "out")])

    assert code == 1
    assert "faint.flac: it cannot be read as audio" in capsys.readouterr().err
    told = json.loads((house / "out/evaluation.json").read_text())
    assert (told["recordings"], told["unreadable"]) == (2, 1)


def test_the_same_recordings_given_twice_are_refused(
    house: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["evaluate", str(house), str(house / "truth.tsv"), "--bundle", str(bundle)])

    assert code == 1
    assert "stands in two lists" in capsys.readouterr().err


@pytest.mark.yamnet
def test_yamnet_is_drawn_beside_with_its_own_curve(
    house: Path, bundle: Path, yamnet_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(house), "--bundle", str(bundle), "--yamnet", str(yamnet_folder)]

    code = main([*arguments, "--out", str(house / "out")])

    assert code == 0
    told = json.loads((house / "out/evaluation.json").read_text())
    names = [each["name"] for each in told["contestants"]]
    assert names == ["aed", "YAMNet"]
    assert told["contestants"][1]["nodes"]["smoke_alarm"]["shipped"] is None
    assert "YAMNet" in capsys.readouterr().out
