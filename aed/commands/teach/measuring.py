"""Hears recordings with what is taught: how many of each sound are found, how many wrongly."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from aed.bundle import load_bundle
from aed.commands.teach.place import Place
from aed.errors import TeachingError
from aed.hearing import Hearing
from aed.recordings import find_recordings, read_recording
from daemon.taught.store import TaughtStore


def measure(place: Place, folder: Path) -> Iterator[str]:
    """Measure every taught sound.

    Args:
        place: where they are taught.
        folder: those in a folder of its own, named by the id of a sound, are of that sound.

    Yields:
        A line for each sound.

    Raises:
        TeachingError: nothing is taught, or there are no recordings.
        AudioError: one cannot be read.
    """
    bundle = TaughtStore(place.state).load(load_bundle(place.bundle), is_kept=False)
    if bundle.taught is None:
        raise TeachingError(f"nothing that {place.bundle} can hear is taught in {place.state}")
    ids = [sound.id for sound in bundle.taught.sounds]
    hearing = Hearing(bundle)
    recordings, found, wrong = Counter[str](), Counter[str](), Counter[str]()
    heard_s: dict[str, float] = defaultdict(float)
    for name in find_recordings(str(folder)):
        truth = next((part for part in Path(name).parts[:-1] if part in ids), "")
        duration_s, told = _hear(hearing, folder / name)
        recordings[truth] += 1
        heard_s[truth] += duration_s
        found[truth] += truth in told
        wrong.update(node for node in told if node != truth)
    if not recordings:
        raise TeachingError(f"{folder}: it holds no recordings")
    total_s = sum(heard_s.values())
    for id_ in ids:
        hours = (total_s - heard_s[id_]) / 3600
        yield (
            f"{id_}: found in {found[id_]} of its {recordings[id_]} recordings, and in "
            f"{wrong[id_]} of {recordings.total() - recordings[id_]} others ({hours:.2f} h)"
        )


def _hear(hearing: Hearing, path: Path) -> tuple[float, set[str]]:
    """How long a recording is, and all nodes of its events."""
    hearing.reset()
    duration_s, told = 0.0, set[str]()
    for chunk in read_recording(path):
        duration_s += chunk.duration_s
        told |= {event.node for event in hearing.feed(chunk).events}
    return duration_s, told | {event.node for event in hearing.flush().events}
