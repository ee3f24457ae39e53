"""Tries a bundle in a process of its own: `python -m daemon.bundles.trial --sources K DIR`.

A model that hangs, crashes or takes all the memory does so here and not in the daemon. Writes one
JSON object to its standard output: `digest` and `info`, which spare the daemon reading so much
YAML, and `ms_per_s`, the milliseconds of processor time that a second of sound took; or `error`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.batch import hear_together
from aed.bundle import Bundle, load_bundle
from aed.hearing import Hearing
from ontology.errors import AedError

LEAST_S = 5.0
"""So much sound is heard at least."""

PATIENCE_S = 2.0
"""Whoever takes longer for it is measured by what it has heard by then."""


def main() -> int:
    """Try it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="daemon.bundles.trial", description=__doc__)
    parser.add_argument("--sources", type=int, default=1)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        bundle = load_bundle(arguments.folder)
        ms_per_s = measure_ms_per_s(bundle, num_sources=arguments.sources)
    except AedError as error:
        json.dump({"error": str(error)}, sys.stdout)
        return error.exit_code
    found = {"digest": bundle.digest, "info": bundle.info, "ms_per_s": ms_per_s}
    json.dump(found, sys.stdout)
    return 0


def measure_ms_per_s(bundle: Bundle, *, num_sources: int) -> float:
    """Hear the self-test's clip over and over, as the daemon would hear so many sources.

    Args:
        bundle: what to hear with.
        num_sources: how many at once.

    Returns:
        Milliseconds of processor time for a second of all of them.
    """
    hearings = [Hearing(bundle) for _ in range(num_sources)]
    clip = bundle.self_test.audio
    block = SAMPLE_RATE_HZ // 5  # as a microphone brings it
    sound = np.tile(clip, -(-int(LEAST_S * SAMPLE_RATE_HZ) // len(clip)))
    begin_s, heard_s = time.process_time(), 0.0
    for start in range(0, len(sound), block):
        samples = sound[start : start + block]
        chunk = AudioChunk(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)
        hear_together(hearings, [chunk] * num_sources)
        heard_s += chunk.duration_s
        if time.process_time() - begin_s > PATIENCE_S:
            break
    return 1000 * (time.process_time() - begin_s) / heard_s


if __name__ == "__main__":
    sys.exit(main())
