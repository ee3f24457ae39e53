"""`aed train`: trains the joint model, or retrains a bundle with an ontology of one's own."""

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
With --from BUNDLE a model is retrained at home (docs/own-ontology.md): --data is then a folder
whose folders are labels, a list of clips, or an unpacked public data set.

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
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="BUNDLE",
        help="retrain this one: the folder of a bundle, `home`, or the name of an installed one; "
        "or begin with the weights of a checkpoint.pt",
    )
    parser.add_argument(
        "--unlabelled", type=Path, metavar="DIR", help="with --from BUNDLE: more recordings"
    )
    parser.add_argument(
        "--skip-faulty",
        action="store_true",
        help="with --from BUNDLE: leave out clips that cannot be used, in place of stopping",
    )
    parser.add_argument(
        "--accept",
        action="store_true",
        help="with --from BUNDLE: take the model even if it hears critical sounds worse",
    )
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

    Returns:
        0, or 1 if a retrained model hears critical sounds worse and was not accepted.

    Raises:
        AedError: the extra is not installed, or data, settings or checkpoint cannot be used.
        KeyboardInterrupt: somebody asked to stop; a checkpoint is kept.
    """
    warm = None if arguments.origin is None else Path(arguments.origin)
    if warm is not None and not warm.is_file():
        return _retrain(arguments)
    _refuse_options_of_retraining(arguments)
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
        raise _without_the_extra(error) from error

    files = arguments.run_files or SHIPPED_RUNS
    outs = [arguments.out / file.stem for file in files[:-1]] + [arguments.out]
    configs = [read_run(file) for file in files]
    if arguments.seed is not None:
        configs = [replace(config, seed=arguments.seed) for config in configs]
    tree = ontology.load(arguments.ontology) if arguments.ontology else ontology.home()
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


def _retrain(arguments: argparse.Namespace) -> int:
    """Retrain a bundle, and say where the new one is."""
    try:
        from rich.console import Console

        from training.errors import TrainingDataError
        from training.loop.machine import machine
        from training.retrain.retraining import Order, retrain
    except ModuleNotFoundError as error:
        raise _without_the_extra(error) from error

    if arguments.data is None:
        raise TrainingDataError("no recordings: give --data DIR, or set AED_DATA to a folder")
    runs = arguments.run_files or [None]
    if len(runs) > 1:
        raise TrainingDataError(f"--run: wanted one for a retraining, found {len(runs)}")
    order = Order(
        origin=arguments.origin,
        ontology=ontology.load(arguments.ontology) if arguments.ontology else ontology.home(),
        data=arguments.data,
        unlabelled=arguments.unlabelled,
        out=arguments.out,
        cache=arguments.cache,
        run_file=runs[0],
        seed=arguments.seed,
        workers=arguments.workers,
        accept=arguments.accept,
        skip_faulty=arguments.skip_faulty,
    )
    with machine(arguments.device, arguments.precision) as fabric:
        outcome = retrain(order, fabric, Console())
    print(f"bundle written to {outcome.bundle}")
    return 0 if outcome.verdict.passed or arguments.accept else 1


def _refuse_options_of_retraining(arguments: argparse.Namespace) -> None:
    """Say that options would do nothing, before hours of a training that ignores them."""
    given = {
        "--unlabelled": arguments.unlabelled is not None,
        "--skip-faulty": arguments.skip_faulty,
        "--accept": arguments.accept,
    }
    if words := [word for word, is_given in given.items() if is_given]:
        raise AedError(f"{', '.join(words)}: only with --from BUNDLE, which retrains a bundle")


def _without_the_extra(error: ModuleNotFoundError) -> AedError:
    return AedError(
        f"training needs the extra `train` ({error.name} is not installed): "
        "pip install -e '.[train]'"
    )
