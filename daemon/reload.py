"""Takes over changed settings and another bundle while the daemon runs, on SIGHUP.

Everything is checked before anything is touched: settings that cannot work change nothing. A
source whose own settings are the same is not interrupted, and heard on by the same ear unless the
model or what is recorded has changed. Where another ear goes on, what the former one was saying
stays on until it has decided (see `daemon.ears.former_events`). Another bundle is loaded in steps
beside the one that hears, takes over between two turns, and is watched (`daemon.bundles.swap`).
"""

import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aed.bundle import Bundle
from daemon.bundles.loading import BundleLoading, digest_of
from daemon.bundles.swap import BundleSwap
from daemon.clips.clips import Clips
from daemon.clocks import Clock
from daemon.ears.ear import Ear
from daemon.ears.making import bundle_path, fitted, info_of, model_name, new_ear
from daemon.errors import SettingsError
from daemon.health.self_check import is_restart_spent
from daemon.reloaded import Reloaded, Restart
from daemon.settings.changes import needs_restart
from daemon.settings.file import load_settings, state_directory
from daemon.settings.models import Settings
from daemon.settings.nodes import class_nodes
from daemon.sources.child import LEAVE_S
from daemon.sources.floor_file import Floors
from daemon.sources.source import Source
from daemon.state_folder import check_state_folder
from daemon.taught.store import TaughtStore
from daemon.wakeup import ReloadRequest
from ontology.errors import AedError

if TYPE_CHECKING:
    from daemon.ears.announcer import Announcement

_logger = logging.getLogger(__name__)


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
        swap: BundleSwap,
        taught: TaughtStore,
        is_refused: bool = False,
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
            swap: looks after another bundle.
            taught: sounds that were taught, and whether that has changed.
            is_refused: settings that were read after those in use could not be used.
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
        self._swap = swap
        self._taught = taught
        self._is_refused = is_refused
        # What was read and waits for its bundle; what to go back to from a bundle that is watched.
        self._pending: tuple[Settings, BundleLoading] | None = None
        self._former: tuple[Settings, Bundle] | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the settings in their file, as a sentence for anybody to read."""
        if not self._is_refused:
            return None
        return (
            "the settings that were read last cannot work, the former ones stay in use: `aed "
            "check` and the log say why"
        )

    def take(self, ears: Sequence[tuple[Source, Ear]]) -> Reloaded | Restart | None:
        """Read the settings again, if that was asked for; go on with what is under way.

        What was taught or forgotten meanwhile is heard, or not, from now on.

        Args:
            ears: the present sources and ears; those that are replaced are ended.

        Returns:
            What to go on with; None if nothing has changed, or nothing can, or not yet.
        """
        self._swap.tick()
        if self._swap.look(ears) and self._former is not None:
            return self._go_back(ears, *self._former)
        if not self._swap.is_watching:
            self._former = None
        if self._taught.take_change():
            bundle = self._taught.load(self._bundle)
            reloaded = self._replace(ears, self._settings, bundle)
            self._bundle = bundle
            return reloaded
        try:
            if self._request.take():
                return self._read(ears)
            return self._go_on(ears)
        except AedError as error:
            self._refuse(error)
            return None

    @property
    def is_loading(self) -> bool:
        """Whether what was read waits for its bundle."""
        return self._pending is not None

    def blame(self, error: Exception) -> bool:
        """Note that hearing has failed; gives whether a new model is to blame, and given up."""
        return self._swap.blame(f"it fails in hearing: {error}")

    def close(self, *, has_failed: bool = False) -> None:
        """End what is under way.

        Args:
            has_failed: the daemon ends because something went wrong.
        """
        self._drop_pending()
        self._swap.close(has_failed=has_failed)

    def _read(self, ears: Sequence[tuple[Source, Ear]]) -> Reloaded | Restart | None:
        self._drop_pending()
        settings = load_settings(self._where)
        folder = state_directory(settings)
        check_state_folder(folder, in_use=state_directory(self._settings))
        path = bundle_path(settings)
        # A model that has failed its self-test in memory is loaded anew.
        is_same = digest_of(path) == self._bundle.digest and not is_restart_spent(folder)
        if is_same and (self._bundle.is_whole or not settings.second_look):
            return self._take_over(
                ears, settings, fitted(self._bundle, settings, where=self._where)
            )
        self._swap.note_loading()
        known, num_sources = self._bundle.ontology, len(settings.sources)
        loading = BundleLoading(path, num_sources=num_sources, known=known, clock=self._clock)
        self._pending = (settings, loading)
        return None

    def _go_on(self, ears: Sequence[tuple[Source, Ear]]) -> Reloaded | Restart | None:
        if self._pending is None:
            return None
        settings, loading = self._pending
        bundle = loading.step()
        if bundle is None:
            return None
        bundle = self._taught.load(fitted(bundle, settings, where=self._where))
        self._pending = None
        return self._take_over(ears, settings, bundle)

    def _take_over(
        self, ears: Sequence[tuple[Source, Ear]], settings: Settings, bundle: Bundle
    ) -> Reloaded | Restart | None:
        self._swap.note_loaded()
        self._is_refused = False
        is_other = bundle.digest != self._bundle.digest
        if settings == self._settings and bundle is self._bundle:
            _logger.info("settings read again: nothing has changed")
            return None
        if needs_restart(self._settings, settings):
            _logger.info("settings read again: starting anew with them")
            return Restart(settings=settings)
        if is_other:
            if not self._swap.is_watching or self._former is None:
                self._former = (self._settings, self._bundle)
            self._swap.note_switched(bundle, self._bundle, ears)
            if not self._swap.is_watching:
                self._former = None
        reloaded = self._replace(ears, settings, bundle)
        self._settings, self._bundle = settings, bundle
        _logger.info("settings read again, and in use, with %s", model_name(bundle))
        return reloaded

    def _go_back(
        self, ears: Sequence[tuple[Source, Ear]], settings: Settings, bundle: Bundle
    ) -> Reloaded:
        """Hear with the former bundle again; with the present settings, if they fit it."""
        try:
            bundle = fitted(bundle, self._settings, where=self._where)
            settings = self._settings
        except SettingsError as error:
            _logger.error("with the former model the former settings are used: %s", error)  # noqa: TRY400 - no bug
        bundle = self._taught.load(bundle)
        reloaded = self._replace(ears, settings, bundle, is_sound=False)
        self._settings, self._bundle, self._former = settings, bundle, None
        return reloaded

    def _refuse(self, error: AedError) -> None:
        settings = None if self._pending is None else self._pending[0]
        self._drop_pending()
        _logger.error("the new settings cannot work, the former ones stay in use:\n     %s", error)
        is_given_up = self._swap.note_refused(
            str(error),
            is_installed=settings is not None and settings.bundle is None,
            in_use=self._bundle,
        )
        self._is_refused = not is_given_up
        if is_given_up and settings != self._settings:
            self._request.set()  # they may be good with the model that hears

    def _drop_pending(self) -> None:
        if self._pending is not None:
            self._pending[1].close()
            self._pending = None

    def _replace(
        self,
        ears: Sequence[tuple[Source, Ear]],
        settings: Settings,
        bundle: Bundle,
        *,
        is_sound: bool = True,
    ) -> Reloaded:
        topics_before = {state.topic for _, ear in ears for state in ear.initial_states()}
        is_heard_alike = bundle is self._bundle and settings.clips == self._settings.clips
        self._clips.follow(settings.clips)
        present = {source.name: (source, ear) for source, ear in ears}
        before = {part.name: part for part in self._settings.sources}
        announcements: list[Announcement] = []
        replaced: list[tuple[Source, Ear]] = []
        for part in settings.sources:
            source, ear = present.get(part.name, (None, None))
            is_same = before.get(part.name) == part
            if source is not None and ear is not None and is_same and is_heard_alike:
                ear.follow(settings.threshold_layer(), class_nodes(settings, bundle))
                replaced.append((source, ear))
                continue
            told, former = ([], []) if ear is None else ear.hand_over(is_sound=is_sound)
            announcements += told
            if source is None or not is_same:
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
        return Reloaded(
            ears=tuple(replaced),
            announcements=tuple(announcements),
            off=frozenset(topics_before - topics_now),
            offline=frozenset(gone),
            bundle=bundle,
            settings=settings,
            info=info_of(settings, bundle, started_at=self._started_at).to_json(),
        )
