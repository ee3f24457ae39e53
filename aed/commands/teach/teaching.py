"""Teaches one sound: hears its recordings, checks them, hands them to the daemon or the state.

Axes: S samples, T posterior frames, D embedding, M windows.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aed.bundle import Bundle, load_bundle
from aed.commands.teach.place import Place
from aed.errors import TeachingError
from aed.posteriors import POSTERIOR_HOP_S
from aed.recordings import find_recordings, read_recording
from aed.taught.background import Background, read_background
from aed.taught.examples import Example, condition, embed, example, trimmed
from aed.taught.learning import Lesson, check_apart, learn
from aed.taught.sounds import TaughtSound, check_place, slug
from aed.taught.space import windowed
from daemon.errors import RequestError
from daemon.taught.store import TaughtStore, Wish, examples_of

LONGEST_BACKGROUND_S = 3_600.0


def teach(
    place: Place,
    *,
    name: str,
    clips: Sequence[Path],
    under: str,
    background: Path | None,
    is_alert: bool,
) -> str:
    """Teach a sound.

    Args:
        place: where.
        name: what the user calls it.
        clips: recordings of it.
        under: node that it stands below.
        background: folder of recordings without it.
        is_alert: whether it calls for attention.

    Returns:
        What to tell the user.

    Raises:
        AedError: it cannot be taught; says why.
    """
    bundle = load_bundle(place.bundle)
    id_ = slug(name)
    check_place(id_, under, bundle.ontology)
    known = read_background(bundle)
    recordings = [trimmed(condition(read_recording(path)), str(path)) for path in clips]
    examples = [
        example(bundle, known.space, samples, str(path))
        for samples, path in zip(recordings, clips, strict=True)
    ]
    own = None if background is None else _windows(bundle, known, background)
    lesson = learn(examples, known, under=under, own_background=own)
    sound = TaughtSound(
        id=id_,
        name=name,
        under=under,
        is_alert=is_alert,
        prototype=lesson.prototype,
        threshold=lesson.threshold,
    )
    store = TaughtStore(place.state)
    _check_others(store, bundle, known, sound, examples)
    wish = Wish(
        id=id_, name=name, under=under, is_alert=is_alert, raised_by=round(lesson.raised_by, 6)
    )
    _hand_over(place, store, bundle, wish, recordings)
    return _said(place, bundle, sound, lesson)


def _windows(bundle: Bundle, known: Background, folder: Path) -> NDArray[np.float32]:
    """Windows (M, D) of the user's own background."""
    names = find_recordings(str(folder))
    windows = [np.zeros((0, known.space.width), np.float32)]
    num_frames = 0
    for name in names:
        path = folder / name if folder.is_dir() else folder
        embedding, _ = embed(bundle, condition(read_recording(path)))
        directions = known.space.directions(embedding)
        windows.append(windowed(directions, directions[:0]))
        num_frames += len(directions)
        if num_frames * POSTERIOR_HOP_S > LONGEST_BACKGROUND_S:
            raise TeachingError(f"{folder}: wanted an hour of background at most, found more")
    if not names:
        raise TeachingError(f"{folder}: it holds no recordings of a background")
    return np.concatenate(windows)


def _check_others(
    store: TaughtStore,
    bundle: Bundle,
    known: Background,
    sound: TaughtSound,
    examples: Sequence[Example],
) -> None:
    """Check that it is told from what is taught already."""
    taught = store.load(bundle, is_kept=False).taught
    for other in () if taught is None else taught.sounds:
        its_examples = examples_of(store.folder.read(other.id), bundle, known)
        check_apart(sound, examples, other, its_examples)


def _hand_over(
    place: Place,
    store: TaughtStore,
    bundle: Bundle,
    wish: Wish,
    recordings: Sequence[NDArray[np.float32]],
) -> None:
    store.folder.prepare(wish.id, recordings)
    try:
        if place.socket is None:
            store.teach(wish, bundle)
        else:
            data = {"id": wish.id, "name": wish.name, "under": wish.under}
            place.ask("teach", {**data, "alert": wish.is_alert, "raised_by": wish.raised_by})
    except (TeachingError, RequestError):
        store.folder.discard(wish.id)
        raise


def _said(place: Place, bundle: Bundle, sound: TaughtSound, lesson: Lesson) -> str:
    when = "aed hears it from now on" if place.socket is not None else "aed hears it when it starts"
    strange = sum(c < r for c, r in zip(lesson.cosines, lesson.reaches, strict=True))
    lines = [
        f"{bundle.ontology.path(sound.under)}/{sound.id}: {when}",
        f"background up to {lesson.threshold:.2f}, a typical recording {lesson.margin:.2f} above",
    ]
    if lesson.raised_by:
        lines.append(f"your own background raised that by {lesson.raised_by:.2f}")
    if strange:
        lines.append(f"{strange} of {len(lesson.cosines)} recordings would not have been found")
    return "\n".join(lines)
