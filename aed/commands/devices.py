"""`aed devices`: what can be listened to, under the names that settings take."""

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `devices`."""
    parser = subparsers.add_parser(
        "devices",
        help="list what can be listened to",
        description="Lists what can be listened to. The first word of each line stays the same "
        "however often a device is unplugged: put it into the settings as `device`.",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the devices.

    Args:
        arguments: with `json`.

    Returns:
        0 if there is one, else 1.

    Raises:
        DeviceError: PortAudio is missing.
    """
    from daemon.errors import DeviceError
    from daemon.sources.devices import DeviceProblemError, list_devices, load_portaudio

    try:
        devices = list_devices(load_portaudio())
    except DeviceProblemError as error:
        raise DeviceError(str(error)) from error
    if arguments.json:
        listed = [dataclasses.asdict(device) for device in devices]
        for entry in listed:
            del entry["index"]  # good for nothing outside this process
        print(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        width = max((len(device.stable_name) for device in devices), default=0)
        for device in devices:
            print(
                f"{device.stable_name:<{width}}  {device.sample_rate_hz} Hz, "
                f"up to {device.channels} channel(s)  {device.description}"
            )
    if not devices:
        print("aed: there is nothing to listen to; is a microphone plugged in?", file=sys.stderr)
        return 1
    return 0
