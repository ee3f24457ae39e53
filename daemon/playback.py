"""Child process that plays a recording as a source: `python -m daemon.playback [--pace fast] PATH`.

Writes the header and PCM of `daemon.sources.pcm` to its standard output, in real time or as fast as
the reader takes it. Exits 0 at the end, 66 (EX_NOINPUT) if the file cannot be read.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from daemon.sources.pcm_format import PcmFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

EXIT_UNREADABLE = 66
BLOCK_S = 0.2
"""As long as a microphone's, so that a recording costs and waits what live sound does."""

MAX_CHANNELS = 8


def main() -> int:
    """Play; returns the exit code."""
    parser = argparse.ArgumentParser(prog="daemon.playback", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--pace", choices=("realtime", "fast"), default="realtime")
    parser.add_argument("--repeat", action="store_true")
    arguments = parser.parse_args()
    try:
        with soundfile.SoundFile(arguments.path) as file:
            _play(file, is_paced=arguments.pace == "realtime", repeat=arguments.repeat)
    except (soundfile.LibsndfileError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return 0  # nobody listens any more
        print(f"{arguments.path} cannot be played: {error}", file=sys.stderr, flush=True)
        return EXIT_UNREADABLE
    return 0


def _play(file: soundfile.SoundFile, *, is_paced: bool, repeat: bool) -> None:
    channels = min(file.channels, MAX_CHANNELS)
    header = PcmFormat(
        sample_rate_hz=file.samplerate, channels=channels, device=Path(file.name).name
    )
    output = sys.stdout.buffer
    output.write(header.header())
    start_s = time.monotonic()
    num_frames = 0
    for block in _blocks(file, repeat=repeat):
        output.write(block[:, :channels].astype("<i2").tobytes())
        output.flush()
        num_frames += len(block)
        if is_paced:
            due_s = start_s + num_frames / file.samplerate
            time.sleep(max(0.0, due_s - time.monotonic()))


def _blocks(file: soundfile.SoundFile, *, repeat: bool) -> "Iterator[NDArray[np.int16]]":
    block_frames = max(1, int(BLOCK_S * file.samplerate))
    while True:
        num_blocks = 0
        for block in file.blocks(block_frames, dtype="int16", always_2d=True):
            num_blocks += 1
            yield block  # (S, C)
        if not repeat or not num_blocks:
            return
        file.seek(0)


if __name__ == "__main__":
    sys.exit(main())
