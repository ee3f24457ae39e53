"""`aed check` as a process, and what it found."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.system.daemon_process import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of `aed check --json`.

    Attributes:
        code: the exit code.
        stages: every stage, in order.
        text: all that was printed.
    """

    code: int
    stages: tuple[dict[str, Any], ...]
    text: str

    def verdicts(self) -> dict[str, str]:
        """By the stage's name, or that of its source."""
        return {stage["source"] or stage["stage"]: stage["verdict"] for stage in self.stages}

    def stage(self, name: str) -> dict[str, Any]:
        """The stage of a name, or of a source's."""
        (found,) = (stage for stage in self.stages if name in (stage["source"], stage["stage"]))
        return found

    def fault(self, name: str) -> str:
        """What is wrong with a stage, which is one thing, and then its remedy."""
        stage = self.stage(name)
        assert stage["verdict"] == "failed", stage
        (fault,) = stage["faults"]
        assert stage["remedy"]
        return f"{fault} | {stage['remedy']}"


def check(
    folder: Path, settings: Mapping[str, Any], *, environment: Mapping[str, str] | None = None
) -> Checked:
    """Check settings given as a mapping."""
    path = folder / "checked.yaml"
    path.write_text(json.dumps({"node": "test", "state_directory": str(folder / "s"), **settings}))
    done = subprocess.run(
        [sys.executable, "-m", "aed", "check", "--config", str(path), "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    result = json.loads(done.stdout)
    assert result["ok"] == (done.returncode == 0)
    return Checked(
        code=done.returncode, stages=tuple(result["stages"]), text=done.stdout + done.stderr
    )


def short_recording(folder: Path) -> dict[str, Any]:
    """Settings of a source that is heard in no time."""
    path = folder / "short.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0.0, 0.01, 16_000), 16_000)
    return {"kind": "file", "name": "mic", "path": str(path), "pace": "fast"}
