"""`python -m training.release --checkpoint FILE --data DIR --out DIR`: bundle of a checkpoint."""

import argparse
import logging
from pathlib import Path

import ontology
from ontology import LabelSet
from training.loop.run import Run
from training.release.write import write
from training.session import open_data


def main() -> int:
    """Write a bundle from a checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m training.release", description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run = Run.from_checkpoint(arguments.checkpoint, LabelSet(ontology.home()))
    data = open_data(arguments.data, arguments.cache, held_out_share=run.config.held_out_share)
    write(run, data, arguments.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
