"""What each request does, on the parts of the running daemon."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aed import __version__
from aed.bundle import Bundle
from daemon.clips.clips import Clips
from daemon.clocks import Clock, rfc3339
from daemon.ears.ear import Ear
from daemon.errors import RequestError, SettingsError
from daemon.health.self_check import SelfCheck
from daemon.requests.asked_thresholds import AskedThresholds
from daemon.requests.data import (
    DeleteClipData,
    MuteData,
    NoData,
    RecentEventsData,
    SetThresholdData,
)
from daemon.requests.event_store import EventFilter, EventStore
from daemon.requests.handler import MQTT, Data, Request
from daemon.requests.mute import Mute
from daemon.settings.file import load_settings
from daemon.settings.models import Settings
from daemon.sources.source import Source
from daemon.wakeup import ReloadRequest

_logger = logging.getLogger(__name__)

SNAPSHOT_NODES = 10

SELDOM_S = 10.0
"""What takes as long as hearing seconds of sound is not done in each turn."""


class RequestActions:
    """Does what is asked for."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        *,
        where: Path,
        ears: Sequence[tuple[Source, Ear]],
        folder: Path,
        mute: Mute,
        events: EventStore,
        clips: Clips,
        self_check: SelfCheck,
        reload: ReloadRequest,
        clock: Clock,
    ) -> None:
        """Take the parts; thresholds that former runs were asked for hold from now on.

        Args:
            settings: those in use.
            bundle: the one in use.
            where: the settings' file.
            ears: each source with the ear that hears it.
            folder: the state directory.
            mute: silences alerts.
            events: what was heard.
            clips: what was recorded.
            self_check: tests the model.
            reload: has the settings read again.
            clock: the machine's clocks.
        """
        self._node = settings.node
        self._ontology = bundle.heard_ontology
        self._where = where
        self._ears = tuple(ears)
        self._mute = mute
        self._events = events
        self._clips = clips
        self._self_check = self_check
        self._reload = reload
        self._clock = clock
        self._asked = AskedThresholds(folder, settings, bundle)
        # When what takes long was last asked for, by the name of the request.
        self._begun_s: dict[str, float] = {}
        if not self._asked.is_empty:
            self._retune()

    def follow(
        self, settings: Settings, bundle: Bundle, ears: Sequence[tuple[Source, Ear]]
    ) -> None:
        """Go on with others; see `__init__`."""
        self._ontology, self._ears = bundle.heard_ontology, tuple(ears)
        self._asked.follow(settings, bundle)
        self._retune()

    def requests(self) -> Mapping[str, Request]:
        """Every request by its name."""
        return {
            "ping": Request(model=NoData, act=self._ping),
            "snapshot": Request(model=NoData, act=self._snapshot),
            "recent_events": Request(model=RecentEventsData, act=self._recent_events),
            "mute": Request(model=MuteData, act=self._set_mute),
            "set_threshold": Request(model=SetThresholdData, act=self._set_threshold),
            "self_test": Request(model=NoData, act=self._self_test),
            "delete_clip": Request(model=DeleteClipData, act=self._delete_clip),
            "reload": Request(model=NoData, act=self._ask_for_reload),
        }

    def _ping(self, _: NoData, _by: str) -> Data:
        return {
            "node": self._node,
            "version": __version__,
            "at": rfc3339(self._clock.wall_s()),
        }

    def _snapshot(self, _: NoData, _by: str) -> Data:
        return {
            "at": rfc3339(self._clock.wall_s()),
            "sources": {source.name: _seen(source, ear) for source, ear in self._ears},
        }

    def _recent_events(self, wanted: RecentEventsData, _by: str) -> Data:
        if wanted.node is not None:
            self._ontology.node(wanted.node)
        found = self._events.find(
            EventFilter(
                node=wanted.node,
                source=wanted.source,
                since_s=wanted.since,
                until_s=wanted.until,
                critical=wanted.critical,
            ),
            limit=wanted.limit,
        )
        return {"events": found}

    def _set_mute(self, wanted: MuteData, by: str) -> Data:
        self._mute.set(wanted.for_s, by=by)
        payload = self._mute.payload()
        return {"muted": payload.muted, "until": payload.until, "critical": payload.critical}

    def _set_threshold(self, wanted: SetThresholdData, by: str) -> Data:
        self._asked.ask(wanted, by=by)
        self._retune()
        sources: dict[str, Any] = {}
        for source, _ in self._ears:
            numbers = self._asked.at(source.name, wanted.node)
            if numbers is not None:
                sources[source.name] = {"on": numbers.on, "off": numbers.off}
        return {"node": wanted.node, "sources": sources}

    def _delete_clip(self, wanted: DeleteClipData, by: str) -> Data:
        is_deleted = self._clips.delete(wanted.event_id)
        if is_deleted:
            _logger.warning("the clip of %s is deleted, asked for by %s", wanted.event_id, by)
        return {"event_id": wanted.event_id, "deleted": is_deleted}

    def _self_test(self, _: NoData, _by: str) -> Data:
        self._begin_seldom("self_test")
        health = self._self_check.run_now()
        if not health.passed:
            raise RequestError(self._self_check.problem or "the model fails its self-test")
        return {"at": health.at, "passed": health.passed, "deviation": health.deviation}

    def _ask_for_reload(self, _: NoData, by: str) -> Data:
        self._begin_seldom("reload")
        try:
            load_settings(self._where)  # whoever asks is told what is wrong with them
        except SettingsError as error:
            if by != MQTT:
                raise
            _logger.error("settings that %s wants read again cannot work:\n     %s", by, error)  # noqa: TRY400 - no bug
            raise RequestError(
                f"the settings have {len(error.faults)} faults; on their machine `aed check` and "
                f"the log of aed say which"
            ) from error
        self._reload.set()
        return {}

    def _begin_seldom(self, name: str) -> None:
        """Note that what takes long begins.

        Raises:
            RequestError: it has begun a moment ago.
        """
        now_s = self._clock.boottime_s()
        begun_s = self._begun_s.get(name)
        if begun_s is not None and now_s - begun_s < SELDOM_S:
            raise RequestError(f"wanted {SELDOM_S:.0f} s between two requests {name}")
        self._begun_s[name] = now_s

    def _retune(self) -> None:
        for source, ear in self._ears:
            ear.retune(self._asked.layer(source.name))


def _seen(source: Source, ear: Ear) -> Data:
    seen = ear.glance.see(SNAPSHOT_NODES)
    if seen is None:
        return {"state": source.state, "age_s": None, "level_dbfs": None, "nodes": []}
    return {
        "state": source.state,
        "age_s": round(seen.age_s, 1),
        "level_dbfs": round(seen.level_dbfs, 1),
        "nodes": [
            {"node": node, "posterior": round(posterior, 4)} for node, posterior in seen.nodes
        ],
    }
