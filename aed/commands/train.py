"""`aed train`: trains the joint model on a folder of recordings and synthesised sounds."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ontology
from ontology import AedError

if TYPE_CHECKING:
    from aed.commands import Subparsers

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("32-true", "bf16-mixed")

_EPILOG = """\
Ctrl-C keeps a checkpoint, and the same command continues. Several processes share each batch with
`torchrun --nproc-per-node=2 -m -- aed train ...`, and take the same steps as one."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `train`."""
    parser = subparsers.add_parser(
        "train", help="train the model on recordings (extra `train`)", epilog=_EPILOG
    )
    data = os.environ.get("AED_DATA")
    parser.add_argument(
        "--run",
        dest="run_files",
        action="append",
        type=Path,
        metavar="FILE",
        help="settings of the run; several are run in turn, each from the weights of the one "
        "before, which is kept in a folder of its name (default: those of the shipped model)",
    )
    parser.add_argument("--seed", type=_seed, help="in place of the one in the settings")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=Path(data) if data else None,
        help="folder with a manifest.tsv (default: AED_DATA)",
    )
    parser.add_argument("--ontology", type=Path, metavar="FILE", help="default: the home ontology")
    parser.add_argument(
        "--out", type=Path, default=Path("build/train"), help="checkpoint, log and bundle go here"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("build/cache"), help="decoded recordings are kept here"
    )
    parser.add_argument("--from", dest="warm", type=Path, metavar="CHECKPOINT", help="start there")
    teacher = os.environ.get("AED_YAMNET")
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="DIR",
        default=Path(teacher) if teacher else None,
        help="folder of YAMNet, for runs with `distillation` (default: AED_YAMNET)",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that make scenes")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="32-true", help="of the steps")
    parser.set_defaults(run=run)


def _seed(word: str) -> int:
    seed = int(word)
    if not 0 <= seed < 2**31:
        raise argparse.ArgumentTypeError(f"wanted 0 to {2**31 - 1}, found {word}")
    return seed


def run(arguments: argparse.Namespace) -> int:
    """Train (or continue), evaluate, calibrate, and write the bundle to `--out`/bundle.

    Raises:
        AedError: the extra is not installed, or data, settings or checkpoint cannot be used.
        KeyboardInterrupt: somebody asked to stop; a checkpoint is kept.
    """
    try:
        from training.labels import read_label_map
        from training.loop.checkpoints import CHECKPOINT_NAME
        from training.loop.config import SHIPPED_RUNS, read_run
        from training.loop.machine import machine
        from training.loop.run import Run
        from training.loop.train import train
        from training.release.write import measured_rows, write
        from training.session import open_data, views
    except ModuleNotFoundError as error:
        raise AedError(
            f"training needs the extra `train` ({error.name} is not installed): "
            "pip install -e '.[train]'"
        ) from error

    files = arguments.run_files or SHIPPED_RUNS
    outs = [arguments.out / file.stem for file in files[:-1]] + [arguments.out]
    configs = [read_run(file) for file in files]
    if arguments.seed is not None:
        configs = [replace(config, seed=arguments.seed) for config in configs]
    tree = ontology.load(arguments.ontology) if arguments.ontology else ontology.home()
    warm = arguments.warm
    with machine(arguments.device, arguments.precision) as fabric:
        for config, out in zip(configs, outs, strict=True):
            data = open_data(arguments.data, arguments.cache, held_out_share=config.held_out_share)
            with fabric.rank_zero_first(local=True):  # it decodes the clips, the others find them
                scenes = data.scenes(config, tree)
            measured_rows(data, read_label_map(scenes.labels))  # complains before training does
            training_run = Run(config, scenes.labels, fabric, material=data.digest(config))
            if warm and not (out / CHECKPOINT_NAME).exists():
                training_run.warm_start(warm)
            seen = views(scenes, config, arguments.teacher)
            train(training_run, seen, out, workers=arguments.workers)
            warm = out / CHECKPOINT_NAME
        if fabric.is_global_zero:
            write(training_run, data, arguments.out)
    return 0
