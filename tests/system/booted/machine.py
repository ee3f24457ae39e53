"""A machine that systemd has booted, in a container: commands are run inside of it.

It shares the network of this machine, so that a subscriber out here hears its broker.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

_Found = TypeVar("_Found")

BOOT_S = 60.0
RESTART_CODE = 133
"""What systemd-nspawn ends with when the machine asks for a restart."""

UNIT = "aed.service"


class Machine:
    """A copy of a Debian root, booted by systemd-nspawn; rebooted and switched off at will."""

    def __init__(self, template: Path, folder: Path, *, binds: Mapping[Path, str]) -> None:
        """Copy the root; does not boot.

        Args:
            template: the root to copy.
            folder: for the copy and the console's log.
            binds: folders of this machine that are seen in there, read-only, and where.
        """
        self.root = folder / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(template), str(self.root)], check=True)
        self._binds = [f"--bind-ro={outside}:{inside}" for outside, inside in binds.items()]
        self._console = folder / "console.log"
        self._nspawn: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Boot, and wait until all units have started or failed."""
        words = ["setpriv", "--pdeathsig=TERM", "systemd-nspawn", "--quiet", "--boot"]
        words += ["--register=no", "--keep-unit", f"--machine=aed-{os.getpid()}"]
        with self._console.open("ab") as log:
            self._nspawn = subprocess.Popen(
                [*words, f"--directory={self.root}", *self._binds],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_for_boot()

    def reboot(self) -> None:
        """Restart it, as its user would."""
        assert self._nspawn is not None
        self.run("systemctl", "reboot", check=False)
        # With --keep-unit it leaves the second start to whoever began it.
        assert self._nspawn.wait(BOOT_S) == RESTART_CODE, self._console.read_text(errors="replace")
        self.boot()

    def switch_off(self) -> None:
        """Shut it down and remove its files."""
        if self._nspawn is not None:
            self._nspawn.send_signal(signal.SIGTERM)
            try:
                self._nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        shutil.rmtree(self.root)

    def run(
        self, *words: str, check: bool = True, timeout_s: float = 120.0
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in there, as root.

        Args:
            words: the command.
            check: its failure is ours.
            timeout_s: how long it may take.
        """
        leader = self._leader()
        assert leader is not None, self._console.read_text(errors="replace")
        inside = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/usr/sbin", "HOME=/root", *words]
        done = subprocess.run(
            ["nsenter", f"--target={leader}", "--all", *inside],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def show(self, what: str) -> str:
        """One property of the service, as `systemctl show` names it."""
        return self.run("systemctl", "show", f"--property={what}", "--value", UNIT).stdout.strip()

    def journal(self) -> list[dict[str, Any]]:
        """Entries of the service's journal, of all boots, the oldest first."""
        lines = self.run("journalctl", "--unit", UNIT, "--output=json", "--no-pager").stdout
        entries = [json.loads(line) for line in lines.splitlines()]
        for entry in entries:
            if isinstance(entry["MESSAGE"], list):  # what is not plain text comes as its bytes
                entry["MESSAGE"] = bytes(entry["MESSAGE"]).decode(errors="replace")
        return entries

    def wait_until(
        self, condition: Callable[[], _Found], what: str, timeout_s: float = 30.0
    ) -> _Found:
        """Wait until something is true in there; returns it."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if found := condition():
                return found
            time.sleep(0.1)
        console = self._console.read_text(errors="replace")[-2000:]
        raise AssertionError(f"not seen: {what}; the console said:\n{console}")

    def _leader(self) -> int | None:
        """Process id, out here, of the first process in there; None while there is none."""
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, self._console.read_text(errors="replace")
        children = psutil.Process(self._nspawn.pid).children()
        return next((child.pid for child in children if child.name() == "systemd"), None)

    def _wait_for_boot(self) -> None:
        def state() -> str:
            if self._leader() is None:
                return ""
            return self.run("systemctl", "is-system-running", check=False).stdout.strip()

        self.wait_until(lambda: state() in ("running", "degraded"), "a booted system", BOOT_S)
