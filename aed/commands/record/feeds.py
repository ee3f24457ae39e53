"""Where the sound comes from: the running daemon's source, or a device of this machine itself.

Axes: S samples.
"""

import base64
import contextlib
import random
import select
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aed.conditioning import Conditioner
from daemon.clocks import SystemClock
from daemon.errors import DeviceError, RequestError
from daemon.requests.control_request import ask
from daemon.settings.models import MicrophoneSettings
from daemon.sources.source import Source
from daemon.wakeup import StopRequest, Wakeup

POLL_S = 0.4
"""The daemon answers five requests a second, of all who ask."""

_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What came since the last one.

    Attributes:
        samples: (S,) int16 at 16 kHz; may be empty.
        is_torn: sound is missing before it.
        state: how the source is.
    """

    samples: NDArray[np.int16]
    is_torn: bool
    state: str


class Feed(Protocol):
    """A source of sound.

    Attributes:
        title: what it is, for the user.
    """

    title: str

    def pieces(self, stop: StopRequest, wakeup: Wakeup) -> Generator[Piece]:
        """Give its sound as it comes, until asked to stop.

        Raises:
            AedError: it gives none.
        """


class DaemonFeed:
    """A source of the running daemon, by its control socket."""

    def __init__(self, socket: Path, source: str | None) -> None:
        """Ask for the first time.

        Args:
            socket: the control socket.
            source: name of the source; None for the only one.

        Raises:
            RequestError: nobody answers, or the daemon refuses.
        """
        self._socket, self._source = socket, source
        first = self._ask(None)
        self._since = int(first["end"])
        self.title = f"source {first['source']} of the running aed"

    def pieces(self, stop: StopRequest, wakeup: Wakeup) -> Generator[Piece]:
        """See `Feed`."""
        while not stop.is_set:
            data = self._ask(self._since)
            samples = np.frombuffer(base64.b64decode(data["pcm"]), "<i2").astype(np.int16)
            yield Piece(
                samples=samples, is_torn=data["begin"] != self._since, state=str(data["state"])
            )
            self._since = int(data["end"])
            select.select([wakeup.fileno()], [], [], POLL_S)

    def _ask(self, since: int | None) -> dict[str, Any]:
        response = ask(self._socket, "sound", {"source": self._source, "since": since})
        if response.get("status") != "ok":
            raise RequestError(f"the aed at {self._socket} refuses: {response.get('error')}")
        data: dict[str, Any] = response["data"]
        return data


class DeviceFeed:
    """A microphone of this machine, by a child process of our own."""

    def __init__(self, device: str) -> None:
        """Name the device.

        Args:
            device: as `aed devices` names it.
        """
        self.title = f"microphone {device}"
        self._settings = MicrophoneSettings(kind="microphone", name="microphone", device=device)

    def pieces(self, stop: StopRequest, wakeup: Wakeup) -> Generator[Piece]:
        """See `Feed`."""
        rng = random.Random()  # noqa: S311 - jitter
        source = Source(self._settings, clock=SystemClock(), rng=rng)
        conditioner = Conditioner()
        with contextlib.closing(source):
            while not stop.is_set:
                source.tick()
                descriptor = source.fileno()
                waited = [wakeup.fileno()] + ([] if descriptor is None else [descriptor])
                select.select(waited, [], [], POLL_S)
                chunk = source.read()
                samples = np.zeros(0, np.float32) if chunk is None else conditioner.feed(chunk)
                pcm = np.rint(samples * _FULL_SCALE).astype(np.int16)
                yield Piece(samples=pcm, is_torn=source.take_cut(), state=str(source.state))
                if source.is_finished:
                    raise DeviceError(f"{self.title} has ended: {source.reason}")
