"""What taught sounds cost: CPU per second of audio, with none, one and as many as there may be."""

import time
from dataclasses import replace

import numpy as np

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.bundle import Bundle
from aed.hearing import Hearing
from aed.taught.background import Background
from aed.taught.sounds import MOST_SOUNDS, TaughtSound, taught_sounds

_AUDIO_S = 60
_CHUNK_SAMPLES = SAMPLE_RATE_HZ // 10


def milliseconds_per_second(bundle: Bundle, background: Background) -> dict[str, float]:
    """CPU time of hearing live, in chunks of 100 ms: by number of taught sounds, in ms per second.

    Args:
        bundle: the model.
        background: of it.
    """
    rng = np.random.default_rng(0)
    noise = (rng.standard_normal(_AUDIO_S * SAMPLE_RATE_HZ) * 0.01).astype(np.float32)
    chunks = [
        AudioChunk(samples=noise[start : start + _CHUNK_SAMPLES], sample_rate_hz=SAMPLE_RATE_HZ)
        for start in range(0, len(noise), _CHUNK_SAMPLES)
    ]
    costs = {}
    for count in (0, 1, MOST_SOUNDS):
        sounds = [
            TaughtSound(
                id=f"sound_{number}",
                name=f"Sound {number}",
                under=bundle.ontology.roots[-1].id,
                is_alert=True,
                prototype=background.windows[number],
                threshold=1.0,
            )
            for number in range(count)
        ]
        hearing = Hearing(
            replace(bundle, taught=taught_sounds(background.space, sounds, bundle.ontology))
        )
        begin_s = time.process_time()
        for chunk in chunks:
            hearing.feed(chunk)
        costs[str(count)] = round(1000 * (time.process_time() - begin_s) / _AUDIO_S, 3)
    return costs
