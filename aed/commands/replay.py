"""`aed replay`: what would have been reported of recordings."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from aed.commands import Subparsers
    from aed.events import Event
    from aed.hearing import Hearing

EXIT_SOME_UNREADABLE = 1

_DESCRIPTION = """\
Hears recordings as if they were sounding now, and prints a line for each event when it ends.
Files of any format and rate that libsndfile reads. A folder is searched recursively, in sorted
order, hidden files left out. A file that cannot be read, or breaks off, and a folder that cannot be
listed are named on stderr, the others are still heard, and the exit code is 1.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `replay`."""
    parser = subparsers.add_parser(
        "replay", help="say what would have been reported of recordings", description=_DESCRIPTION
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a recording, or a folder of them")
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="the model (default: the installed one)"
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "text"),
        help="one JSON object, or one readable line, per event (default: text in a terminal, "
        "jsonl elsewhere)",
    )
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="DIR",
        help="also write the posteriors of each recording to DIR/<its name>.npz",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="hear the sounds too that are taught in this state directory (`aed teach`)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay every recording.

    Args:
        arguments: with `paths`, `bundle`, `format`, `scores` and `state`.

    Returns:
        0, or 1 if a recording could not be read or its scores not be written.

    Raises:
        BundleError: the bundle cannot be used.
    """
    from aed.bundle import default_bundle_path, load_bundle
    from aed.errors import AudioError
    from aed.hearing import Hearing

    bundle = load_bundle(arguments.bundle or default_bundle_path())
    if arguments.state is not None:
        from daemon.taught.store import TaughtStore

        bundle = TaughtStore(arguments.state).load(bundle, is_kept=False)
    hearing = Hearing(bundle)
    style = arguments.format or ("text" if sys.stdout.isatty() else "jsonl")
    scored: dict[Path, str] = {}
    exit_code = 0
    for file, relative in _recordings(arguments.paths):
        try:
            target = _target(arguments.scores, file, relative, scored)
            _replay(hearing, file, style=style, target=target, nodes=hearing.labels.nodes)
        except AudioError as error:
            print(f"aed: {error}", file=sys.stderr, flush=True)
            exit_code = EXIT_SOME_UNREADABLE
    return exit_code


def _target(folder: Path | None, file: str, relative: str, scored: dict[Path, str]) -> Path | None:
    """Where the scores of a recording go; two recordings never share a file."""
    from aed.errors import AudioError

    if folder is None:
        return None
    target = folder / f"{relative}.npz"
    if target in scored:
        raise AudioError(
            f"{file}: its scores would replace those of {scored[target]} in {target}; "
            f"replay the two with different --scores"
        )
    scored[target] = file
    return target


def _recordings(paths: list[str]) -> "Iterator[tuple[str, str]]":
    """Each recording as given to the user, and relative to the path that it was found under."""
    from aed.recordings import find_recordings, is_folder

    for path in paths:
        if not is_folder(path):
            yield path, Path(path).name
            continue
        folder = path if path.endswith("/") else f"{path}/"
        for relative in find_recordings(path):
            yield (path if relative == "." else folder + relative), relative


def _replay(
    hearing: "Hearing", file: str, *, style: str, target: Path | None, nodes: tuple[str, ...]
) -> None:
    """Print the events of one recording as they end; keep its posteriors only if asked to.

    Of one that breaks off, everything that was heard is told before the error.
    """
    from aed.errors import AudioError
    from aed.recordings import read_recording

    hearing.reset()
    heard_s = 0.0
    broken: AudioError | None = None
    scores: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    try:
        for chunk in read_recording(file):
            heard = hearing.feed(chunk)
            heard_s += len(chunk.samples) / chunk.sample_rate_hz
            _print(heard.events, file, heard_s, style)
            if target is not None:
                scores.append((heard.posteriors.values, heard.posteriors.time_s))
    except AudioError as error:
        if not heard_s:
            raise
        broken = error
    last = hearing.flush()
    _print(last.events, file, heard_s, style)
    if target is not None:
        scores.append((last.posteriors.values, last.posteriors.time_s))
        _write_scores(scores, target, nodes)
    if broken is not None:
        raise broken


def _print(events: "list[Event]", file: str, heard_s: float, style: str) -> None:
    for event in events:
        if event.phase == "end":
            row = event_row(event, file, heard_s)
            print(json.dumps(row) if style == "jsonl" else _readable(row), flush=True)


def event_row(event: "Event", file: str, heard_s: float) -> dict[str, object]:
    """An ended event as the contract of `replay --format jsonl` has it.

    Args:
        event: in its phase `end`.
        file: the recording, as it is to be named.
        heard_s: length of the recording so far; no time lies beyond it, though the last frame may.
    """

    def within(time_s: float | None) -> float:
        return round(heard_s if time_s is None else min(time_s, heard_s), 3)

    return {
        "file": file,
        "event": event.node,
        "path": event.path,
        "onset_s": within(event.onset_s),
        "offset_s": within(event.offset_s),
        "first_detected_s": within(event.first_detected_s),
        "detected_s": within(event.detected_s),
        "score": round(event.score, 4),
        "pattern": event.pattern,
    }


def _readable(row: dict[str, object]) -> str:
    pattern = f"  pattern {row['pattern']}" if row["pattern"] else ""
    line = (
        f"{row['file']}: {row['onset_s']:8.1f} to {row['offset_s']:.1f} s  {row['path']}  "
        f"score {row['score']:.2f}  reported at {row['detected_s']:.1f} s{pattern}"
    )
    return line.encode(errors="backslashreplace").decode()


def _write_scores(
    scores: "list[tuple[NDArray[np.float32], NDArray[np.float32]]]",
    target: Path,
    nodes: tuple[str, ...],
) -> None:
    """Write `posteriors` (T, N), `nodes` (N,) and `time_s` (T,)."""
    import numpy as np

    from aed.errors import AudioError

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            target,
            posteriors=np.concatenate([values for values, _ in scores]),
            nodes=np.array(nodes),
            time_s=np.concatenate([time_s for _, time_s in scores]),
        )
    except OSError as error:
        raise AudioError(f"{target}: the scores cannot be written ({error.strerror})") from error
