import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import TrainingDataError
from training.material import chimes
from training.material.chimes import PROGRAMS, SLOT_S, Strike, draw_chime, play

pytestmark = pytest.mark.torch


@given(seed=st.integers(0, 2**31))
def test_a_chime_has_one_to_sixteen_strikes_within_its_slot(seed: int) -> None:
    strikes = draw_chime(np.random.default_rng(seed))

    assert 1 <= len(strikes) <= 16
    assert strikes[0].on_s == 0
    assert all(strike.on_s < SLOT_S for strike in strikes)
    assert all(24 <= strike.pitch <= 108 and 1 <= strike.velocity <= 127 for strike in strikes)


def test_a_score_strikes_when_the_chimes_say() -> None:
    chime = (Strike(on_s=0.0, pitch=72, velocity=90), Strike(on_s=0.5, pitch=69, velocity=90))

    struck_s, now_s = [], 0.0
    for message in chimes._score(PROGRAMS["celesta"], [chime, chime]):  # plays it, in seconds
        now_s += message.time
        if message.type == "note_on":
            struck_s.append(now_s)

    assert struck_s == pytest.approx([0.0, 0.5, SLOT_S, SLOT_S + 0.5], abs=0.01)


def test_without_fluidsynth_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(TrainingDataError, match="apt-get install fluidsynth"):
        list(play(Path("any.sf2"), 8, [draw_chime(np.random.default_rng(0))]))


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="needs fluidsynth")
def test_what_is_no_soundfont_is_refused(tmp_path: Path) -> None:
    soundfont = tmp_path / "broken.sf2"
    soundfont.write_bytes(b"MThd")

    with pytest.raises(TrainingDataError, match=r"broken\.sf2: wanted a soundfont"):
        list(play(soundfont, 8, [draw_chime(np.random.default_rng(0))]))
