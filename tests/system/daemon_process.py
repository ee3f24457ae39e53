"""`aed run` as a process, and a microphone that a test can make loud."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class DaemonProcess:
    """`aed run` with settings given as a mapping."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = folder / "settings.yaml"
        self._content = {"node": "test", "state_directory": str(folder / "state"), **settings}
        self._settings.write_text(json.dumps(self._content))
        self._log = folder / "daemon.log"
        self._former_log_bytes = 0
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"},
            "PYTHONPATH": str(ROOT),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings_path(self) -> Path:
        """Its settings' file."""
        return self._settings

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far, over all its runs."""
        return self._log.read_text()

    @property
    def log_of_this_run(self) -> str:
        """What it has said since its latest start."""
        return self._log.read_bytes()[self._former_log_bytes :].decode()

    def start(self) -> None:
        """Start it; does not wait."""
        self._former_log_bytes = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aed", "run", "--config", str(self._settings)],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._settings.parent,
            )

    def reload(self, **changes: object) -> None:
        """Change keys of the settings and ask it to read them again; does not wait."""
        self._content.update(changes)
        self._settings.write_text(json.dumps(self._content))
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to stop; returns its exit code and how long it took."""
        assert self._process is not None
        begin_s = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(20)
        self._process = None
        return code, time.monotonic() - begin_s

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wait_for_exit(self, timeout_s: float = 20.0) -> int:
        """Wait until it ends by itself; returns its exit code."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def wait_for_log(self, text: str, timeout_s: float = 20.0) -> str:
        """Wait until it has said something; returns the log."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if text in self.log:
                return self.log
            time.sleep(0.02)
        raise AssertionError(f"not said: {text}; said:\n{self.log}")


class LoudSource:
    """A `command` source that hums softly, and loudly as long as the test wants."""

    RATE_HZ = 16_000

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._switch = folder / "loud"
        self._script = folder / "hum.py"
        self._script.write_text(
            "import array, os, pathlib, time\n"
            f"switch = pathlib.Path({str(self._switch)!r})\n"
            "soft, loud = (array.array('h', [a, -a] * 400).tobytes() for a in (30, 16000))\n"
            "due_s = time.monotonic()\n"
            "while True:\n"
            "    os.write(1, loud if switch.exists() else soft)\n"
            f"    due_s += 800 / {self.RATE_HZ}\n"
            "    time.sleep(max(0.0, due_s - time.monotonic()))\n"
        )

    def settings(self, name: str = "mic") -> dict[str, Any]:
        """Settings of the source."""
        return {
            "kind": "command",
            "name": name,
            "command": [sys.executable, str(self._script)],
            "sample_rate_hz": self.RATE_HZ,
        }

    def be_loud(self) -> None:
        """Sound the alarm."""
        self._switch.touch()

    def be_quiet(self) -> None:
        """Silence it."""
        self._switch.unlink(missing_ok=True)

    def unplug(self) -> None:
        """Whoever starts it from now on finds nothing."""
        self._script.rename(self._script.with_suffix(".unplugged"))

    def plug_in(self) -> None:
        """It can be started again."""
        self._script.with_suffix(".unplugged").rename(self._script)
