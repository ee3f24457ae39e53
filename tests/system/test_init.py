"""`aed init`: by arguments, by a person at a terminal, and what it never does."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.settings.credentials import read_password
from daemon.settings.file import load_settings
from daemon.settings.models import CommandSettings, RtspSettings
from tests.system.daemon_process import ROOT

SECRET = "hunter2 with spaces"  # noqa: S105 - of the test
WORDS = [sys.executable, "-m", "aed", "init", "--config"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def init(path: Path, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it where there is no terminal."""
    done = subprocess.run(
        [*WORDS, str(path), *words],
        input=typed, env=ENVIRONMENT, cwd=path.parent,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Conversation:
    """A person at a terminal, who answers a question once it has been asked."""

    def __init__(self, path: Path) -> None:
        self._terminal, theirs = os.openpty()
        self.process = subprocess.Popen(
            [*WORDS, str(path)], env=ENVIRONMENT, cwd=path.parent,
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""
        self._seen = 0

    def answer(self, question: str, answer: str) -> None:
        self._read_until(question)
        os.write(self._terminal, f"{answer}\n".encode())

    def end(self) -> int:
        """What is left to be said, then its exit code."""
        self._read_until(None)
        os.close(self._terminal)
        return self.process.wait(20)

    def _read_until(self, question: str | None) -> None:
        deadline_s = time.monotonic() + 30
        while question is None or question not in self.shown[self._seen :]:
            assert time.monotonic() < deadline_s, self.shown
            try:
                data = os.read(self._terminal, 4096)
            except OSError:  # what a terminal says once nobody is at its other end
                data = b""
            if not data:
                assert question is None, self.shown
                return
            self.shown += data.decode()
        self._seen = self.shown.index(question, self._seen) + len(question)


def test_a_person_is_asked_five_things_and_again_where_the_answer_is_none(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    person = Conversation(path)
    person.answer("Name of this machine on MQTT", "my hall")
    person.answer("wanted a name of at most 64 letters", "hall")
    person.answer("Microphone (number or name)", "rtsp://user:pa@camera/1")
    person.answer("MQTT broker", "broker.local:8883")
    person.answer("User of the broker", "ear")
    person.answer("Password of ear (is not shown)", SECRET)
    person.answer("Sounds with topics of their own", "smoke_alrm")
    person.answer("did you mean 'smoke_alarm'?", "smoke_alarm, co_alarm")

    assert person.end() == 0
    assert SECRET not in person.shown
    assert f"next: aed check --config {path}" in person.shown
    settings = load_settings(path)
    (source,) = settings.sources
    assert isinstance(source, RtspSettings)
    assert (settings.node, settings.classes) == ("hall", ("smoke_alarm", "co_alarm"))
    assert (settings.mqtt.host, settings.mqtt.port) == ("broker.local", 8883)
    assert settings.mqtt.tls is not None
    assert read_password(tmp_path / "mqtt-password") == SECRET
    assert mode(tmp_path / "mqtt-password") == 0o600
    assert SECRET not in path.read_text()


def test_nothing_is_written_when_the_person_leaves(tmp_path: Path) -> None:
    person = Conversation(tmp_path / "settings.yaml")
    person.answer("Name of this machine", "hall\n\n\n\x04")  # Ctrl-D

    assert person.end() == 1
    assert "nothing was written" in person.shown
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_arguments_and_defaults_suffice_and_the_check_takes_what_is_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new" / "settings.yaml"
    path.parent.mkdir()
    words = ["--node", "hall", "--command", "arecord -q -t raw 'my file'", "--rate", "44100"]
    words += ["--broker", "[::1]:1884", "--username", "ear", "--password-stdin"]

    done = init(path, *words, typed=f"{SECRET}\n")

    assert (done.returncode, done.stderr) == (0, "")
    settings = load_settings(path)
    (source,) = settings.sources
    assert isinstance(source, CommandSettings)
    assert (source.command[-1], source.sample_rate_hz) == ("my file", 44_100)
    assert (settings.mqtt.host, settings.mqtt.port) == ("::1", 1884)
    assert mode(path) == 0o644
    checked = subprocess.run(
        [sys.executable, "-m", "aed", "check", "--offline", "--config", str(path)],
        env={**ENVIRONMENT, "STATE_DIRECTORY": str(tmp_path)}, cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert checked.stdout.startswith("settings: ok, node hall, 1 source(s)")
    assert checked.returncode == 0


def test_nothing_is_replaced_unless_asked_and_then_the_former_settings_are_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("mine")
    secret = tmp_path / "mqtt-password"

    refused = init(path)
    assert refused.returncode == 1
    assert f"{path} is there already; --force replaces it" in refused.stderr
    assert path.read_text() == "mine"

    assert init(path, "--force", "--node", "a").returncode == 0
    assert (tmp_path / "settings.yaml.bak").read_text() == "mine"
    assert load_settings(path).node == "a"

    path.unlink()
    secret.write_text("former")
    login = ("--username", "ear", "--password-stdin")
    refused = init(path, *login, typed=f"{SECRET}\n")
    assert f"{secret} is there already" in refused.stderr
    assert (secret.read_text(), path.exists()) == ("former", False)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--node", "a/b"], 2, "wanted a name of at most 64 letters, digits, - and _, found 'a/b'"),
        (["--broker", "a:b"], 2, "wanted a host such as homeassistant.local"),
        (["--broker", "a:99999"], 2, "wanted a host such as homeassistant.local"),
        (["--camera", f"http://u:{SECRET}@c"], 2, "wanted an address such as rtsp://"),
        (["--classes", "smoke"], 2, "there is no sound 'smoke'; did you mean"),
        (["--command", "a", "--rate", "1"], 2, "and its rate from 8000 to 192000 Hz"),
        (["--password-stdin"], 2, "a password needs a --username"),
        (["--recording", "none.wav"], 78, "sources[0].path: wanted a readable sound file"),
        (
            ["--ca-file", "none.pem", "--username", "ear", "--password-stdin"],
            78,
            "mqtt.tls.ca_file: wanted a readable file, found none",
        ),
    ],
)
def test_what_is_no_answer_is_said_and_nothing_is_written(
    tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    done = init(tmp_path / "settings.yaml", *words, typed=f"{SECRET}\n")

    assert done.returncode == code
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []
