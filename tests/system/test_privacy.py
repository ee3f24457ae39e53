"""Libraries that would like to report to their makers do not get to."""

import os
import subprocess
import sys
from pathlib import Path

from tests.system.daemon_process import ROOT

ASKED_ONLY_OUTSIDE = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY")
"""Where these are set onnxruntime is quiet by itself."""


def test_loading_the_model_leaves_no_id_of_the_machine_in_its_users_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ASKED_ONLY_OUTSIDE and not name.startswith("XDG_")
    }
    settings = ROOT / "systemd" / "settings.example.yaml"

    done = subprocess.run(
        [sys.executable, "-m", "aed", "check", "--offline", "--config", str(settings)],
        env={**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "self-test passed" in done.stdout, done.stderr
    assert list(home.rglob("*")) == []
