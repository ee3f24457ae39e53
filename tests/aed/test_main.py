"""The command line as a whole: exit codes, version, messages on stderr."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aed import __version__
from aed.__main__ import build_parser, main
from aed.commands import Subparsers
from aed.errors import AudioError, BundleError


class ScriptedCommand:
    """A command `scripted` that does what the test hands in."""

    def __init__(self, action: Callable[[], int]) -> None:
        self._action = action

    def add_parser(self, subparsers: Subparsers) -> None:
        parser = subparsers.add_parser("scripted")
        parser.set_defaults(run=self._run)

    def _run(self, _arguments: argparse.Namespace) -> int:
        return self._action()


def raising(error: BaseException) -> Callable[[], int]:
    def act() -> int:
        raise error

    return act


def aed(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aed", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = aed("--version", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (0, f"aed {__version__}\n")


@pytest.mark.parametrize("words", [(), ("no-such-command",), ("--no-such-option",)])
def test_a_wrong_command_line_exits_2_and_shows_the_usage(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    result = aed(*words, cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.startswith("usage: aed")


@pytest.mark.parametrize("code", [0, 1])
def test_a_command_decides_about_its_exit_code(code: int) -> None:
    assert main(["scripted"], commands=[ScriptedCommand(lambda: code)]) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [(AudioError("kitchen.wav holds no audio"), 1), (BundleError("no model.onnx"), 78)],
)
def test_our_errors_become_one_line_and_their_own_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scripted"], commands=[ScriptedCommand(raising(error))]) == code
    assert capsys.readouterr().err == f"aed: {error}\n"


def test_an_interrupt_exits_130_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    command = ScriptedCommand(raising(KeyboardInterrupt()))

    assert main(["scripted"], commands=[command]) == 130
    assert capsys.readouterr().err == ""


def test_other_exceptions_are_bugs_and_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        main(["scripted"], commands=[ScriptedCommand(raising(ZeroDivisionError()))])


def test_a_reader_that_leaves_early_is_no_error_message(tmp_path: Path) -> None:
    script = tmp_path / "flood.py"
    script.write_text(
        "import sys\n"
        "from aed.__main__ import main\n"
        "from tests.aed.test_main import ScriptedCommand\n"
        "def flood():\n"
        "    for number in range(1_000_000):\n"
        "        print(number)\n"
        "    return 0\n"
        "sys.exit(main(['scripted'], commands=[ScriptedCommand(flood)]))\n"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1


@pytest.mark.parametrize("flush", [True, False])
def test_output_that_nobody_can_take_is_a_message(tmp_path: Path, *, flush: bool) -> None:
    script = tmp_path / "full.py"
    script.write_text(
        "import sys\n"
        "from aed.__main__ import main\n"
        "from tests.aed.test_main import ScriptedCommand\n"
        f"command = ScriptedCommand(lambda: print('heard', flush={flush}) or 0)\n"
        "sys.exit(main(['scripted'], commands=[command]))\n"
    )
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert result.stderr == "aed: the output cannot be written (No space left on device)\n"
    assert result.returncode == 1


def test_other_errors_of_the_system_are_bugs_and_keep_their_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        main(["scripted"], commands=[ScriptedCommand(raising(FileNotFoundError("gone")))])


def test_every_command_has_a_help_line() -> None:
    help_text = build_parser().format_help()

    assert "COMMAND" in help_text
