"""Door chimes, played on the sampled bars and bells of soundfonts by fluidsynth.

Synthesised partials know the physics of a bar; samples know bars. Real door chimes are either.

Axes: S samples.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.clips.decoding import decode
from training.errors import TrainingDataError

SUFFIXES = frozenset({".sf2", ".sf3"})

PROGRAMS = {
    "celesta": 8,
    "glockenspiel": 9,
    "music_box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "xylophone": 13,
    "tubular_bells": 14,
    "dulcimer": 15,
    "tinkle_bell": 112,
    "agogo": 113,
    "steel_drums": 114,
}
"""Struck things among General MIDI's instruments, by their number from 0."""

CHIMES_OF_A_PROGRAM = 6
SLOT_S = 9.0
"""From one chime to the next; what rings longer rings into the next one."""

_TICKS_PER_S = 960
_KEPT_DB = -60.0
"""Below the peak of a chime its tail ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One note.

    Attributes:
        on_s: from the beginning of its chime.
        pitch: MIDI note number.
        velocity: 1 to 127.
    """

    on_s: float
    pitch: int
    velocity: int


def draw_chime(rng: np.random.Generator) -> tuple[Strike, ...]:
    """One to eight strikes: a single one, ding-dong, or a short tune, perhaps again."""
    base = int(rng.integers(58, 103))
    if rng.random() < _TUNE_SHARE:
        steps = [int(step) for step in rng.choice((0, 2, 4, 7, 9, 12), int(rng.integers(3, 9)))]
    else:
        steps = [0, -int(rng.integers(3, 6))][: int(rng.integers(1, 3))]
    beat_s = float(np.exp(rng.uniform(np.log(0.12), np.log(0.9))))
    again = 2 if len(steps) < _TUNE_STEPS and rng.random() < _AGAIN_SHARE else 1
    velocity = int(rng.integers(60, 128))
    return tuple(
        Strike(on_s=number * beat_s, pitch=min(max(base + step, 24), 108), velocity=velocity)
        for number, step in enumerate(steps * again)
    )


def play(
    soundfont: Path, program: int, chimes: list[tuple[Strike, ...]]
) -> Iterator[NDArray[np.float32]]:
    """Play chimes one after another; gives each (S,) at 16 kHz, without its silent end.

    Args:
        soundfont: an SF2 or SF3 file.
        program: number of the instrument from 0.
        chimes: what to play.

    Raises:
        TrainingDataError: fluidsynth is not installed, or the file is no soundfont.
    """
    if shutil.which("fluidsynth") is None:
        raise TrainingDataError("door chimes need fluidsynth: apt-get install fluidsynth")
    with soundfont.open("rb") as file:
        head = file.read(12)
    if head[:4] + head[8:] != b"RIFFsfbk":  # fluidsynth would take its default one instead
        raise TrainingDataError(f"{soundfont}: wanted a soundfont, found something else")
    with tempfile.TemporaryDirectory() as folder:
        score, recording = Path(folder, "chimes.mid"), Path(folder, "chimes.wav")
        _score(program, chimes).save(score)
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.6", "-r", "32000"]
        done = subprocess.run(
            [*command, "-F", str(recording), str(soundfont), str(score)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not recording.exists():
            raise TrainingDataError(f"{soundfont}: fluidsynth cannot play it ({done.stderr})")
        samples = (decode(recording) / 32768).astype(np.float32)
    slot = round(SLOT_S * SAMPLE_RATE_HZ)
    for number in range(len(chimes)):
        chime = samples[number * slot :][:slot]
        loud = np.flatnonzero(np.abs(chime) > np.abs(chime).max(initial=0) * 10 ** (_KEPT_DB / 20))
        if len(loud):
            yield chime[loud[0] : loud[-1] + 1]


def _score(program: int, chimes: list[tuple[Strike, ...]]) -> mido.MidiFile:
    """All chimes in one track, each in its slot; a struck thing is left to ring."""
    events = []
    for number, chime in enumerate(chimes):
        for strike in chime:
            on = round((number * SLOT_S + strike.on_s) * _TICKS_PER_S)
            off = round(((number + 1) * SLOT_S - 0.05) * _TICKS_PER_S)
            events.append((on, "note_on", strike.pitch, strike.velocity))
            events.append((max(off, on + 1), "note_off", strike.pitch, 0))
    file = mido.MidiFile(ticks_per_beat=_TICKS_PER_S // 2)  # at the usual 120 beats a minute
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.Message("program_change", program=program, time=0))
    now = 0
    for tick, kind, pitch, velocity in sorted(events):
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    return file


_TUNE_SHARE = 0.45
_AGAIN_SHARE = 0.4
_TUNE_STEPS = 3
