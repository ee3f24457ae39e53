"""Command line: `python -m training.experiments run|try|report|list`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console

from ontology import AedError
from training.errors import TrainingDataError
from training.experiments.cells import CELLS_FOLDER, missing
from training.experiments.grid import Cell, chosen, full_grid, smoke_grid
from training.experiments.processes import tell
from training.experiments.report import write_report
from training.experiments.running import run
from training.experiments.trying import try_settings
from training.experiments.unit import Workplace, make_cells

DEFAULT_CACHE = Path("build/experiments/cache")
SMOKE_OUT = Path("build/experiments/smoke")
_TELL_EVERY_STEPS = 10


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    arguments = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(arguments.act(arguments))
    except AedError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever started this process is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.experiments", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    data = os.environ.get("AED_DATA")
    for name, act, text in (
        ("try", _try, "train a cell with other settings and judge it on dev; writes nothing"),
        ("run", _run, "make the cells that are missing"),
        ("unit", _unit, "make the named cells in this process (what `run` starts)"),
        ("list", _list, "name the cells and say which are missing"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(act=act)
        command.add_argument("cells", nargs="*", metavar="WORD", help="of the cells' names")
        command.add_argument("--smoke", action="store_true", help="few and tiny: does it run?")
        command.add_argument("--out", type=Path, metavar="DIR", help="folder of cells")
        command.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            default=Path(data) if data else None,
            help="folder with a manifest.tsv (default: AED_DATA)",
        )
        command.add_argument("--cache", type=Path, metavar="DIR", default=DEFAULT_CACHE)
        command.add_argument("--jobs", type=int, default=1, help="processes side by side")
        command.add_argument("--budget-s", type=float, help="give a cell up after so long")
        if name == "try":
            command.add_argument("--set", dest="changes", action="append", default=[])
    report = commands.add_parser("report", help="write docs/experiments.md from the cells")
    report.set_defaults(act=_report)
    report.add_argument("--cells", type=Path, metavar="DIR", default=CELLS_FOLDER)
    report.add_argument("--docs", type=Path, metavar="DIR", default=Path("docs"))
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.jobs < 1:
        raise TrainingDataError(f"--jobs: wanted 1 or more, found {arguments.jobs}")
    cells = chosen(_grid(arguments), arguments.cells)
    console = Console(soft_wrap=True)
    return 1 if run(cells, _workplace(arguments), jobs=arguments.jobs, console=console) else 0


def _unit(arguments: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    by_name = {cell.name: cell for cell in _grid(arguments)}
    cells = [by_name[name] for name in arguments.cells]
    for result in make_cells(cells, _workplace(arguments), _watch):
        tell(
            "cell",
            name=result.cell.name,
            seconds=result.seconds,
            memory_mb=result.memory_mb,
            accuracy=result.metrics["accuracy"],
        )
    return 0


def _try(arguments: argparse.Namespace) -> int:
    if not arguments.cells:
        raise TrainingDataError("try: wanted the name of a cell, as home-tree-10-seed0, found none")
    torch.set_num_threads(1)
    place = _workplace(arguments)
    for name in arguments.cells:
        print(try_settings(name, arguments.changes, place, lambda *_: None), flush=True)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    cells = chosen(_grid(arguments), arguments.cells)
    left = set(missing(cells, _out(arguments)))
    for cell in cells:
        print(f"{'missing' if cell in left else 'done   '} {cell.name}")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    print(write_report(arguments.cells, arguments.docs))
    return 0


def _watch(doing: str, step: int, steps: int) -> None:
    advance = _TELL_EVERY_STEPS if step % _TELL_EVERY_STEPS == 0 else 0
    if step == steps and not advance:
        advance = step % _TELL_EVERY_STEPS
    if advance:
        tell("step", doing=doing, advance=advance)


def _grid(arguments: argparse.Namespace) -> tuple[Cell, ...]:
    return smoke_grid() if arguments.smoke else full_grid()


def _out(arguments: argparse.Namespace) -> Path:
    out: Path = arguments.out or (SMOKE_OUT if arguments.smoke else CELLS_FOLDER)
    return out


def _workplace(arguments: argparse.Namespace) -> Workplace:
    if arguments.data is None:
        raise TrainingDataError(
            "no recordings: give --data DIR, or set AED_DATA to a folder with a manifest.tsv"
        )
    return Workplace(
        data=arguments.data,
        cache=arguments.cache,
        out=_out(arguments),
        is_smoke=arguments.smoke,
        budget_s=arguments.budget_s,
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
