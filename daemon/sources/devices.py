"""What can be listened to, under names that stay the same.

PortAudio's indices and ALSA's card numbers change with every plugging; a USB serial number, the
USB socket, or ALSA's card id do not. sysfs knows which card number is which of these now.
"""

import contextlib
import importlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

SOUND_FOLDER = Path("/sys/class/sound")

_HARDWARE = re.compile(r"\(hw:(\d+),(\d+)\)$")
"""How PortAudio ends the names of ALSA hardware: card and device number."""

_USB_SOCKET = re.compile(r"^\d+-\d+(?:\.\d+)*$")
"""Folder of a USB device in sysfs, such as `1-1.4`: the bus, then the sockets down to it."""


class DeviceProblemError(Exception):
    """There is no such device, or it cannot be used; the text is written for the user.

    Not one of the `AedError`s, whose root stands in `ontology`: the capture process would load
    numpy and more for it, twice the memory of the process.
    """


class NoPortAudioError(DeviceProblemError):
    """PortAudio is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something that PortAudio can record from.

    Attributes:
        stable_name: the best name for the settings.
        aliases: other names that find it.
        index: PortAudio's number of it, good only within this process.
        description: PortAudio's name of it.
        channels: how many it offers at most.
        sample_rate_hz: its default rate.
    """

    stable_name: str
    aliases: tuple[str, ...]
    index: int
    description: str
    channels: int
    sample_rate_hz: int


def load_portaudio() -> ModuleType:
    """Import `sounddevice`, which needs the PortAudio library.

    Raises:
        NoPortAudioError: says what to install.
    """
    try:
        with quiet_stderr():  # ALSA complains about every card that is not there
            return importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        raise NoPortAudioError(
            f"recording needs the PortAudio library ({error}); on Debian and its relatives: "
            f"apt-get install libportaudio2"
        ) from error


def list_devices(portaudio: ModuleType, *, sound_folder: Path = SOUND_FOLDER) -> list[Device]:
    """List what can be recorded from: hardware first, then what ALSA offers by name.

    Args:
        portaudio: the `sounddevice` module, or what stands in for it.
        sound_folder: sysfs's list of sound cards.
    """
    found = []
    for index, entry in enumerate(portaudio.query_devices()):
        if entry["max_input_channels"] < 1:
            continue
        names = _stable_names(entry["name"], sound_folder)
        found.append((index, entry, names))
    devices = []
    for index, entry, names in found:
        others = [name for number, _, theirs in found if number != index for name in theirs]
        unique = [name for name in names if name not in others] or [entry["name"]]
        devices.append(
            Device(
                stable_name=unique[0],
                aliases=tuple(dict.fromkeys([*unique[1:], entry["name"]])),
                index=index,
                description=entry["name"],
                channels=int(entry["max_input_channels"]),
                sample_rate_hz=round(entry["default_samplerate"]),
            )
        )
    return sorted(devices, key=lambda device: _HARDWARE.search(device.description) is None)


def find_device(name: str, devices: Sequence[Device]) -> Device:
    """Find the device of a stable name, an alias, or PortAudio's full name.

    Raises:
        DeviceProblemError: there is none, or several; lists what there is.
    """
    matches = [device for device in devices if name in (device.stable_name, *device.aliases)]
    if len(matches) == 1:
        return matches[0]
    there = ", ".join(repr(device.stable_name) for device in devices) or "nothing at all"
    number = "several devices are" if matches else "no device is"
    raise DeviceProblemError(f"{number} named {name!r}; there is: {there}")


@contextlib.contextmanager
def quiet_stderr() -> Iterator[int]:
    """Send what C libraries write to the standard error nowhere, while the block runs.

    Yields:
        A descriptor of the real standard error.
    """
    real = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield real
    finally:
        os.dup2(real, 2)
        os.close(real)


def _stable_names(portaudio_name: str, sound_folder: Path) -> list[str]:
    """Names of a device, best first; those that two devices share are no good."""
    hardware = _HARDWARE.search(portaudio_name)
    if hardware is None:
        return [portaudio_name]
    card, device = hardware.groups()
    suffix = f",{device}" if int(device) else ""
    folder = sound_folder / f"card{card}"
    names = []
    usb = _usb_folder(folder)
    if usb is not None:
        vendor, product, serial = (_read(usb / n) for n in ("idVendor", "idProduct", "serial"))
        if serial:
            names.append(f"usb:{vendor}:{product}:{serial}{suffix}")
        names.append(f"usb-socket:{usb.name}{suffix}")
    card_id = _read(folder / "id")
    if card_id:
        names.append(f"card:{card_id}{suffix}")
    return names or [portaudio_name]


def _usb_folder(card_folder: Path) -> Path | None:
    """The folder of the USB device that a card belongs to."""
    interface = (card_folder / "device").resolve()
    for folder in (interface, *interface.parents):
        if _USB_SOCKET.match(folder.name):
            return folder
    return None


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
