"""`python -m training.material`: enlarges a folder of recordings by sounds of Debian packages."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console

from ontology.errors import AedError
from training.clips.manifest import read_manifest
from training.debian.packages import LEARNED_LIST, MEASURED_LIST, read_packages, refuse_heard
from training.material.folder import enlarge


def main() -> int:
    """Do it; 1 if it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m training.material", description=__doc__)
    data = os.environ.get("AED_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new folder")
    parser.add_argument("--list", type=Path, default=LEARNED_LIST, help="of packages")
    parser.add_argument("--debs", type=Path, help="where packages are kept (default: OUT/.debs)")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data DIR, or set AED_DATA to a folder with a manifest.tsv")
    console = Console(stderr=True)
    try:
        packages = read_packages(arguments.list)
        measured = {row.source for row in read_manifest(arguments.data) if row.split == "dev"}
        measured |= {package.source for package in read_packages(MEASURED_LIST)}
        refuse_heard(packages, measured, "models are measured on them")
        added = enlarge(arguments.data, packages, arguments.out, console, debs=arguments.debs)
    except AedError as error:
        print(f"aed: {error}", file=sys.stderr)
        return 1
    counts = Counter(row.label for row in added)
    sources = len({row.source for row in added})
    told = ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))
    print(f"{arguments.out}: {len(added)} clips of {sources} packages added: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
