"""systemd/setup.sh where it cannot work: one plain sentence, and nothing done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.daemon_process import ROOT

SCRIPT = ROOT / "systemd" / "setup.sh"
NOBODY = 65_534


def refusal(stage: Path | None, *, user: int | None = None, **environment: str) -> str:
    """What the script says on the standard error when it refuses to install."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "DESTDIR")}
    if stage is not None:
        environment["DESTDIR"] = str(stage)
    done = subprocess.run(
        [str(SCRIPT), "install"],
        env={**kept, **environment},
        user=user,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert stage is None or not stage.exists()
    return done.stderr


def python_that_says(folder: Path, version: str) -> Path:
    """A program that answers as a Python of another version would."""
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\ncase $2 in *version_info*) exit 1;; esac\necho {version}\n")
    program.chmod(0o755)
    return program


def test_one_who_is_not_root_is_told_so() -> None:
    user = NOBODY if os.geteuid() == 0 else None

    assert refusal(None, user=user) == (
        "aed: this changes /opt and /etc, for which one must be root: sudo make install\n"
    )


def test_a_python_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    old = python_that_says(tmp_path, "3.9.2")

    assert refusal(tmp_path / "stage", PYTHON=str(old)) == (
        f"aed: it needs Python 3.11 or newer, and PYTHON={old} is 3.9.2; name a newer one\n"
    )


def test_a_python_that_is_none_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "stage", PYTHON="/nowhere/python3") == (
        "aed: PYTHON=/nowhere/python3 is no Python that runs\n"
    )


def test_a_python_that_the_service_could_not_see_is_refused(tmp_path: Path) -> None:
    hidden = tmp_path / "python3"
    hidden.write_text(
        f"#!/bin/sh\ncase $2 in *base_prefix*) echo /home/me/.pyenv;; "
        f'*) exec {sys.executable} "$@";; esac\n'
    )
    hidden.chmod(0o755)

    assert f"{hidden} lives in /home/me/.pyenv, where the service may not look" in refusal(
        tmp_path / "stage", PYTHON=str(hidden)
    )


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck (Debian package)")
def test_shellcheck_has_nothing_to_say_about_it() -> None:
    done = subprocess.run(
        ["shellcheck", str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout == ""
