"""Folders as labels: `dog/rex/walk.wav` is a dog, in the session `dog/rex`."""

from collections import Counter
from pathlib import Path, PurePath

from aed.recordings import find_recordings
from training.retrain.listing import Fault, ListedClip, Listing
from training.retrain.naming import Names

LAYOUT = "folders as labels"

_NO_SOUND = frozenset(
    {
        *(".cfg", ".doc", ".docx", ".htm", ".html", ".ini", ".log", ".md", ".pdf", ".rst", ".txt"),
        *(".csv", ".db", ".json", ".npy", ".npz", ".tsv", ".xls", ".xlsx", ".xml", ".yaml", ".yml"),
        *(".gif", ".jpeg", ".jpg", ".png", ".py", ".sh", ".zip"),
    }
)
"""Files that lie among recordings and are none; any other that cannot be read is told of."""

_NO_SOUND_NAMES = frozenset({"LICENSE", "LICENCE", "README", "COPYING", "Thumbs.db"})


def audio_files(folder: Path) -> list[str]:
    """Paths of all files below a folder that may be recordings, relative to it, sorted."""
    return [path for path in find_recordings(str(folder)) if not _is_no_sound(PurePath(path))]


def read_folders(folder: Path, names: Names) -> Listing:
    """List all recordings below a folder; the innermost folder that names a node is the label.

    Recordings in a folder below that of their label are one session; those directly in it cannot
    be told apart, and each counts as one of its own.
    """
    clips: list[ListedClip] = []
    faults: list[Fault] = []
    alone: Counter[str] = Counter()
    two_nodes: dict[str, str] = {}
    for path in audio_files(folder):
        parts = PurePath(path).parts[:-1]
        place = _label_place(parts, names)
        if place is None:
            faults.append(Fault(path=path, where="", problem=_no_label(parts, names)))
            continue
        label_folder = "/".join(parts[: place + 1])
        is_alone = place == len(parts) - 1
        alone[label_folder] += is_alone
        group = path if is_alone else "/".join(parts)
        if (outer := _another_node(parts[:place], parts[place], names)) is not None:
            two_nodes.setdefault(label_folder, outer)
        clips.append(ListedClip(path=path, labels=(parts[place],), group=group))
    return Listing(
        folder=folder,
        layout=LAYOUT,
        clips=tuple(clips),
        faults=tuple(faults),
        notes=(
            *(_told_alone(name, count) for name, count in alone.items() if count > 1),
            *(_told_of_two(inner, outer) for inner, outer in two_nodes.items()),
        ),
    )


def _label_place(parts: tuple[str, ...], names: Names) -> int | None:
    """Place of the innermost folder that names a node, else of one that means one otherwise."""
    for place in reversed(range(len(parts))):
        if names.node_of(parts[place]) is not None:
            return place
    for place in reversed(range(len(parts))):
        if not isinstance(names.meaning([parts[place]]), str):
            return place
    return None


def _another_node(outer: tuple[str, ...], label: str, names: Names) -> str | None:
    """A folder above the label's that names a node which is none of its super-categories."""
    node = names.node_of(label)
    for part in reversed(outer):
        other = names.node_of(part)
        if node is not None and other is not None and not names.is_above(other, node):
            return part
    return None


def _no_label(parts: tuple[str, ...], names: Names) -> str:
    if not parts:
        return "lies in no folder; put it into one that is called as what it sounds like"
    problems = [problem for part in parts if isinstance(problem := names.meaning([part]), str)]
    return next((each for each in problems if "did you mean" in each), problems[0])


def _told_alone(folder: str, count: int) -> str:
    return (
        f"{folder}/: {count} clips lie directly in it, and each counts as a session of its own. "
        f"If some are cut from one recording, put those into a folder below ({folder}/monday/), "
        "or the figures will be too good"
    )


def _told_of_two(inner: str, outer: str) -> str:
    return (
        f"{inner}/: {outer!r} and {PurePath(inner).name!r} are both nodes; the inner one was taken "
        "as the label. Rename the inner folder if it is a place or a session"
    )


def _is_no_sound(path: PurePath) -> bool:
    return path.suffix.lower() in _NO_SOUND or path.name in _NO_SOUND_NAMES
