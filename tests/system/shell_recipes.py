"""Shell blocks of the documents, run as a reader would who has set `~/.config/mosquitto_sub`."""

import http.server
import os
import re
import signal
import subprocess
from pathlib import Path

from tests.system.broker import HOST
from tests.system.daemon_process import ROOT

PROGRAMS = ("bash", "mosquitto_sub", "mosquitto_pub", "jq", "curl")


def blocks(page: str, language: str = "sh") -> list[str]:
    """Fenced blocks of one language in a page of `docs/`, indented ones too."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def block_with(page: str, words: str, language: str = "sh") -> str:
    """The one block that holds some words."""
    (block,) = (block for block in blocks(page, language) if words in block)
    return block


class Reader:
    """Somebody with a shell, whose node is called `test` instead of `hall`."""

    def __init__(self, home: Path, port: int) -> None:
        (home / ".config").mkdir(parents=True)
        for program in ("mosquitto_sub", "mosquitto_pub"):
            (home / ".config" / program).write_text(f"-h {HOST}\n-p {port}\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        self._environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}
        self._home = home
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, script: str, **replaced: str) -> str:
        """Run a script to its end; gives what it printed."""
        done = subprocess.run(
            ["bash", "-eu", "-c", self._mine(script, replaced)],
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # mosquitto_sub ends with 27 when its time is over.
        assert done.returncode in (0, 27), done.stderr
        return done.stdout

    def start(self, script: str, **replaced: str) -> None:
        """Run a script that has no end."""
        words = ["bash", "-c", self._mine(script, replaced)]
        process = subprocess.Popen(
            words, cwd=self._home, env=self._environment, start_new_session=True
        )
        self._running.append(process)

    def leave(self) -> None:
        """End what was started."""
        for process in self._running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @staticmethod
    def _mine(script: str, replaced: dict[str, str]) -> str:
        script = script.replace("aed/hall/", "aed/test/")
        for old, new in replaced.items():
            script = script.replace(old, new)
        return script


class Phone(http.server.HTTPServer):
    """What ntfy would deliver to: notes the bodies of what is posted."""

    timeout = 0.01

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.shown: list[str] = []

    @property
    def url(self) -> str:
        """Address of its topic."""
        return f"http://{HOST}:{self.server_port}/topic"

    def look(self) -> list[str]:
        """Take what is coming in; gives all there is."""
        self.handle_request()
        return self.shown


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Phone)
        length = int(self.headers["Content-Length"])
        self.server.shown.append(self.rfile.read(length).decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
