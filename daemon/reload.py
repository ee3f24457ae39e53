"""Takes over changed settings while the daemon runs, on SIGHUP.

Everything is checked before anything is touched: settings that cannot work change nothing. A
source whose own settings are the same is not interrupted. What it was saying goes on: classes stay
on until the new thresholds have decided (see `daemon.former_events`).
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aed.bundle import Bundle
from daemon.announcer import Announcement
from daemon.child import LEAVE_S
from daemon.clips import Clips
from daemon.clocks import Clock
from daemon.ear import Ear
from daemon.ears import info_of, load_fitting_bundle, new_ear
from daemon.floor_file import Floors
from daemon.self_check import is_restart_spent
from daemon.settings import Settings
from daemon.settings_file import load_settings, state_directory
from daemon.sources import Source
from daemon.state_folder import check_state_folder
from daemon.taught_store import TaughtStore
from daemon.wakeup import ReloadRequest
from ontology.errors import AedError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What the new settings make of the sources.

    Attributes:
        ears: each source with the ear that hears it from now on.
        announcements: what the former ears had still to say.
        off: topics of class states, with their neutral value, that are no more.
        offline: names of sources that are no more.
        bundle: what they hear with.
        settings: the new ones.
        info: new payload of the topic `info`.
    """

    ears: tuple[tuple[Source, Ear], ...]
    announcements: tuple[Announcement, ...]
    off: frozenset[str]
    offline: frozenset[str]
    bundle: Bundle
    settings: Settings
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The settings change so much that all parts must be made anew.

    Attributes:
        settings: the new ones, checked.
    """

    settings: Settings


class Reloader:
    """Knows the settings in use and reads them again when asked to."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        *,
        where: Path,
        started_at: str,
        clock: Clock,
        rng: random.Random,
        floors: Floors,
        clips: Clips,
        request: ReloadRequest,
        taught: TaughtStore,
    ) -> None:
        """Remember what is in use.

        Args:
            settings: those in use.
            bundle: the one in use.
            where: the settings' file.
            started_at: when the daemon started, RFC 3339 in UTC.
            clock: the machine's clocks.
            rng: jitter of new sources.
            floors: how quiet each source has been so far.
            clips: what is recorded.
            request: says when to read again.
            taught: sounds that were taught, and whether that has changed.
        """
        self._settings = settings
        self._bundle = bundle
        self._where = where
        self._started_at = started_at
        self._clock = clock
        self._rng = rng
        self._floors = floors
        self._clips = clips
        self._request = request
        self._taught = taught

    def take(self, ears: Sequence[tuple[Source, Ear]]) -> Reloaded | Restart | None:
        """Read the settings again, if that was asked for; hear what was taught or forgotten.

        Args:
            ears: the present sources and ears; those that are replaced are ended.

        Returns:
            What to go on with; None if nothing has changed, or nothing can.
        """
        if self._taught.take_change():
            bundle = self._taught.load(self._bundle)
            reloaded = self._replace(ears, self._settings, bundle)
            self._bundle = bundle
            return reloaded
        if not self._request.take():
            return None
        try:
            settings = load_settings(self._where)
            folder = state_directory(settings)
            check_state_folder(folder)
            bundle = load_fitting_bundle(
                settings, where=self._where, must_pass=not is_restart_spent(folder)
            )
        except AedError as error:
            _logger.error(  # noqa: TRY400 - no bug
                "the new settings cannot work, the former ones stay in use:\n     %s", error
            )
            return None
        if settings == self._settings and bundle.digest == self._bundle.digest:
            _logger.info("settings read again: nothing has changed")
            return None
        if _needs_restart(self._settings, settings):
            _logger.info("settings read again: starting anew with them")
            return Restart(settings=settings)
        bundle = self._taught.load(bundle)
        reloaded = self._replace(ears, settings, bundle)
        self._settings, self._bundle = settings, bundle
        _logger.info("settings read again, and in use")
        return reloaded

    def _replace(
        self, ears: Sequence[tuple[Source, Ear]], settings: Settings, bundle: Bundle
    ) -> Reloaded:
        self._clips.follow(settings.clips)
        present = {source.name: (source, ear) for source, ear in ears}
        before = {part.name: part for part in self._settings.sources}
        announcements: list[Announcement] = []
        replaced: list[tuple[Source, Ear]] = []
        for part in settings.sources:
            source, ear = present.get(part.name, (None, None))
            told, former = ([], []) if ear is None else ear.hand_over()
            announcements += told
            if source is None or before.get(part.name) != part:
                if source is not None:
                    source.close(leave_s=LEAVE_S)
                floor = self._floors.of(part)
                source = Source(part, clock=self._clock, rng=self._rng, floor=floor)
            heard_by = new_ear(
                part.name,
                settings=settings,
                bundle=bundle,
                clock=self._clock,
                former=former,
                clips=self._clips,
            )
            replaced.append((source, heard_by))
        gone = present.keys() - {part.name for part in settings.sources}
        for name in sorted(gone):
            source, ear = present[name]
            source.close(leave_s=LEAVE_S)
            announcements += ear.close()
        topics_now = {state.topic for _, ear in replaced for state in ear.initial_states()}
        topics_before = {state.topic for _, ear in ears for state in ear.initial_states()}
        return Reloaded(
            ears=tuple(replaced),
            announcements=tuple(announcements),
            off=frozenset(topics_before - topics_now),
            offline=frozenset(gone),
            bundle=bundle,
            settings=settings,
            info=info_of(settings, bundle, started_at=self._started_at).to_json(),
        )


def _needs_restart(before: Settings, now: Settings) -> bool:
    """Whether more than what is heard, and how, has changed."""
    kept = {"sources", "thresholds", "classes", "second_look", "bundle", "clips"}
    kept |= {"mute", "requests", "taught_classes"}
    return before.model_dump(exclude=kept) != now.model_dump(exclude=kept)
