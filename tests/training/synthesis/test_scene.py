import wave
from pathlib import Path

import numpy as np
import pytest

from tests.training.synthesis.envelopes import (
    energy_share,
    measured_pulses,
    peak_frequency_hz,
)
from training.synthesis.cadence import T3, matches
from training.synthesis.rendered import Rendered
from training.synthesis.scene import (
    ALARM_ONSET_S,
    BREAK_ONSET_S,
    DURATION_S,
    home_scene,
    main,
    write_wav,
)


@pytest.fixture(scope="module")
def scene() -> Rendered:
    return home_scene()


def _part(
    scene: Rendered, onset_s: float, offset_s: float
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return scene.samples[round(onset_s * 16_000) : round(offset_s * 16_000)]


def _level_dbfs(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    return float(10.0 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def test_the_scene_is_a_minute_that_does_not_clip(scene: Rendered) -> None:
    assert len(scene.samples) == DURATION_S * 16_000
    assert scene.samples.dtype == np.float32
    assert 0.3 < np.abs(scene.samples).max() < 1.0


def test_the_scene_holds_talk_dishes_an_alarm_and_a_break_in_this_order(scene: Rendered) -> None:
    nodes = [span.node for span in scene.spans]
    assert nodes == ["speech", "dishes", "smoke_alarm", "speech", "window_glass"]
    ends = [time_s for span in scene.spans for time_s in (span.onset_s, span.offset_s)]
    assert ends == sorted(ends)
    assert scene.spans[2].onset_s == ALARM_ONSET_S
    assert scene.spans[4].onset_s == BREAK_ONSET_S


def test_the_alarm_is_t3_at_3100_hz_for_at_least_three_cycles(scene: Rendered) -> None:
    alarm = _part(scene, ALARM_ONSET_S, ALARM_ONSET_S + 16.0)
    assert peak_frequency_hz(alarm) == pytest.approx(3_100.0, abs=2.0)
    heard = measured_pulses(alarm, shortest_gap_s=0.2)
    assert matches(heard, T3)
    assert len(heard) >= 9
    moved = [(on_s - ALARM_ONSET_S, off_s - ALARM_ONSET_S) for on_s, off_s in scene.pulses]
    assert matches(moved, T3)


def test_every_event_stands_out_of_a_quiet_room(scene: Rendered) -> None:
    quiet = _level_dbfs(_part(scene, 0.0, 1.9))
    assert quiet < -50.0
    assert _level_dbfs(_part(scene, 50.0, 59.0)) < -50.0
    for span in scene.spans:
        assert _level_dbfs(_part(scene, span.onset_s, span.offset_s)) > quiet + 15.0


def test_the_break_is_bright(scene: Rendered) -> None:
    assert energy_share(_part(scene, BREAK_ONSET_S, BREAK_ONSET_S + 1.0), 1_000.0, 8_000.0) > 0.6


def test_equal_seeds_give_equal_scenes_and_others_do_not(scene: Rendered) -> None:
    assert np.array_equal(home_scene(0).samples, scene.samples)
    assert not np.array_equal(home_scene(1).samples, scene.samples)


def test_the_scene_can_be_written_and_read_back(
    tmp_path: Path, scene: Rendered, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scene.wav"
    assert main([str(out)]) == 0
    assert "16.00 s" in capsys.readouterr().out
    with wave.open(str(out), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert np.allclose(pcm / 32_767.0, scene.samples, atol=1e-4)


def test_writing_clips_at_full_scale(tmp_path: Path) -> None:
    out = tmp_path / "loud.wav"
    write_wav(out, np.array([2.0, -2.0], dtype=np.float32))
    with wave.open(str(out), "rb") as file:
        assert np.frombuffer(file.readframes(2), dtype="<i2").tolist() == [32_767, -32_767]
