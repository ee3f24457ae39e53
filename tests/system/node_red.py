"""A real Node-RED, from npm, that runs one flow."""

import http.client
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.system.broker import HOST, free_port
from tests.system.daemon_process import ROOT

VERSION = "4.1.15"
FLOW = ROOT / "docs" / "node-red-flow.json"

_FOLDER = ROOT / "build" / "node-red" / VERSION
_SCRIPT = _FOLDER / "node_modules" / "node-red" / "red.js"
_SETTINGS = """\
module.exports = {
    uiHost: "127.0.0.1", flowFile: "flows.json", credentialSecret: false, disableEditor: true,
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "info", metrics: false, audit: false } },
};
"""


def install() -> str | None:
    """Install Node-RED into `build/`, unless it is there; returns why that cannot be done."""
    if _SCRIPT.exists():
        return None
    fresh = _FOLDER.with_name(f"{VERSION}.{os.getpid()}")
    fresh.mkdir(parents=True)
    words = ["npm", "install", "--prefix", str(fresh), "--no-audit", "--no-fund"]
    words += ["--ignore-scripts", f"node-red@{VERSION}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            return f"npm cannot install node-red: {done.stderr.strip()[-300:]}"
        fresh.rename(_FOLDER)
    except subprocess.TimeoutExpired:
        return "npm does not install node-red within four minutes"
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return None


class NodeRed:
    """Node-RED on a port of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "settings.js").write_text(_SETTINGS)
        self._port = free_port()
        self._log = folder / "node-red.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text()

    def start(self) -> None:
        """Start it and wait until its admin API answers."""
        words = ["node", str(_SCRIPT), "-u", str(self._folder), "-p", str(self._port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*words, "-s", str(self._folder / "settings.js")],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, "HOME": str(self._folder)},
            )
        deadline_s = time.monotonic() + 60
        while time.monotonic() < deadline_s:
            assert self._process.poll() is None, self.log
            try:
                if self._ask("GET", "/flows") == http.client.OK:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log)

    def load(self, flow: list[dict[str, Any]]) -> None:
        """Run a flow instead of whatever runs."""
        assert self._ask("POST", "/flows", json.dumps(flow)) == http.client.NO_CONTENT, self.log

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _ask(self, method: str, path: str, body: str | None = None) -> int:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=20)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()
