"""`python -m training.retrain.example`: recordings and ontology of the example in the documents.

A new node, `children_playing` below `person`, and 20 clips of it as somebody would collect them:
two from each of ten sessions, in folders; beside it a few recordings of what it must not be taken
for, and as `unheard.csv` the sessions of `dev`, which nothing is trained on.
"""

import argparse
import csv
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import ontology
from ontology import AedError
from training.clips.manifest import ClipRow, read_manifest
from training.errors import TrainingDataError

NODE = "children_playing"
CLIPS = 20
CLIPS_OF_A_SESSION = 2
OTHERS = ("speech", "baby_cry", "dog", "birds", "music", "engine_idling")
CLIPS_OF_OTHERS = 8

_ENTRY = """\
      - id: children_playing
        name: Children at play
        names: {de: Spielende Kinder}
        audioset: [/t/dd00013]
"""
_BEFORE = "      - id: speech\n"
_CLAIMED = ", /t/dd00013]"


def write_ontology(path: Path) -> Path:
    """Write the home ontology with one more node, which takes AudioSet's class from `person`."""
    text = ontology.home().source.replace(_CLAIMED, "]", 1).replace(_BEFORE, _ENTRY + _BEFORE, 1)
    path.write_text(text.replace("name: home", "name: home-with-children", 1), encoding="utf-8")
    ontology.load(path)
    return path


def write_recordings(data: Path, out: Path) -> tuple[Path, Path]:
    """Copy the clips to learn from into folders, and list those that stay unheard.

    Args:
        data: folder with a manifest.tsv.
        out: where `recordings/` and `unheard.csv` go.

    Raises:
        TrainingDataError: there are too few clips.
    """
    rows = read_manifest(data)
    learned = [row for row in rows if row.split == "train" and row.use == "ship"]
    chosen = [(NODE, row) for row in _some(learned, NODE, CLIPS, CLIPS_OF_A_SESSION)]
    for label in OTHERS:
        chosen += [(label, row) for row in _some(learned, label, CLIPS_OF_OTHERS, 1)]
    recordings = out / "recordings"
    shutil.rmtree(recordings, ignore_errors=True)
    for label, row in chosen:
        folder = recordings / label / row.group.replace("/", "_").replace(":", "_")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / row.path, folder / Path(row.path).name)
    unheard = out / "unheard.csv"
    with unheard.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "group", "split"))
        for row in rows:
            if row.split == "dev" and row.use == "ship":
                writer.writerow((data.absolute() / row.path, row.label, row.group, "test"))
    return recordings, unheard


def _some(rows: Sequence[ClipRow], label: str, count: int, of_a_session: int) -> list[ClipRow]:
    """Clips of a label, a few of each session, from sessions all over the list."""
    sessions: dict[str, list[ClipRow]] = {}
    for row in rows:
        if row.label == label:
            sessions.setdefault(row.group, []).append(row)
    wide = [clips for clips in sessions.values() if len(clips) >= of_a_session]
    wanted = -(-count // of_a_session)
    if len(wide) < wanted:
        raise TrainingDataError(
            f"the example wants {of_a_session} clips of {label} from each of {wanted} sessions, "
            f"found {len(wide)} such sessions"
        )
    chosen = [wide[place * len(wide) // wanted] for place in range(wanted)]
    return [row for clips in chosen for row in clips[:of_a_session]]


def main(words: Sequence[str] | None = None) -> int:
    """Write everything that the example needs."""
    parser = argparse.ArgumentParser(
        prog="python -m training.retrain.example", description=main.__doc__
    )
    data = os.environ.get("AED_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("build/example"), metavar="DIR")
    arguments = parser.parse_args(words)
    if arguments.data is None:
        parser.error("give --data DIR, or set AED_DATA to a folder with a manifest.tsv")
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        print(write_ontology(arguments.out / "mine.yaml"))
        for path in write_recordings(arguments.data, arguments.out):
            print(path)
    except AedError as error:
        print(f"example: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
