"""`aed bundle install`, `list` and `rollback` where no daemon runs."""

import hashlib
import json
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ontology
from aed.__main__ import main
from aed.bundle import SHIPPED, default_bundle_path, load_bundle
from aed.commands import bundle as command
from daemon.bundles.store import BundleStore
from tests.aed.spoiling import describe, with_key
from tests.system.loudness_bundle import write_loudness_bundle


class Shell:
    """Runs `aed bundle … --config`; the settings are those of a daemon that does not run."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = folder / "state"
        self._config = folder / "settings.yaml"
        self._capsys = capsys
        self.set()

    def set(self, **changes: object) -> None:
        """Write the settings."""
        source = {"kind": "command", "name": "mic", "command": ["true"], "sample_rate_hz": 16_000}
        content = {
            "node": "test",
            "mqtt": {"host": "127.0.0.1"},
            "state_directory": str(self.state),
            "sources": [source],
            **changes,
        }
        self._config.write_text(json.dumps(content))

    def run(self, *words: str) -> tuple[int, str]:
        """Run one; returns the exit code and all it said."""
        code = main(["bundle", *words, "--config", str(self._config)], commands=(command,))
        said = self._capsys.readouterr()
        return code, said.out + said.err

    @property
    def current(self) -> str:
        """Name of the current bundle, without its digest."""
        return str(BundleStore(self.state).current).split("@")[0]


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The shipped bundle by another name."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "home2"))
    describe(folder, with_key("name", "home2"))
    return folder


@contextmanager
def disk_that_takes_files_up_to(num_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_bundle_is_installed_listed_and_taken_back(shell: Shell, home: Path) -> None:
    code, said = shell.run("install", str(home))
    assert (code, "home2@" in said, "no aed answers: one that runs takes it over" in said) == (
        0,
        True,
        True,
    )
    shutil.rmtree(home)
    assert load_bundle(default_bundle_path(shell.state)).name == "home2"
    _, listed = shell.run("list")
    assert listed.splitlines()[0].startswith("* home2@")
    assert listed.splitlines()[0].endswith("  not proven yet")
    assert listed.splitlines()[1] == f"  the one that comes with aed  ({SHIPPED})"

    code, said = shell.run("rollback")

    assert (code, "to the bundle that comes with aed" in said) == (0, True)
    assert default_bundle_path(shell.state) == SHIPPED
    _, listed = shell.run("list")
    assert "given up: taken back by hand" in listed
    assert f"* the one that comes with aed  ({SHIPPED})" in listed
    code, said = shell.run("rollback")
    assert (code, "there is nothing to take back" in said) == (1, True)


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({"accepted": False, "reasons": ["recall of glass 0.71 -> 0.64"]}, "recall of glass 0.71"),
        ({"accepted": "yes"}, "its maker's own gate"),
        ("fine", "gate: fine"),
    ],
)
def test_a_bundle_whose_gate_says_it_is_worse_needs_accept(
    shell: Shell, home: Path, gate: object, told: str
) -> None:
    describe(home, lambda info: info["quality"].update(gate=gate))

    code, said = shell.run("install", str(home))

    assert (code, told in said, "--accept installs it all the same" in said) == (78, True, True)
    assert shell.current == "None"
    assert shell.run("install", str(home), "--accept")[0] == 0
    assert shell.current == "home2"


def test_a_bundle_whose_gate_accepts_it_needs_none(shell: Shell, home: Path) -> None:
    describe(home, lambda info: info["quality"].update(gate={"accepted": True}))

    assert shell.run("install", str(home))[0] == 0


def test_a_bundle_that_lost_a_critical_sound_needs_accept(shell: Shell, home: Path) -> None:
    describe(home, lambda info: info["quality"].update(untaught=["window_glass"]))

    code, said = shell.run("install", str(home))

    assert (code, "cannot hear window_glass, which the present one (" in said) == (78, True)
    assert shell.run("install", str(home), "--accept")[0] == 0


def test_a_critical_sound_that_is_called_otherwise_is_not_lost(shell: Shell, home: Path) -> None:
    text = (home / "ontology.yaml").read_text().replace("id: window_glass", "id: pane")
    (home / "ontology.yaml").write_text(text)

    def renamed(info: dict[str, Any]) -> None:
        info["ontology_digest"] = ontology.parse(text).digest
        info["files"]["ontology.yaml"] = hashlib.sha256(text.encode()).hexdigest()
        for numbers in (info["thresholds"], *info["calibration"].values()):
            if "window_glass" in numbers:
                numbers["pane"] = numbers.pop("window_glass")

    describe(home, renamed)

    assert shell.run("install", str(home))[0] == 0
    assert shell.current == "home2"


@pytest.mark.torch
def test_a_bundle_without_a_node_of_the_settings_is_refused_whatever_is_accepted(
    shell: Shell, tmp_path: Path
) -> None:
    text = ontology.home().source.replace("- id: doorbell", "- id: gong")
    other = write_loudness_bundle(tmp_path / "other", home=ontology.parse(text))
    shell.set(classes=["smoke_alarm", "doorbell"], thresholds={"doorbell": {"on": 0.6}})

    code, said = shell.run("install", str(other), "--accept")

    assert code == 78
    assert "classes[1]: the ontology has no node 'doorbell'" in said
    assert "thresholds.doorbell: the ontology has no node 'doorbell'" in said
    assert "`aed ontology diff` shows what is otherwise in" in said
    assert not shell.state.exists()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("format_version", 99, "it has format 99, this program reads up to"),
        (
            "front_end",
            {"sample_rate_hz": 8_000, "hop_samples": 160, "fmin_hz": 60, "fmax_hz": 4_000},
            "this program hears at 16000, the model at 8000",
        ),
    ],
)
def test_a_bundle_of_another_format_or_front_end_is_refused(
    shell: Shell, home: Path, key: str, value: object, told: str
) -> None:
    describe(home, with_key(key, value))

    code, said = shell.run("install", str(home), "--accept")

    assert (code, told in said) == (78, True)
    assert not shell.state.exists()


def test_settings_that_name_a_bundle_are_told_that_it_would_not_be_heard_with(
    shell: Shell, home: Path
) -> None:
    shell.set(bundle=str(SHIPPED))

    code, said = shell.run("install", str(home))

    assert (code, "take `bundle` out of the settings first" in said) == (1, True)
    assert f"names {SHIPPED}: none of these is heard with" in shell.run("list")[1]


def test_a_disk_that_takes_no_more_is_said_and_the_former_bundle_is_still_there(
    shell: Shell, home: Path, tmp_path: Path
) -> None:
    assert shell.run("install", str(home))[0] == 0
    newer = Path(shutil.copytree(home, tmp_path / "newer"))
    describe(newer, with_key("name", "newer"))

    with disk_that_takes_files_up_to(500_000):
        code, said = shell.run("install", str(newer))

    assert (code, "cannot be written (File too large); the former bundle stays" in said) == (
        1,
        True,
    )
    assert shell.current == "home2"
    assert load_bundle(default_bundle_path(shell.state)).name == "home2"
    assert not list((shell.state / "bundles").glob(".incoming*"))
    assert shell.run("install", str(newer))[0] == 0
    assert shell.current == "newer"


def test_a_rollback_passes_over_a_damaged_predecessor(
    shell: Shell, home: Path, tmp_path: Path
) -> None:
    for name in ("first", "second", "third"):
        copy = Path(shutil.copytree(home, tmp_path / name))
        describe(copy, with_key("name", name))
        assert shell.run("install", str(copy))[0] == 0
    (second,) = (shell.state / "bundles").glob("second@*")
    (second / "model.onnx").write_bytes(b"")
    assert "damaged; install it again" in shell.run("list")[1]

    code, said = shell.run("rollback")

    assert (code, f"damaged, and passed over: {second.name}" in said) == (0, True)
    assert shell.current == "first"


def test_a_link_that_leads_nowhere_is_listed_and_a_rollback_helps(shell: Shell, home: Path) -> None:
    shell.run("install", str(home))
    store = BundleStore(shell.state)
    store.link.unlink()
    store.link.symlink_to("/no/such/bundle")
    assert "* /no/such/bundle" in shell.run("list")[1]

    assert shell.run("rollback")[0] == 0

    assert shell.current == "home2"


def test_whoever_may_not_look_into_the_state_directory_is_told_so(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.state.mkdir()
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != shell.state)

    for words in (("list",), ("rollback",), ("install", str(home))):
        assert shell.run(*words) == (1, f"aed: {shell.state} may not be read by you; sudo may\n")
