"""What a source's child process writes to its standard output.

Raw signed 16-bit little-endian PCM, channels interleaved. Our own children (`daemon.capture`,
`daemon.playback`) write one line of JSON before it, because only they know what they got:
`{"sample_rate_hz": 48000, "channels": 2, "device": "usb:…"}` and a line feed. A `command` of the
user's writes no such line; its format stands in the settings.
"""

import json
from dataclasses import asdict, dataclass

_BYTES_PER_SAMPLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmFormat:
    """What the numbers in a PCM stream mean.

    Attributes:
        sample_rate_hz: rate of each channel.
        channels: number of interleaved channels.
        device: what is being heard, for messages.
    """

    sample_rate_hz: int
    channels: int
    device: str

    def __str__(self) -> str:
        return f"{self.device} at {self.sample_rate_hz} Hz, {self.channels} channel(s)"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return _BYTES_PER_SAMPLE * self.channels

    @property
    def bytes_per_s(self) -> int:
        """Bytes of one second."""
        return self.frame_bytes * self.sample_rate_hz

    def header(self) -> bytes:
        """The line that stands before the PCM."""
        return json.dumps(asdict(self)).encode() + b"\n"
