"""The taught sounds of one state directory: what was learned, and the recordings it was learned by.

`taught.json` holds prototypes and thresholds for one bundle, by its digest. Another bundle has
other embeddings: under it every sound is learned anew from its recordings, and one that cannot be
is kept but not heard, which `problem` and the log tell.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictBool, ValidationError

from aed.bundle import Bundle
from aed.errors import TeachingError
from aed.taught.background import Background, read_background
from aed.taught.examples import Example, example
from aed.taught.learning import Lesson, learn
from aed.taught.sounds import MOST_SOUNDS, TaughtSound, check_place, taught_sounds
from daemon.settings.part import SettingsPart
from daemon.state_file import read_state, write_state
from daemon.taught.folder import TaughtFolder
from ontology.errors import AedError

_logger = logging.getLogger(__name__)

FILE_NAME = "taught.json"
_VERSION = 1


class TaughtEntry(SettingsPart):
    """What is kept of a sound.

    Attributes:
        id, name, under, is_alert: see `TaughtSound`.
        raised_by: how much of its threshold an own background is the reason of.
        prototype: of the bundle that the file names; None if that one cannot learn it.
        threshold: the same.
        margin: by how much a typical recording was above the background.
        problem: why it is not heard; None if it is.
    """

    id: str
    name: str
    under: str
    is_alert: StrictBool
    raised_by: float = Field(ge=0, le=2)
    prototype: tuple[float, ...] | None = None
    threshold: float | None = None
    margin: float | None = None
    problem: str | None = None


class _Content(SettingsPart):
    version: int = Field(ge=_VERSION, le=_VERSION)
    bundle: str
    sounds: tuple[TaughtEntry, ...] = Field(max_length=MOST_SOUNDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A sound that is to be taught, whose recordings were prepared; see `TaughtEntry`."""

    id: str
    name: str
    under: str
    is_alert: bool
    raised_by: float = 0.0


class TaughtStore:
    """Reads, teaches and forgets.

    Attributes:
        folder: where the recordings lie.
        problem: what is wrong, as a sentence; None if nothing is.
    """

    def __init__(self, state: Path) -> None:
        """Name the places; reads nothing.

        Args:
            state: the state directory.
        """
        self.folder = TaughtFolder(state)
        self._state = state
        self._path = state / FILE_NAME
        self.problem: str | None = None
        self.entries: tuple[TaughtEntry, ...] = ()
        self._has_changed = False

    def load(self, bundle: Bundle, *, is_kept: bool = True) -> Bundle:
        """Give a bundle what was taught; learn it anew if that was for another one.

        Args:
            bundle: the model.
            is_kept: keep what is learned anew; otherwise nothing is written.

        Returns:
            The bundle with its taught sounds. What cannot be heard is left out, and told.
        """
        try:
            content = self._read()
        except (OSError, ValueError) as error:
            self.entries = ()
            self._complain(f"{self._path} cannot be read ({error}): no taught sound is heard")
            return replace(bundle, taught=None)
        self.entries, self.problem = content.sounds, None
        if not content.sounds:
            return replace(bundle, taught=None)
        try:
            background = read_background(bundle)
        except TeachingError as error:
            self._complain(f"no taught sound is heard: {error}")
            return replace(bundle, taught=None)
        if content.bundle != bundle.digest:
            self.entries = tuple(self._anew(each, bundle, background) for each in content.sounds)
            if is_kept:
                self._try_to_write(bundle)
        lost = [f"{each.id} ({each.problem})" for each in self.entries if each.problem is not None]
        if lost:
            self._complain(f"taught sounds that are not heard: {'; '.join(lost)}")
        return self._given(bundle, background)

    def teach(self, wish: Wish, bundle: Bundle) -> Lesson:
        """Learn a sound whose recordings were prepared; on disk when this returns.

        Raises:
            TeachingError: it cannot be learned, or kept.
            OntologyError: there is no node that it could stand below.
        """
        check_place(wish.id, wish.under, bundle.ontology)
        entries = self._entries_for(bundle)
        if wish.id in {each.id for each in entries}:
            raise TeachingError(
                f"{wish.id} is taught already; aed teach --remove {wish.id} makes room for it"
            )
        if len(entries) >= MOST_SOUNDS:
            raise TeachingError(f"wanted at most {MOST_SOUNDS} taught sounds, found as many")
        background = read_background(bundle)
        examples = examples_of(self.folder.prepared(wish.id), bundle, background)
        lesson = learn(examples, background, under=wish.under, raised_by=wish.raised_by)
        self.folder.settle(wish.id)
        self._write((*entries, _learned(wish, lesson)), bundle.digest)
        _logger.warning("taught %s under %s", wish.id, wish.under)
        return lesson

    def forget(self, id_: str) -> None:
        """Forget a sound and delete its recordings, whatever model hears now.

        Raises:
            TeachingError: it was not taught, or the disk refuses.
        """
        content = self._read_or_refuse()
        if id_ not in {each.id for each in content.sounds}:
            known = ", ".join(each.id for each in content.sounds) or "none"
            raise TeachingError(f"{id_!r} is not taught; there are: {known}")
        self._write([each for each in content.sounds if each.id != id_], content.bundle)
        _logger.warning("forgot the taught sound %s", id_)
        self.folder.remove(id_)

    def take_change(self) -> bool:
        """Whether something was taught or forgotten since this was last asked."""
        has_changed, self._has_changed = self._has_changed, False
        return has_changed

    def _entries_for(self, bundle: Bundle) -> tuple[TaughtEntry, ...]:
        """What is taught, learned for a bundle.

        Raises:
            TeachingError: the file cannot be read; nothing may be written over it.
        """
        content = self._read_or_refuse()
        if content.bundle == bundle.digest or not content.sounds:
            return content.sounds
        background = read_background(bundle)
        return tuple(self._anew(each, bundle, background) for each in content.sounds)

    def _read_or_refuse(self) -> _Content:
        try:
            return self._read()
        except (OSError, ValueError) as error:
            raise TeachingError(
                f"{self._path} cannot be read ({error}); remove it, and teach everything anew"
            ) from error

    def _read(self) -> _Content:
        """What is on disk.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
        """
        found = read_state(self._path)
        if not found:
            return _Content(version=_VERSION, bundle="", sounds=())
        try:
            return _Content.model_validate(found)
        except ValidationError as error:
            raise ValueError(f"it holds no taught sounds: {error.error_count()} faults") from error

    def _anew(self, entry: TaughtEntry, bundle: Bundle, background: Background) -> TaughtEntry:
        wish = Wish(
            id=entry.id,
            name=entry.name,
            under=entry.under,
            is_alert=entry.is_alert,
            raised_by=entry.raised_by,
        )
        try:
            check_place(wish.id, wish.under, bundle.ontology)
            examples = examples_of(self.folder.read(wish.id), bundle, background)
            lesson = learn(examples, background, under=wish.under, raised_by=wish.raised_by)
        except AedError as error:
            none = {"prototype": None, "threshold": None, "margin": None}
            return entry.model_copy(update={**none, "problem": str(error)})
        _logger.warning("learned the taught sound %s anew for bundle %s", wish.id, bundle.path)
        return _learned(wish, lesson)

    def _given(self, bundle: Bundle, background: Background) -> Bundle:
        width = background.space.width
        sounds = [
            TaughtSound(
                id=each.id,
                name=each.name,
                under=each.under,
                is_alert=each.is_alert,
                prototype=np.array(each.prototype, np.float32),
                threshold=each.threshold,
            )
            for each in self.entries
            if each.prototype is not None
            and each.threshold is not None
            and len(each.prototype) == width
        ]
        try:
            given = taught_sounds(background.space, sounds, bundle.ontology)
        except AedError as error:
            self._complain(f"no taught sound is heard: {error}")
            given = None
        return replace(bundle, taught=given)

    def _write(self, entries: Sequence[TaughtEntry], digest: str) -> None:
        content = {
            "version": _VERSION,
            "bundle": digest,
            "sounds": [each.model_dump() for each in entries],
        }
        try:
            write_state(self._path, content)
            if os.geteuid() == 0:
                owner = self._state.stat()
                os.chown(self._path, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise TeachingError(f"{self._path} cannot be written: {error.strerror}") from error
        self._has_changed = True

    def _try_to_write(self, bundle: Bundle) -> None:
        """Keep what was learned anew; where the disk refuses it is learned again at each start."""
        has_changed = self._has_changed
        try:
            self._write(self.entries, bundle.digest)
        except TeachingError as error:
            _logger.error("%s", error)  # noqa: TRY400 - no bug
        self._has_changed = has_changed

    def _complain(self, problem: str) -> None:
        self.problem = problem
        _logger.error("%s", problem)


def examples_of(
    recordings: Sequence[tuple[str, NDArray[np.float32]]], bundle: Bundle, background: Background
) -> list[Example]:
    """Recordings, as name and samples (S,) of each, as examples."""
    return [example(bundle, background.space, samples, name) for name, samples in recordings]


def _learned(wish: Wish, lesson: Lesson) -> TaughtEntry:
    return TaughtEntry(
        id=wish.id,
        name=wish.name,
        under=wish.under,
        is_alert=wish.is_alert,
        raised_by=round(max(wish.raised_by, lesson.raised_by), 6),
        prototype=tuple(round(float(number), 6) for number in lesson.prototype),
        threshold=round(lesson.threshold, 6),
        margin=round(lesson.margin, 4),
    )
