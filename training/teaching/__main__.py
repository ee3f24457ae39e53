"""`python -m training.teaching`: gives a bundle its background, measures what teaching is worth."""

import argparse
import json
import os
import sys
from pathlib import Path

from aed.bundle import SHIPPED, load_bundle
from ontology.errors import AedError
from training.teaching.background import install
from training.teaching.measure import measure, table


def main() -> int:
    """Do what is asked; 1 if it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m training.teaching", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    data = os.environ.get("AED_DATA")
    for name, summary in (
        ("background", "hear the training recordings and put their background into the bundle"),
        ("measure", "teach sounds of dev recordings, hear the other ones"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("--bundle", type=Path, default=SHIPPED, metavar="DIR")
        command.add_argument("--data", type=Path, default=Path(data) if data else None)
        command.add_argument("--cache", type=Path, default=Path("build/cache"))
    measuring = commands.choices["measure"]
    measuring.add_argument(
        "--hours", type=Path, metavar="DIR", help="recordings without any of the sounds, if any"
    )
    measuring.add_argument("--seeds", type=int, default=5)
    measuring.add_argument("--json", type=Path, metavar="FILE", help="write the figures too")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data DIR, or set AED_DATA to a folder with a manifest.tsv")
    try:
        if arguments.command == "background":
            num_bytes = install(arguments.bundle, arguments.data, arguments.cache)
            print(f"background of {num_bytes / 1e6:.2f} MB written to {arguments.bundle}")
            return 0
        figures = measure(
            load_bundle(arguments.bundle),
            arguments.data,
            arguments.cache,
            hours=arguments.hours,
            seeds=arguments.seeds,
        )
    except AedError as error:
        print(f"aed: {error}", file=sys.stderr)
        return 1
    print(table(figures))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
