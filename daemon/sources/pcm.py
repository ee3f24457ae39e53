"""The bytes a source's child process writes (see `daemon.sources.pcm_format`), as `AudioChunk`s."""

import json

import numpy as np

from aed.audio import AudioChunk
from daemon.sources.pcm_format import PcmFormat

MAX_HEADER_BYTES = 4096
_FULL_SCALE = 32_768.0


class PcmError(Exception):
    """The bytes are not what was announced."""


class PcmReader:
    """Re-assembles frames from bytes that arrive in any pieces."""

    def __init__(self, *, pcm_format: PcmFormat | None, channel: int | None) -> None:
        """Begin a stream.

        Args:
            pcm_format: what the stream is, or None if a header says it.
            channel: the one channel to take, from 0, or None for all.
        """
        self.format = pcm_format
        self._channel = channel
        # Bytes of an unfinished header or frame.
        self._rest = b""

    def feed(self, data: bytes) -> AudioChunk | None:
        """Take bytes, give whole samples.

        Args:
            data: the next bytes of the stream, any number.

        Returns:
            What is complete, (S,) or (S, C) float32; None if nothing is.

        Raises:
            PcmError: the header is wrong.
        """
        self._rest += data
        if self.format is None and not self._take_header():
            return None
        assert self.format is not None  # noqa: S101 - _take_header has set it
        num_bytes = len(self._rest) // self.format.frame_bytes * self.format.frame_bytes
        if not num_bytes:
            return None
        whole, self._rest = self._rest[:num_bytes], self._rest[num_bytes:]
        samples = np.frombuffer(whole, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        if self.format.channels > 1:
            samples = samples.reshape(-1, self.format.channels)  # (S, C)
            if self._channel is not None:
                # A device may offer fewer channels than the settings hoped for.
                samples = samples[:, min(self._channel, self.format.channels - 1)]  # (S,)
        return AudioChunk(samples=samples, sample_rate_hz=self.format.sample_rate_hz)

    def _take_header(self) -> bool:
        line, found, rest = self._rest.partition(b"\n")
        if not found:
            if len(line) > MAX_HEADER_BYTES:
                raise PcmError("wanted a line of JSON before the PCM, found none")
            return False
        try:
            header = PcmFormat(**json.loads(line))
            is_sound = header.channels > 0 and header.sample_rate_hz > 0
        except (ValueError, TypeError) as error:
            raise PcmError(f"wanted a line of JSON before the PCM, found {line[:80]!r}") from error
        if not is_sound:
            raise PcmError(f"wanted a rate and channels above 0, found {line[:80]!r}")
        self.format, self._rest = header, rest
        return True
