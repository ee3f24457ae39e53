"""Devices keep their names whatever their numbers."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from daemon.capture import EXIT_NO_PORTAUDIO, choose_format
from daemon.sources.devices import Device, DeviceProblemError, find_device, list_devices


class FakePortAudio(ModuleType):
    """Stands in for `sounddevice`: a list of devices, and the formats they can do."""

    class PortAudioError(Exception):
        """As sounddevice's."""

    def __init__(self, names: list[str], can_do: set[tuple[int, int]] | None = None) -> None:
        super().__init__("fake_portaudio")
        self._names = names
        self._can_do = can_do

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "max_input_channels": 0 if "HDMI" in name else 2}
            | {"default_samplerate": 44_100.0}
            for name in self._names
        ]

    def check_input_settings(
        self, *, device: int, channels: int, dtype: str, samplerate: int
    ) -> None:
        assert (device, dtype) == (0, "int16")
        if self._can_do is not None and (samplerate, channels) not in self._can_do:
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]")


def plug(
    sound_folder: Path, card: int, card_id: str, socket: str | None = None, serial: str = ""
) -> None:
    """Lay out sysfs as Linux does for a sound card."""
    devices = sound_folder.parent / "devices"
    interface = devices / "usb1" / socket / f"{socket}:1.0" if socket else devices / f"pci{card}"
    folder = interface / "sound" / f"card{card}"
    folder.mkdir(parents=True)
    (folder / "id").write_text(f"{card_id}\n")
    (folder / "device").symlink_to(interface)
    if socket:
        (interface.parent / "idVendor").write_text("0d8c\n")
        (interface.parent / "idProduct").write_text("0014\n")
        if serial:
            (interface.parent / "serial").write_text(f"{serial}\n")
    sound_folder.mkdir(exist_ok=True)
    (sound_folder / f"card{card}").symlink_to(folder)


@pytest.fixture
def sound_folder(tmp_path: Path) -> Path:
    return tmp_path / "class_sound"


def test_hardware_is_named_by_serial_then_socket_then_card_id(sound_folder: Path) -> None:
    plug(sound_folder, 0, "PCH")
    plug(sound_folder, 1, "Device", socket="1-1.4", serial="A1B2")
    plug(sound_folder, 2, "Cheap", socket="1-1.2")
    names = [
        "default",
        "HDA Intel PCH: HDMI 0 (hw:0,3)",
        "HDA Intel PCH: ALC (hw:0,0)",
        "USB PnP Sound Device: Audio (hw:1,0)",
        "USB PnP Sound Device: Audio (hw:1,1)",
        "Cheap: Audio (hw:2,0)",
    ]

    devices = list_devices(FakePortAudio(names), sound_folder=sound_folder)

    assert [(device.stable_name, device.aliases[:-1]) for device in devices] == [
        ("card:PCH", ()),
        ("usb:0d8c:0014:A1B2", ("usb-socket:1-1.4", "card:Device")),
        ("usb:0d8c:0014:A1B2,1", ("usb-socket:1-1.4,1", "card:Device,1")),
        ("usb-socket:1-1.2", ("card:Cheap",)),
        ("default", ()),
    ]


def test_a_device_keeps_its_name_when_its_number_changes(sound_folder: Path) -> None:
    plug(sound_folder, 3, "Device_1", socket="1-1.4", serial="A1B2")
    devices = list_devices(
        FakePortAudio(["default", "USB: Audio (hw:3,0)"]), sound_folder=sound_folder
    )

    assert find_device("usb:0d8c:0014:A1B2", devices).index == 1
    assert find_device("usb-socket:1-1.4", devices).index == 1
    assert find_device("USB: Audio (hw:3,0)", devices).index == 1


def test_two_devices_with_one_serial_number_are_told_apart_by_their_sockets(
    sound_folder: Path,
) -> None:
    plug(sound_folder, 1, "Device", socket="1-1.1", serial="0000")
    plug(sound_folder, 2, "Device_1", socket="1-1.2", serial="0000")
    names = ["USB: Audio (hw:1,0)", "USB: Audio (hw:2,0)"]

    devices = list_devices(FakePortAudio(names), sound_folder=sound_folder)

    assert [device.stable_name for device in devices] == ["usb-socket:1-1.1", "usb-socket:1-1.2"]


def test_a_missing_device_is_answered_with_what_there_is(sound_folder: Path) -> None:
    devices = list_devices(FakePortAudio(["pulse", "default"]), sound_folder=sound_folder)

    with pytest.raises(DeviceProblemError) as caught:
        find_device("usb:1:2:3", devices)

    assert str(caught.value) == "no device is named 'usb:1:2:3'; there is: 'pulse', 'default'"
    with pytest.raises(DeviceProblemError, match="there is: nothing at all"):
        find_device("default", [])


def device(sound_folder: Path, portaudio: ModuleType) -> Device:
    return list_devices(portaudio, sound_folder=sound_folder)[0]


@pytest.mark.parametrize(
    ("can_do", "rate_hz", "channels", "chosen"),
    [
        ({(44_100, 1), (16_000, 1)}, 16_000, 1, (16_000, 1)),
        ({(44_100, 1), (16_000, 1)}, None, 1, (44_100, 1)),
        ({(44_100, 1)}, 16_000, 1, (44_100, 1)),
        ({(44_100, 2)}, 16_000, 1, (44_100, 2)),
        ({(44_100, 2)}, None, 8, (44_100, 2)),
    ],
)
def test_what_a_device_cannot_do_is_replaced_and_said(
    sound_folder: Path,
    can_do: set[tuple[int, int]],
    rate_hz: int | None,
    channels: int,
    chosen: tuple[int, int],
) -> None:
    portaudio = FakePortAudio(["default"], can_do)

    pcm_format, remark = choose_format(
        portaudio, device(sound_folder, portaudio), rate_hz=rate_hz, channels=channels
    )

    assert (pcm_format.sample_rate_hz, pcm_format.channels) == chosen
    if chosen == (rate_hz or 44_100, channels):
        assert remark is None
    else:
        assert remark is not None
        assert f"recording {chosen[0]} Hz with {chosen[1]}" in remark


def test_a_device_that_can_do_nothing_is_an_error(sound_folder: Path) -> None:
    portaudio = FakePortAudio(["default"], set())

    with pytest.raises(DeviceProblemError, match="cannot be opened: Invalid sample rate"):
        choose_format(portaudio, device(sound_folder, portaudio), rate_hz=16_000, channels=1)


def test_without_portaudio_the_package_to_install_is_named(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    root = Path(__file__).parents[3]
    results = [
        subprocess.run(
            [sys.executable, "-m", *words],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for words in (["daemon.capture"], ["aed", "devices"])
    ]

    assert [result.returncode for result in results] == [EXIT_NO_PORTAUDIO, 1]
    for result in results:
        assert "(PortAudio library not found)" in result.stderr
        assert "apt-get install libportaudio2" in result.stderr
        assert "Traceback" not in result.stderr


def test_the_recording_process_loads_no_numpy() -> None:
    code = "import sys, daemon.capture; print([m for m in sys.modules if m in ('numpy', 'yaml')])"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert result.stdout.strip() == "[]"
