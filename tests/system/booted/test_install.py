"""`make install` and `make uninstall`: what they put where, keep, refuse and remove."""

import json
import os
from pathlib import Path

import pytest

from daemon.mqtt.topics import ONLINE
from tests.system.booted.conftest import Home
from tests.system.booted.household import TOPICS
from tests.system.booted.machine import UNIT
from tests.system.broker import Subscriber
from tests.system.daemon_process import ROOT

pytestmark = [pytest.mark.systemd, pytest.mark.slow, pytest.mark.timeout(1200)]

STAGE = "/srv/image"


def installed_files(root: Path) -> list[str]:
    """What aed has put into a root, its own folders as one."""
    places = ["opt/aed", "etc/aed", "var/lib/aed", "var/lib/private/aed", "usr/local/bin/aed"]
    places += [f"etc/systemd/system/{UNIT}", f"etc/systemd/system/{UNIT}.d"]
    places.append(f"etc/systemd/system/multi-user.target.wants/{UNIT}")
    return [place for place in places if os.path.lexists(root / place)]


def test_what_is_installed_is_light_and_no_checkout(home: Home) -> None:
    python = "/opt/aed/venv/bin/python"
    packages = home.machine.run(python, "-I", "-m", "pip", "list", "--format=json").stdout
    names = {package["name"]: package for package in json.loads(packages)}
    aed = home.machine.run(python, "-I", "-c", "import aed; print(aed.__file__)").stdout

    assert "editable_project_location" not in names["aed"]
    assert not {"torch", "librosa", "scipy"} & set(names)
    assert aed.startswith("/opt/aed/venv/lib/")
    assert (home.machine.root / "opt/aed/README.md").read_bytes() == (
        ROOT / "README.md"
    ).read_bytes()
    assert home.machine.run("aed", "--version").stdout.startswith("aed ")
    shown = home.machine.run(
        "aed", "check", "--offline", "--config", "/etc/aed/settings.yaml"
    ).stdout
    assert "/opt/aed/venv/lib/" in shown
    assert "self-test passed" in shown


def test_an_upgrade_keeps_settings_and_state_and_restarts_what_runs(
    home: Home, subscriber: Subscriber
) -> None:
    subscriber.wait_for(TOPICS.status, ONLINE)
    home.password.write_text("kept\n")
    home.password.chmod(0o644)
    taught = home.state / "taught"
    taught.write_text("a sound of this home")
    outbox = next(home.state.glob("outbox*"))
    before = {path: path.read_bytes() for path in (home.settings, home.password, taught)}
    outbox_inode, first = outbox.stat().st_ino, home.machine.show("MainPID")

    said = home.install().stdout

    assert "upgraded; it runs" in said
    assert home.machine.show("SubState") == "running"
    assert home.machine.show("MainPID") != first
    assert home.machine.show("UnitFileState") == "enabled"
    assert {path: path.read_bytes() for path in before} == before
    assert outbox.stat().st_ino == outbox_inode
    assert home.password.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (home.machine.root / "opt/aed").glob("venv*")] == ["venv"]
    taught.unlink()


def test_an_upgrade_leaves_off_what_its_user_has_switched_off(home: Home) -> None:
    home.machine.run("systemctl", "disable", "--quiet", "--now", UNIT)

    said = home.install().stdout

    assert "the service was not running and is not now" in said
    assert home.machine.show("UnitFileState") == "disabled"
    assert home.machine.show("ActiveState") == "inactive"


def test_an_upgrade_that_cannot_use_the_settings_leaves_the_old_one_running(home: Home) -> None:
    home.settings.write_text(home.settings.read_text().replace('"node"', '"nod"'))
    venv = home.machine.root / "opt/aed/venv"
    inode, first = venv.stat().st_ino, home.machine.show("MainPID")

    refused = home.install(check=False)

    assert refused.returncode != 0
    assert "nod: unknown key; did you mean 'node'?" in refused.stderr
    assert "the old one goes on running and nothing was changed" in refused.stderr
    assert venv.stat().st_ino == inode
    assert home.machine.show("MainPID") == first
    assert not venv.with_name("venv.new").exists()


def test_settings_that_cannot_work_are_no_hindrance_where_nothing_runs(home: Home) -> None:
    home.machine.run("systemctl", "stop", UNIT)
    home.settings.write_text("nod: kitchen\n")

    done = home.install()

    assert "nod: unknown key; did you mean 'node'?" in done.stderr
    assert "installed, but /etc/aed/settings.yaml cannot work as it is" in done.stdout
    assert home.machine.show("ActiveState") == "inactive"


def test_staging_touches_nothing_else_and_what_is_staged_works_where_it_will_be(
    home: Home,
) -> None:
    root = home.machine.root
    stage = root / STAGE.lstrip("/")
    inode, first = (root / "opt/aed/venv").stat().st_ino, home.machine.show("MainPID")

    home.install(f"DESTDIR={STAGE}")

    assert home.machine.show("MainPID") == first
    assert (root / "opt/aed/venv").stat().st_ino == inode
    assert installed_files(stage) == [
        "opt/aed",
        "etc/aed",
        "usr/local/bin/aed",
        f"etc/systemd/system/{UNIT}",
    ]
    assert (stage / "usr/local/bin/aed").readlink() == Path("/opt/aed/venv/bin/aed")
    assert (stage / "opt/aed/venv/bin/aed").read_text().startswith("#!/opt/aed/venv/bin/python")
    example = (ROOT / "systemd" / "settings.example.yaml").read_text()
    assert (stage / "etc/aed/settings.yaml").read_text() == example
    program = ["-I", "-m", "aed", "--version"]
    assert home.machine.run(f"{STAGE}/opt/aed/venv/bin/python", *program).stdout == (
        home.machine.run("aed", "--version").stdout
    )
    home.make("uninstall", f"DESTDIR={STAGE}")
    assert installed_files(stage) == ["etc/aed"]
    assert home.machine.show("SubState") == "running"


def test_uninstalling_keeps_what_is_the_users_and_installing_again_goes_on_with_it(
    home: Home, subscriber: Subscriber
) -> None:
    subscriber.wait_for(TOPICS.status, ONLINE)
    before = home.settings.read_text()

    home.make("uninstall")

    assert home.machine.show("LoadState") == "not-found"
    assert installed_files(home.machine.root) == ["etc/aed", "var/lib/aed", "var/lib/private/aed"]
    assert home.settings.read_text() == before
    home.make("uninstall")
    since = len(subscriber.heard)

    said = home.install().stdout

    assert "enabled and started with the settings that were there" in said
    assert home.machine.show("UnitFileState") == "enabled"
    home.hear_alarm(subscriber, since=since)


def test_purging_leaves_nothing_and_a_fresh_installation_waits_for_its_user(home: Home) -> None:
    home.make("uninstall", "PURGE=1")

    assert installed_files(home.machine.root) == []

    said = home.install().stdout

    assert said.splitlines()[1:] == home.first_words.splitlines()[1:]
    assert "sudo systemctl enable --now aed" in said
    assert home.machine.show("UnitFileState") == "disabled"
    assert home.machine.show("ActiveState") == "inactive"
    assert home.settings.stat().st_mode & 0o777 == 0o644
    assert home.settings.parent.stat().st_mode & 0o777 == 0o755
