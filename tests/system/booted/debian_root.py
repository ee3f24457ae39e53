"""A small Debian in a folder, and the wheels to install aed there without a network; both cached.

They are made once and kept in the folder that `AED_ROOTS` names, else in `build/roots`. Their names
hold what they were made from, so that a change here or in `pyproject.toml` makes new ones.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.system.daemon_process import ROOT

SUITE = "bookworm"
PACKAGES = (
    "dbus",
    "libasound2",
    "libportaudio2",
    "make",
    "mosquitto",
    "python3",
    "python3-venv",
    "systemd",
)
PYTHON_VERSION = "3.11"
GLIBC_MINOR = 36

_LOG_CHARACTERS_SHOWN = 2000


def debian_root() -> Path:
    """Folder of the Debian; to be copied, never booted itself. Made if there is none."""

    def make(folder: Path) -> None:
        words = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
        _run([*words, SUITE, str(folder)])
        for package in (folder / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()

    return cached(SUITE, (SUITE, *PACKAGES), make)


def wheels() -> Path:
    """Folder of every wheel that installing aed in that Debian takes. Fetched if there is none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    requirements = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["web"],
    ]
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(5, GLIBC_MINOR + 1)]
    tags.append(f"manylinux2014_{machine}")

    def make(folder: Path) -> None:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
        words += ["--implementation=cp", f"--python-version={PYTHON_VERSION}"]
        words += [f"--platform={tag}" for tag in tags]
        _run([*words, f"--dest={folder}", *requirements])

    return cached("wheels", (PYTHON_VERSION, *tags, *requirements), make)


def place_of(name: str, made_from: Sequence[str]) -> Path:
    """Folder where what is made from these words is kept, made or not."""
    digest = hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("AED_ROOTS") or ROOT / "build" / "roots").resolve()
    return cache / f"{name}-{digest}"


def cached(name: str, made_from: Sequence[str], make: Callable[[Path], None]) -> Path:
    """Give the folder that is made from these words; it is made if there is none.

    Args:
        name: how the folder's name begins.
        made_from: what it is made from.
        make: fills a new folder.
    """
    folder = place_of(name, made_from)
    if not folder.is_dir():
        begun = folder.with_name(f"{folder.name}.{os.getpid()}")
        begun.mkdir(parents=True)
        try:
            make(begun)
            begun.rename(folder)
        finally:
            shutil.rmtree(begun, ignore_errors=True)
    return folder


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr)[-_LOG_CHARACTERS_SHOWN:]
    assert done.returncode == 0, f"{words[0]} failed:\n{said}"
