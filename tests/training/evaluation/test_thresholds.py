import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aed.bundle import load_bundle
from ontology import LabelSet
from tests.system.loudness_bundle import write_loudness_bundle
from tests.training.evaluation.said import heard, judged_node, sound
from training.errors import TrainingDataError
from training.evaluation import thresholds
from training.evaluation.thresholds import (
    LEAST_ON,
    MARGIN,
    MOST_ON,
    MOST_ON_BRIEF,
    choose,
)
from training.evaluation.truth import Recording, TrueSound, write_truth

pytestmark = pytest.mark.torch

RATE_HZ = 16_000


def test_a_threshold_stands_above_what_is_sustained_not_above_a_blip(labels: LabelSet) -> None:
    blip = heard([0.0] * 20 + [0.94] + [0.0] * 20)  # glass needs two frames
    longer = heard([0.0] * 20 + [0.7, 0.66, 0.1] + [0.0] * 20)

    chosen = choose([blip, longer], judged_node(labels, "window_glass"), labels)

    assert chosen.loudest == pytest.approx(0.66)
    assert chosen.on == pytest.approx(0.66 + MARGIN)
    assert chosen.recordings_passed == 0


def test_the_sound_itself_raises_no_threshold(labels: LabelSet) -> None:
    scores = [0.0] * 100 + [0.93] * 50 + [0.0] * 200
    glass = sound(labels, "window_glass", 10.0, 15.0)

    chosen = choose([heard(scores, glass)], judged_node(labels, "window_glass"), labels)

    assert chosen.on == LEAST_ON


def test_what_no_threshold_keeps_out_is_counted(labels: LabelSet) -> None:
    wrong = [heard([0.0] * 20 + [0.99] * 30, name=name) for name in ("a", "b")]

    chosen = choose(wrong, judged_node(labels, "window_glass"), labels)

    assert chosen.on == MOST_ON_BRIEF
    assert chosen.recordings_passed == 2


def test_an_alarm_that_goes_on_may_be_asked_for_more_than_what_sounds_once(
    labels: LabelSet,
) -> None:
    wrong = [heard([0.0] * 20 + [0.99] * 60)]

    asked = {
        node: choose(wrong, judged_node(labels, node), labels).on
        for node in ("life_safety", "smoke_alarm", "window_glass")
    }

    assert asked == {
        "life_safety": MOST_ON,
        "smoke_alarm": MOST_ON,
        "window_glass": MOST_ON_BRIEF,
    }


def test_thresholds_come_from_the_development_half_and_the_bundle_stays_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    recordings = []
    for part, level in (("development", 0.042), ("confirmation", 0.3)):
        samples = 1e-4 * rng.standard_normal(20 * RATE_HZ)
        samples[5 * RATE_HZ : 8 * RATE_HZ] = level * rng.standard_normal(3 * RATE_HZ)
        soundfile.write(tmp_path / f"{part}.flac", samples, RATE_HZ)
        recordings.append(
            Recording(
                path=f"{part}.flac",
                kind="recording",
                part=part,
                group=part,
                source="made",
                sounds=(TrueSound(node="speech", onset_s=5.0, offset_s=8.0),),
            )
        )
    write_truth(tmp_path, recordings)
    bundle = tmp_path / "bundle"
    write_loudness_bundle(bundle)
    before = shutil.copytree(bundle, tmp_path / "before")
    monkeypatch.setattr("sys.argv", ["thresholds", str(tmp_path), "--bundle", str(bundle)])

    assert thresholds.main() == 0

    on = load_bundle(bundle).thresholds["smoke_alarm"]["on"]
    assert LEAST_ON < on < MOST_ON  # the louder half would have asked for more
    assert "smoke_alarm" in capsys.readouterr().out
    assert (before / "model.onnx").read_bytes() == (bundle / "model.onnx").read_bytes()


@pytest.mark.parametrize("fault", ["only confirmation", "unreadable"])
def test_thresholds_never_rest_on_nothing(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = "confirmation" if fault == "only confirmation" else "development"
    (tmp_path / "hour.flac").write_bytes(b"no audio")
    about = {"path": "hour.flac", "kind": "recording", "group": "a", "source": "made"}
    write_truth(tmp_path, [Recording(**about, part=part, sounds=())])
    bundle = tmp_path / "bundle"
    write_loudness_bundle(bundle)
    before = (bundle / "bundle.yaml").read_bytes()
    monkeypatch.setattr("sys.argv", ["thresholds", str(tmp_path), "--bundle", str(bundle)])

    with pytest.raises(TrainingDataError, match=r"no recording of the development half|repair"):
        thresholds.main()

    assert (bundle / "bundle.yaml").read_bytes() == before
