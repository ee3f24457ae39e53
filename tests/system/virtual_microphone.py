"""A microphone without hardware: a PulseAudio null sink, whose monitor is what PortAudio hears."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

SINK = "vmic"


class VirtualMicrophone:
    """A PulseAudio of its own, whose only source is what is played into it."""

    def __init__(self) -> None:
        # Not below pytest's folders: the path of a Unix socket may have 107 characters at most.
        self._folder = tempfile.TemporaryDirectory(prefix="aed-pulse-")
        self.environment = {"XDG_RUNTIME_DIR": self._folder.name, "HOME": self._folder.name}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the sound server with the microphone plugged in."""
        log = Path(self._folder.name) / "pulse.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                    *("--use-pid-file=no", "--disallow-exit=yes"),
                    *("-L", "module-native-protocol-unix auth-anonymous=1"),
                    *("-L", f"module-null-sink sink_name={SINK} rate=48000 channels=1"),
                ],
                env={**os.environ, **self.environment},
                stdout=file,
                stderr=file,
            )
        deadline_s = time.monotonic() + 15
        while time.monotonic() < deadline_s:
            assert self._process.poll() is None, log.read_text()
            if self._pactl("set-default-source", f"{SINK}.monitor").returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        """End the sound server: what listened to it loses its device."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        """End the sound server and forget it."""
        self.stop()
        self._folder.cleanup()

    def mute(self, *, is_muted: bool) -> None:
        """Press its mute button, or press it again."""
        self._pactl("set-source-mute", f"{SINK}.monitor", "1" if is_muted else "0")

    def play(self, wav: Path) -> "subprocess.Popen[bytes]":
        """Begin to play a recording into the microphone."""
        return subprocess.Popen(
            ["paplay", f"--device={SINK}", str(wav)], env={**os.environ, **self.environment}
        )

    def _pactl(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            ["pactl", *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            timeout=10,
            check=False,
        )
