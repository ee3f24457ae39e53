"""The booted machine with aed in it, made once, and the service as each test finds it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.booted.debian_root import debian_root, wheels
from tests.system.booted.household import PASSWORD, TOPICS, USER, as_yaml, furnish, settings
from tests.system.booted.machine import UNIT, Machine
from tests.system.broker import Heard, Subscriber, free_port
from tests.system.daemon_process import ROOT

if TYPE_CHECKING:
    import subprocess


@dataclass(slots=True, kw_only=True)
class Home:
    """A machine with a broker and an installed aed.

    Attributes:
        machine: the booted machine.
        port: where its broker asks for nothing.
        strict_port: where its broker asks for a name and a password.
        first_words: what the first installation said.
    """

    machine: Machine
    port: int
    strict_port: int
    first_words: str = ""

    @property
    def settings(self) -> Path:
        """Its settings file, seen from out here."""
        return self.machine.root / "etc/aed/settings.yaml"

    @property
    def password(self) -> Path:
        """The file of the broker's password, seen from out here."""
        return self.machine.root / "etc/aed/mqtt-password"

    @property
    def state(self) -> Path:
        """What the service keeps, seen from out here."""
        return self.machine.root / "var/lib/private/aed"

    def write_settings(self, *, port: int | None = None, **mqtt: object) -> None:
        """Write settings that work; keywords are more about the broker."""
        self.settings.write_text(as_yaml(settings(port or self.port, **mqtt)))

    def override(self, *lines: str) -> None:
        """Add lines to the section [Service] of the unit, until the next test."""
        folder = self.machine.root / f"etc/systemd/system/{UNIT}.d"
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text("\n".join(["[Service]", *lines, ""]))
        self.machine.run("systemctl", "daemon-reload")

    def as_new(self) -> None:
        """Undo what a test may have done, and start the service anew."""
        shutil.rmtree(self.machine.root / f"etc/systemd/system/{UNIT}.d", ignore_errors=True)
        self.password.unlink(missing_ok=True)
        self.write_settings()
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "mosquitto.service")
        self.machine.run("systemctl", "enable", "--quiet", UNIT)
        self.machine.run("systemctl", "restart", UNIT)

    def install(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """`make install` in there, without a network; words go to make."""
        return self.make("install", *words, check=check)

    def make(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """`make` in there; words go to it."""
        offline = ["PIP_NO_INDEX=1", "PIP_FIND_LINKS=/srv/wheels"]
        command = ["env", *offline, "make", "--no-print-directory", "-C", "/srv/checkout"]
        return self.machine.run(*command, *words, check=check)

    def hear_alarm(self, subscriber: Subscriber, *, since: int = 0) -> Heard:
        """Wait until the alarm of the room is told by name; returns the message."""

        def found() -> Heard | None:
            alerts = [m for m in subscriber.heard[since:] if m.topic == TOPICS.alert]
            named = [m for m in alerts if json.loads(m.payload)["path"].endswith("/smoke_alarm")]
            return named[-1] if named else None

        return subscriber.wait_until(found, "an alert that names the smoke alarm", timeout_s=40)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A booted machine, aed installed by `make install`."""
    binds = {ROOT: "/srv/checkout", wheels(): "/srv/wheels"}
    machine = Machine(debian_root(), tmp_path_factory.mktemp("machine"), binds=binds)
    port, strict_port = free_port(), free_port()
    try:
        furnish(machine.root, port=port, strict_port=strict_port)
        machine.boot()
        passwords = "/etc/mosquitto/passwords"
        machine.run("mosquitto_passwd", "-c", "-b", passwords, USER, PASSWORD)
        machine.run("chown", "mosquitto", passwords)
        machine.run("systemctl", "restart", "mosquitto.service")
        home = Home(machine=machine, port=port, strict_port=strict_port)
        home.first_words = home.install().stdout
        yield home
    finally:
        machine.switch_off()


@pytest.fixture
def home(installed: Home) -> Home:
    """The same with settings that work and the service just started."""
    installed.as_new()
    return installed


@pytest.fixture
def subscriber(home: Home) -> Iterator[Subscriber]:
    """Someone who listens to all that the machine's aed says."""
    subscriber = Subscriber(home.port)
    yield subscriber
    subscriber.close()
