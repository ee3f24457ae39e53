"""What all tests share: the shipped bundle, and which tests can run on this machine.

A test says by its marker which real part it needs. Where that part is absent the test is skipped
and says why; `--require mosquitto,systemd,torch` turns absence into a failure, so that a
continuous integration that lost its broker cannot look green.
"""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aed import bundle as bundles
from tests.by_file import ByFile
from tests.system.home_assistant.installation import home_assistant_root


@pytest.fixture(scope="session")
def bundle() -> bundles.Bundle:
    """The bundle that ships with the program, loaded once."""
    return bundles.load_bundle(bundles.SHIPPED)


@pytest.fixture(scope="session")
def yamnet_folder() -> Path:
    """Where YAMNet lies, for tests marked `yamnet`."""
    return Path(os.environ["AED_YAMNET"])


def missing_mosquitto() -> str | None:
    """Why tests marked `mosquitto` cannot run here, or None."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    if shutil.which("mosquitto", path=search) is None:
        return "no mosquitto on PATH (Debian package mosquitto)"
    return None


def missing_portaudio() -> str | None:
    """Why tests marked `portaudio` cannot run here, or None."""
    for program in ("pulseaudio", "pactl", "paplay"):
        if shutil.which(program) is None:
            return f"no {program} on PATH (Debian packages pulseaudio, pulseaudio-utils)"
    try:
        importlib.import_module("sounddevice")
    except OSError as error:
        return f"{error} (Debian package libportaudio2)"
    return None


def missing_systemd() -> str | None:
    """Why tests marked `systemd` cannot run here, or None."""
    if os.geteuid() != 0:
        return "only root can boot a machine"
    for program in ("debootstrap", "systemd-nspawn", "nsenter", "setpriv", "unshare"):
        if shutil.which(program) is None:
            return f"no {program} on PATH (Debian packages debootstrap, systemd-container)"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "this root may not mount, as in most containers"
    return None


def missing_home_assistant() -> str | None:
    """Why tests marked `home_assistant` cannot run here, or None."""
    if os.geteuid() != 0:
        return "only root can start what lies in a root of its own"
    if home_assistant_root() is None:
        return "no root with Home Assistant: make home-assistant-root"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "this root may not mount, as in most containers"
    return None


def missing_torch() -> str | None:
    """Why tests marked `torch` cannot run here, or None."""
    if importlib.util.find_spec("torch") is None:
        return "no torch: pip install -e '.[train]'"
    return None


def missing_data() -> str | None:
    """Why tests marked `data` cannot run here, or None."""
    folder = os.environ.get("AED_DATA")
    if not folder or not (Path(folder) / "manifest.tsv").is_file():
        return "AED_DATA names no folder with a manifest.tsv"
    return None


def missing_yamnet() -> str | None:
    """Why tests marked `yamnet` cannot run here, or None."""
    folder = os.environ.get("AED_YAMNET")
    if not folder or not (Path(folder) / "yamnet_classification.tflite").is_file():
        return "AED_YAMNET names no folder with yamnet_classification.tflite"
    return None


def missing_node_red() -> str | None:
    """Why tests marked `node_red` cannot run here, or None; their fixture installs it from npm."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"no {program} on PATH (Node.js 20 or newer, https://nodejs.org)"
    return None


def missing_browser() -> str | None:
    """Why tests marked `browser` cannot run here, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "no playwright: pip install -e '.[test]'"
    if shutil.which("chromium") is None:
        return "no chromium on PATH (Debian package chromium)"
    return None


MISSING = {
    "mosquitto": missing_mosquitto,
    "portaudio": missing_portaudio,
    "systemd": missing_systemd,
    "home_assistant": missing_home_assistant,
    "torch": missing_torch,
    "data": missing_data,
    "yamnet": missing_yamnet,
    "node_red": missing_node_red,
    "browser": missing_browser,
}
"""Marker -> why what it needs is absent."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require",
        default="",
        metavar="MARKERS",
        help="comma-separated markers whose tests must run: fail at once if they cannot",
    )


def pytest_configure(config: pytest.Config) -> None:
    required = [name for name in str(config.getoption("--require")).split(",") if name]
    if unknown := [name for name in required if name not in MISSING]:
        message = f"--require: unknown {', '.join(unknown)}; known are {', '.join(MISSING)}"
        raise pytest.UsageError(message)
    reasons = [f"{name}: {reason}" for name in required if (reason := MISSING[name]()) is not None]
    if reasons:
        raise pytest.UsageError("--require: " + "; ".join(reasons))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    wanted = {mark.name for item in items for mark in item.iter_markers()} & set(MISSING)
    reasons = {name: MISSING[name]() for name in wanted}
    for item in items:
        for name, reason in reasons.items():
            if reason is not None and item.get_closest_marker(name) is not None:
                item.add_marker(pytest.mark.skip(reason=f"{name}: {reason}"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:  # noqa: ANN401 - xdist's
    """Share tests out between processes; asked where there are several."""
    return ByFile(config, log)
