"""`python -m training.retrain.compare BEFORE AFTER --data DIR`: two bundles on the same recordings.

What the gate does after a training, on recordings of one's own choosing: every clip counts, and
none of it was learned from if it is listed in no training.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from aed.bundle import load_bundle
from ontology import AedError
from ontology.matching import matches
from training.clips.bank import open_bank
from training.retrain.gate import compare, show
from training.retrain.hearings import own_scenes
from training.retrain.layouts import read_data
from training.retrain.naming import Names
from training.retrain.survey import refuse_or_tell, survey
from training.retrain.warm_start import bundle_folder


def main(words: Sequence[str] | None = None) -> int:
    """Compare two bundles on recordings, node by node."""
    parser = argparse.ArgumentParser(
        prog="python -m training.retrain.compare", description=main.__doc__
    )
    parser.add_argument("before", metavar="BEFORE", help="folder or name of a bundle")
    parser.add_argument("after", metavar="AFTER", help="the same; labels are of its ontology")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="or a list")
    parser.add_argument("--out", type=Path, default=Path("build/compare"), metavar="DIR")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR")
    arguments = parser.parse_args(words)
    console = Console()
    try:
        old, new = (
            load_bundle(bundle_folder(word)) for word in (arguments.before, arguments.after)
        )
        names = Names(new.labels)
        found = survey([read_data(arguments.data, names)], names, console)
        refuse_or_tell(found, arguments.out, console, skip_faulty=True)
        rows = [clip.row for clip in found.clips]
        targets = {
            clip.meaning.key: clip.meaning.target
            for clip in found.clips
            if clip.meaning.target is not None
        }
        scenes = own_scenes(open_bank(Path("/"), rows, arguments.cache), targets)
        result = compare(scenes, old, new, matches(old.ontology, new.ontology))
        told = "; ".join(result.complaints) or "none is heard worse than before"
        show(result, console, f"Critical sounds: {told}.")
    except AedError as error:
        print(f"compare: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
