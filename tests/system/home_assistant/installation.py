"""A Debian in a folder with Home Assistant in it.

Making it takes five minutes and a network, so no test does: `make home-assistant-root` runs this
file. It is kept where the other roots are (see `tests.system.booted.debian_root`), under a name
that holds what it was made from.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system.booted.debian_root import cached, place_of

SUITE = "trixie"
"""The Debian whose Python is new enough."""

VERSION = "2026.2.*"
PACKAGES = ("ca-certificates", "python3", "python3-pip", "python3-venv")
COMPILER = ("g++", "gcc", "libffi-dev", "libssl-dev", "python3-dev", "zlib1g-dev")
"""For what Home Assistant needs and PyPI has as source only."""

INTEGRATIONS = ("api", "mqtt")
"""What is set up beside what always is. Home Assistant would fetch what they need at its first
start, from a network that a test may not have."""

PROGRAM = "/ha/bin/hass"
_MADE_FROM = (SUITE, VERSION, *PACKAGES, *COMPILER, *INTEGRATIONS)
_AUTHORITIES = Path("etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def home_assistant_root() -> Path | None:
    """Folder of the Debian with Home Assistant, never to be written to; None if there is none."""
    folder = place_of(SUITE, _MADE_FROM)
    return folder if folder.is_dir() else None


def installed_version(root: Path) -> str:
    """Version of the Home Assistant in a root."""
    (folder,) = root.glob("ha/lib/python*/site-packages/homeassistant-*.dist-info")
    return folder.name.removeprefix("homeassistant-").removesuffix(".dist-info")


def main() -> int:
    """Make the root if there is none; returns the exit code."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        print("Making the root takes root and debootstrap (Debian package debootstrap).")
        return 1
    print(cached(SUITE, _MADE_FROM, _make))
    return 0


def _make(folder: Path) -> None:
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    subprocess.run([*words, SUITE, str(folder)], check=True)
    if (Path("/") / _AUTHORITIES).exists():  # of a network that has its own
        shutil.copy(Path("/") / _AUTHORITIES, folder / _AUTHORITIES)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    _run(folder, "apt-get", "update", "-qq")
    _run(folder, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *COMPILER)
    _run(folder, "apt-get", "clean")
    _run(folder, "python3", "-m", "venv", "/ha")
    _run(folder, "/ha/bin/pip", "install", "--quiet", f"homeassistant=={VERSION}")
    _run(folder, "/ha/bin/pip", "install", "--quiet", *_requirements(folder))


def _run(folder: Path, *command: str) -> None:
    print("In the root:", *command, flush=True)
    environment = {**os.environ, "PATH": _PATH, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["chroot", str(folder), *command], check=True, env=environment)


def _requirements(folder: Path) -> list[str]:
    """What the integrations that are set up ask pip for, as their manifests say."""
    (source,) = folder.glob("ha/lib/python*/site-packages/homeassistant")
    _, _, always = (source / "bootstrap.py").read_text().partition("\nDEFAULT_INTEGRATIONS = {")
    waiting = [
        *INTEGRATIONS,
        *re.findall(r'^    "(\w+)"', always.partition("\n}")[0], re.MULTILINE),
    ]
    known: dict[str, list[str]] = {}
    while waiting:
        name = waiting.pop()
        if name not in known:
            manifest = json.loads((source / "components" / name / "manifest.json").read_text())
            known[name] = manifest.get("requirements", [])
            waiting += manifest.get("dependencies", [])
    return sorted({requirement for each in known.values() for requirement in each})


if __name__ == "__main__":
    sys.exit(main())
