"""The systemd unit: understood by systemd, and as strict as promised."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "aed.service"
MOST_EXPOSURE = 2.0


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze (Debian package systemd)"
)
def test_the_unit_is_understood_and_exposes_little() -> None:
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "ignoring" not in result.stderr
    exposure = re.search(r"exposure level for aed\.service: ([0-9.]+)", result.stdout)
    assert exposure is not None, result.stderr
    assert float(exposure.group(1)) <= MOST_EXPOSURE


def test_bad_settings_are_not_retried_and_everything_else_is_for_ever() -> None:
    lines = UNIT.read_text().splitlines()

    assert "RestartPreventExitStatus=78" in lines
    assert "Restart=always" in lines
    assert "StartLimitIntervalSec=0" in lines


def test_the_control_socket_gets_a_folder() -> None:
    assert "RuntimeDirectory=aed" in UNIT.read_text().splitlines()
