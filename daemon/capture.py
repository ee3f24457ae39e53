"""Child process that records a microphone: `python -m daemon.capture --device NAME`.

Writes the header and PCM of `daemon.sources.pcm` to its standard output until it is ended. It reads
in blocks and uses no callback: those need memory that is writable and executable, which the
hardened unit forbids. Its standard error is for the daemon's log: one line for what a person should
know.

Exit codes: 66 (EX_NOINPUT) no such device, 69 (EX_UNAVAILABLE) no PortAudio, 74 (EX_IOERR) the
device failed.
"""

import argparse
import os
import sys
import time
from types import ModuleType
from typing import Any

from daemon.sources.devices import (
    Device,
    DeviceProblemError,
    NoPortAudioError,
    find_device,
    list_devices,
    load_portaudio,
    quiet_stderr,
)
from daemon.sources.pcm_format import PcmFormat

EXIT_NO_DEVICE = 66
EXIT_NO_PORTAUDIO = 69
EXIT_FAILED = 74

BLOCK_S = 0.2
"""Five blocks a second, as the benchmark measures: smaller ones cost more calls of the network."""

SAY_AGAIN_S = 60.0


def main() -> int:
    """Record until the reader goes away; returns the exit code."""
    parser = argparse.ArgumentParser(prog="daemon.capture", description=__doc__)
    parser.add_argument("--device", default="default")
    parser.add_argument("--rate", type=int, help="in Hz (default: the device's own)")
    parser.add_argument("--channels", type=int, default=1)
    arguments = parser.parse_args()
    with quiet_stderr() as stderr:  # an unplugged device makes ALSA write without end
        try:
            portaudio = load_portaudio()
            return _record(portaudio, arguments, stderr)
        except NoPortAudioError as error:
            _say(stderr, str(error))
            return EXIT_NO_PORTAUDIO
        except DeviceProblemError as error:
            _say(stderr, str(error))
            return EXIT_NO_DEVICE
        except BrokenPipeError:
            return 0


def choose_format(
    portaudio: ModuleType, device: Device, *, rate_hz: int | None, channels: int
) -> tuple[PcmFormat, str | None]:
    """Settle on a rate and channels that the device can do, as near to the wish as possible.

    Args:
        portaudio: the `sounddevice` module, or what stands in for it.
        device: what to record from.
        rate_hz: the wish, or None for the device's own rate.
        channels: the wish.

    Returns:
        The format, and a sentence if it is not what was wished for.

    Raises:
        DeviceProblemError: the device can do nothing that was tried.
    """
    wishes = [
        (rate, count)
        for rate in dict.fromkeys((rate_hz or device.sample_rate_hz, device.sample_rate_hz))
        for count in dict.fromkeys((min(channels, device.channels), min(device.channels, 8)))
    ]
    problem = ""
    for rate, count in wishes:
        try:
            portaudio.check_input_settings(
                device=device.index, channels=count, dtype="int16", samplerate=rate
            )
        except portaudio.PortAudioError as error:
            problem = problem or str(error)
            continue
        chosen = PcmFormat(sample_rate_hz=rate, channels=count, device=device.stable_name)
        if (rate, count) == (rate_hz or device.sample_rate_hz, channels):
            return chosen, None
        return chosen, (
            f"{device.stable_name!r} does not do {rate_hz or device.sample_rate_hz} Hz with "
            f"{channels} channel(s) ({problem or 'too many channels'}); "
            f"recording {rate} Hz with {count}"
        )
    raise DeviceProblemError(f"{device.stable_name!r} cannot be opened: {problem}")


def _record(portaudio: ModuleType, arguments: argparse.Namespace, stderr: int) -> int:
    device = find_device(arguments.device, list_devices(portaudio))
    pcm_format, remark = choose_format(
        portaudio, device, rate_hz=arguments.rate, channels=arguments.channels
    )
    if remark is not None:
        _say(stderr, remark)
    try:
        with portaudio.RawInputStream(
            samplerate=pcm_format.sample_rate_hz,
            device=device.index,
            channels=pcm_format.channels,
            dtype="int16",
            latency="high",
        ) as stream:
            _copy(stream, pcm_format, stderr)
    except portaudio.PortAudioError as error:
        _say(stderr, f"{device.stable_name!r} failed: {error}")
    return EXIT_FAILED


def _copy(stream: Any, pcm_format: PcmFormat, stderr: int) -> None:  # noqa: ANN401 - untyped library
    """Copy from the device to the standard output until either fails."""
    block_frames = int(BLOCK_S * pcm_format.sample_rate_hz)
    num_lost, said_s = 0, time.monotonic()
    _write(pcm_format.header())
    while True:
        data, has_overflowed = stream.read(block_frames)
        _write(bytes(data))
        num_lost += int(has_overflowed)
        if num_lost and time.monotonic() - said_s > SAY_AGAIN_S:
            _say(stderr, f"lost sound {num_lost} times in a minute: the machine is too busy")
            num_lost, said_s = 0, time.monotonic()


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _say(stderr: int, sentence: str) -> None:
    os.write(stderr, f"{sentence}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
