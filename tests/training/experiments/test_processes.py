import io
import os
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.experiments.results import made_up
from training.experiments import running
from training.experiments.cells import write_result
from training.experiments.grid import Cell, full_grid
from training.experiments.processes import Message, run_units
from training.experiments.running import run, unit_steps
from training.experiments.unit import Workplace

UNITS = tuple(
    (Cell(dataset="esc10", method="tree", label_percent=10, turn=fold),) for fold in (1, 2, 3)
)
MAKES = """
import json, sys
print("chatter")
print(json.dumps({"kind": "step", "doing": "training", "advance": 3}))
print(json.dumps({"kind": "cell", "name": sys.argv[-1], "seconds": 1.0}))
"""


def run_code(code: str, tmp_path: Path, *, jobs: int = 1) -> list[Message]:
    return list(run_units(UNITS, [sys.executable, "-c", code], jobs=jobs, logs=tmp_path))


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_unit_is_run_and_what_it_tells_is_relayed(tmp_path: Path, jobs: int) -> None:
    messages = run_code(MAKES, tmp_path, jobs=jobs)

    assert {m.content["name"] for m in messages if m.kind == "cell"} == {
        cell.name for unit in UNITS for cell in unit
    }
    assert sum(m.content["advance"] for m in messages if m.kind == "step") == 9


def test_a_unit_that_fails_is_named_with_its_last_words_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    code = f"import sys\nif sys.argv[-1].endswith('fold2'): sys.exit('no more disk')\n{MAKES}"

    messages = run_code(code, tmp_path)

    (failure,) = [message for message in messages if message.kind == "failed"]
    assert failure.content["missing"] == ["esc10-tree-10-fold2"]
    assert failure.content["reason"] == "no more disk"
    assert len([message for message in messages if message.kind == "cell"]) == 2


def test_a_unit_that_ends_well_without_its_cell_has_failed_too(tmp_path: Path) -> None:
    assert [m.kind for m in run_code("pass", tmp_path)] == ["failed"] * 3


def test_closing_the_messages_ends_the_processes(tmp_path: Path) -> None:
    code = (
        "import json, os, time\n"
        "print(json.dumps({'kind': 'step', 'pid': os.getpid()}), flush=True)\n"
        "time.sleep(60)"
    )
    messages = run_units(UNITS, [sys.executable, "-c", code], jobs=2, logs=tmp_path)
    pid = next(messages).content["pid"]

    started = time.monotonic()
    messages.close()

    assert time.monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_steps_count_each_trained_network_once() -> None:
    flat, probe = (
        Cell(dataset="esc10", method=method, label_percent=10, turn=1)
        for method in ("flat", "masked_probe")
    )
    hierarchy = Cell(dataset="esc10", method="flat_hierarchy", label_percent=10, turn=1)

    assert unit_steps([flat, hierarchy], is_smoke=False) == 600
    assert unit_steps([probe], is_smoke=False) == 600 + 600


def test_an_interrupted_run_says_what_is_left_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cells = [cell for unit in UNITS for cell in unit]
    write_result(made_up(cells[0], accuracy=0.5), tmp_path / "out")
    console = Console(file=io.StringIO(), width=200)

    class Interrupted:
        is_closed = False

        def __iter__(self) -> "Interrupted":
            return self

        def __next__(self) -> Message:
            raise KeyboardInterrupt

        def close(self) -> None:
            self.is_closed = True

    interrupted = Interrupted()
    monkeypatch.setattr(running, "run_units", lambda *_args, **_kwargs: interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(cells, place(tmp_path), jobs=1, console=console)

    said = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    assert "1 of 3 cells are done; 2 to make" in said
    assert "0 cells were made, 2 are left: the same command" in said
    assert interrupted.is_closed


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_made_and_what_failed_is_told_as_it_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    cells = [cell for unit in UNITS for cell in unit]
    made = {"name": cells[0].name, "accuracy": 0.5, "seconds": 61.0, "memory_mb": 800}
    failed = {"missing": [cells[1].name], "reason": "no [more] disk", "log": "its.log"}
    step = {"doing": "training", "advance": 600}
    told = [
        Message(unit=UNITS[0], kind="step", content=step),
        Message(unit=UNITS[0], kind="cell", content=made),
        Message(unit=UNITS[1], kind="failed", content=failed),
    ]
    monkeypatch.setattr(running, "run_units", lambda *_args, **_kwargs: iter(told))
    written = io.StringIO()
    console = Console(file=written, width=200, force_terminal=is_terminal, color_system=None)

    assert run(cells, place(tmp_path), jobs=1, console=console) == 1

    said = written.getvalue()
    assert "1/3 esc10-tree-10-fold1  accuracy 0.500  61 s, 800 MB" in said
    assert "could not make esc10-tree-10-fold2 (see its.log):\nno [more] disk" in said
    assert ("esc10-tree-10-fold1: training" in said) == is_terminal


def test_finished_cells_of_other_settings_are_named(tmp_path: Path) -> None:
    cell = full_grid()[0]
    write_result(made_up(cell, accuracy=0.5), tmp_path / "out")
    console = Console(file=io.StringIO(), width=200)

    failed = run([cell], place(tmp_path, is_smoke=True), jobs=1, console=console)

    assert failed == 0
    assert isinstance(console.file, io.StringIO)
    assert "1 finished cells were made with other settings" in console.file.getvalue()


def place(folder: Path, *, is_smoke: bool = False) -> Workplace:
    return Workplace(
        data=folder, cache=folder, out=folder / "out", is_smoke=is_smoke, budget_s=None
    )
