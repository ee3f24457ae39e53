"""`aed bundle` shows and checks models."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from aed.__main__ import main
from aed.bundle import SHIPPED, Bundle
from aed.commands import bundle as command


def run(*words: str) -> int:
    return main(["bundle", *words], commands=(command,))


@pytest.fixture(autouse=True)
def _no_installed_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def test_show_says_what_the_shipped_bundle_is(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{bundle.name}  ({SHIPPED})"
    assert f"digest      {bundle.digest}" in lines
    assert f"licence     {bundle.info['licence']}" in lines
    assert any(line.startswith("  default: on ") for line in lines)


def test_show_lists_what_the_model_was_never_taught(bundle: Bundle) -> None:
    silent = replace(bundle, untaught=("shout", "scream"))

    assert "untaught    shout, scream" in command.describe(silent)
    assert "untaught    none" in command.describe(replace(bundle, untaught=()))


def test_show_tells_the_beginning_of_long_lists_and_how_much_more_there_is(bundle: Bundle) -> None:
    long = replace(
        bundle, info={**bundle.info, "training": {"hard": [f"clip {n}" for n in range(40)]}}
    )

    (line,) = [line for line in command.describe(long) if line.startswith("  hard: ")]

    assert line.startswith("  hard: [clip 0, clip 1, ")
    assert line.endswith(", and 24 more]")


def test_check_says_that_a_bundle_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(SHIPPED)) == 0

    assert capsys.readouterr().out.endswith("nodes, self-test passed\n")


def test_check_refuses_a_tampered_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "home"))
    with (folder / "weights.safetensors").open("ab") as file:
        file.write(b"\0")

    assert run("check", str(folder)) == 78

    message = capsys.readouterr().err
    assert "weights.safetensors is not the file its maker described" in message


def test_an_action_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run()

    assert caught.value.code == 2
    assert "ACTION" in capsys.readouterr().err
