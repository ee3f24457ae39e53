"""`aed run` and `aed check` with settings and bundles that cannot work: exit code and message."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aed.commands.check import INSIDE, OUTSIDE
from tests.system.daemon_process import ROOT

pytestmark = [pytest.mark.torch]

BAD_SETTINGS = 78

Change = Callable[[dict[str, Any]], None]


def aed(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "aed", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def settings(tmp_path: Path, loudness_bundle: Path) -> dict[str, Any]:
    return {
        "node": "test",
        "bundle": str(shutil.copytree(loudness_bundle, tmp_path / "bundle")),
        "mqtt": {"host": "127.0.0.1", "port": 1},
        "sources": [{"kind": "command", "name": "mic", "command": "true", "sample_rate_hz": 16000}],
        "state_directory": str(tmp_path / "state"),
    }


def write(folder: Path, settings: dict[str, Any]) -> Path:
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def test_good_settings_are_checked_without_starting(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    path = write(tmp_path, settings)

    text = aed("check", "--offline", "--config", str(path), cwd=tmp_path)
    parsed = aed("check", "--offline", "--config", str(path), "--json", cwd=tmp_path)

    assert (text.returncode, text.stderr) == (0, "")
    assert [line.split(",")[0] for line in text.stdout.splitlines()[:4]] == [
        "settings: ok",
        "bundle: ok",
        "ontology: ok",
        "source: skipped",
    ]
    result = json.loads(parsed.stdout)
    assert result["ok"]
    assert [stage["stage"] for stage in result["stages"]] == [*INSIDE, *OUTSIDE]
    assert {s["verdict"] for s in result["stages"] if s["stage"] in OUTSIDE} == {"skipped"}
    assert not (tmp_path / "state").exists()


def put(key: str, value: object) -> Change:
    return lambda settings: settings.update({key: value})


def _age_bundle(settings: dict[str, Any]) -> None:
    path = Path(settings["bundle"]) / "bundle.yaml"
    path.write_text(path.read_text().replace("format_version: 2", "format_version: 99"))


def _tamper(settings: dict[str, Any]) -> None:
    with (Path(settings["bundle"]) / "ontology.yaml").open("a") as file:
        file.write("# changed\n")


@pytest.mark.parametrize(
    ("change", "stage", "sentences"),
    [
        (
            lambda settings: settings.update({"nod": "x", "node": 7}),
            "settings",
            ["node: wanted a name of letters", "nod: unknown key; did you mean 'node'?"],
        ),
        (put("bundle", "/nowhere"), "bundle", ["/nowhere: there is no such folder"]),
        (_age_bundle, "bundle", ["it has format 99, this program reads up to 2"]),
        (_tamper, "bundle", ["ontology.yaml is not the file its maker described"]),
        (
            lambda settings: settings.update(
                {
                    "classes": ["smoke_alrm"],
                    "thresholds": {"xyzzy": {"on": 0.5}, "smoke_alarm": {"off": 0.9}},
                }
            ),
            "ontology",
            [
                "classes[0]: the ontology has no node 'smoke_alrm'; did you mean 'smoke_alarm'?",
                "thresholds.xyzzy: the ontology has no node 'xyzzy'; `aed ontology show` lists",
                "thresholds: thresholds of smoke_alarm: off must not be above on, got off 0.9",
            ],
        ),
        (
            put("thresholds", {"smoke_alarm": {"off": 0.9}}),
            "ontology",
            ["off must not be above on, got off 0.9"],
        ),
    ],
    ids=["unknown key", "no bundle", "newer bundle", "tampered", "unknown node", "off above on"],
)
def test_what_cannot_work_exits_78_and_says_why(
    tmp_path: Path, settings: dict[str, Any], change: Change, stage: str, sentences: list[str]
) -> None:
    change(settings)
    path = write(tmp_path, settings)

    ran = aed("run", "--config", str(path), cwd=tmp_path)
    checked = aed("check", "--config", str(path), cwd=tmp_path)
    parsed = aed("check", "--config", str(path), "--json", cwd=tmp_path)

    assert [ran.returncode, checked.returncode, parsed.returncode] == [BAD_SETTINGS] * 3
    result = json.loads(parsed.stdout)
    assert not result["ok"]
    (failed,) = (s for s in result["stages"] if s["verdict"] == "failed" and s["stage"] in INSIDE)
    assert failed["stage"] == stage
    for sentence in sentences:
        assert sentence in ran.stderr
        assert sentence in checked.stderr
        assert any(sentence in fault for fault in failed["faults"])
    assert "Traceback" not in ran.stderr


def test_a_state_directory_that_cannot_be_made_exits_78(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    (tmp_path / "file").touch()
    settings["state_directory"] = str(tmp_path / "file" / "state")

    path = write(tmp_path, settings)

    for command in ("run", "check"):
        ended = aed(command, "--config", str(path), cwd=tmp_path)
        assert ended.returncode == BAD_SETTINGS
        assert "state_directory: wanted a folder to keep the outbox in, found" in ended.stderr


def test_settings_that_do_not_exist_exit_78(tmp_path: Path) -> None:
    ran = aed("run", "--config", "nowhere.yaml", cwd=tmp_path)

    assert ran.returncode == BAD_SETTINGS
    assert ran.stderr == "aed: nowhere.yaml: cannot be read: No such file or directory\n"
