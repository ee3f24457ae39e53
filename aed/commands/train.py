"""`aed train`: trains the joint model on a folder of recordings and synthesised sounds."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import ontology
from ontology import AedError

if TYPE_CHECKING:
    from aed.commands import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add `train`."""
    parser = subparsers.add_parser("train", help="train the model on recordings (extra `train`)")
    data = os.environ.get("AED_DATA")
    parser.add_argument(
        "--run",
        dest="run_file",
        type=Path,
        metavar="FILE",
        help="settings of the run (default: those of the shipped model)",
    )
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
    parser.add_argument("--workers", type=int, default=2, help="processes that make scenes")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train (or continue), evaluate, calibrate, and write the bundle to `--out`/bundle.

    Raises:
        AedError: the extra is not installed, or data, settings or checkpoint cannot be used.
    """
    try:
        from training import loop, release
        from training.config import SHIPPED_RUN, read_run
        from training.labels import read_label_map
        from training.session import open_data
    except ModuleNotFoundError as error:
        raise AedError(
            f"training needs the extra `train` ({error.name} is not installed): "
            "pip install -e '.[train]'"
        ) from error

    config = read_run(arguments.run_file or SHIPPED_RUN)
    tree = ontology.load(arguments.ontology) if arguments.ontology else ontology.home()
    data = open_data(arguments.data, arguments.cache, held_out_share=config.held_out_share)
    scenes = data.scenes(config, tree)
    release.measured_rows(data, read_label_map(scenes.labels))  # complains before training does
    training_run = loop.Run(config, scenes.labels)
    if arguments.warm and not (arguments.out / loop.CHECKPOINT_NAME).exists():
        training_run.warm_start(arguments.warm)
    loop.train(training_run, scenes, arguments.out, workers=arguments.workers)
    release.write(training_run, data, arguments.out)
    return 0
