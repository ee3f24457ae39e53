"""A `command` source that says how much it has written, so that what was heard can be compared."""

import sys
from pathlib import Path
from typing import Any

RATE_HZ = 16_000


class CountedSource:
    """Hums, softly or loudly, until the test tells it to fall silent."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True)
        self.name = name
        self._loud, self._end, self._count = (folder / word for word in ("loud", "end", "count"))
        self._script = folder / "hum.py"
        paths = [str(path) for path in (self._loud, self._end, self._count)]
        self._script.write_text(
            "import array, pathlib, sys, time\n"
            f"loud, end, count = map(pathlib.Path, {paths!r})\n"
            "soft, shrill = (array.array('h', [a, -a] * 400).tobytes() for a in (30, 16000))\n"
            "due_s, samples = time.monotonic(), 0\n"
            "while not end.exists():\n"
            "    sys.stdout.buffer.write(shrill if loud.exists() else soft)\n"
            "    sys.stdout.buffer.flush()\n"
            "    samples += 800\n"
            f"    due_s += 800 / {RATE_HZ}\n"
            "    time.sleep(max(0.0, due_s - time.monotonic()))\n"
            "part = count.with_suffix('.part')\n"
            "part.write_text(str(samples))\n"
            "part.rename(count)\n"
            "time.sleep(600)\n"
        )

    def settings(self) -> dict[str, Any]:
        """Settings of the source."""
        return {
            "kind": "command",
            "name": self.name,
            "command": [sys.executable, str(self._script)],
            "sample_rate_hz": RATE_HZ,
        }

    def be_loud(self) -> None:
        """Sound the alarm."""
        self._loud.touch()

    def be_quiet(self) -> None:
        """Silence it."""
        self._loud.unlink()

    def fall_silent(self) -> None:
        """Write nothing more."""
        self._end.touch()

    def num_samples(self) -> int | None:
        """How many it has written; None before it has fallen silent."""
        return int(self._count.read_text()) if self._count.exists() else None
