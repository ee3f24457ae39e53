"""Requests that the local page needs, answered at the control socket alone.

They look, and keep what a person says was wrong; none of them changes what is heard or told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from aed.bundle import Bundle
from daemon.clips.folder import ClipFolder
from daemon.clocks import Clock, rfc3339
from daemon.ears.ear import Ear
from daemon.errors import RequestError
from daemon.health.health import Health
from daemon.requests.data import NoData
from daemon.requests.event_store import EventStore
from daemon.requests.handler import Data, Request
from daemon.requests.mute import Mute
from daemon.settings.models import Settings
from daemon.sources.source import Source
from daemon.viewing.data import EventData, MistakeData
from daemon.viewing.live_feed import LiveFeed
from daemon.viewing.log_tail import LogTail
from daemon.viewing.mistakes import Mistakes
from daemon.viewing.self_description import described

MOST_SUPPRESSED = 40


class PageActions:
    """Does what the page asks for."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        *,
        where: Path,
        ears: Sequence[tuple[Source, Ear]],
        folder: Path,
        feed: LiveFeed,
        health: Health,
        mute: Mute,
        events: EventStore,
        log: LogTail,
        clock: Clock,
    ) -> None:
        """Take the parts.

        Args:
            settings: those in use.
            bundle: the one in use.
            where: the settings' file.
            ears: each source with the ear that hears it.
            folder: the state directory.
            feed: what is heard now.
            health: how everything is.
            mute: silences alerts.
            events: what was heard.
            log: the latest lines of it.
            clock: the machine's clocks.
        """
        self._settings, self._bundle, self._ears = settings, bundle, tuple(ears)
        self._where = where
        self._clips = ClipFolder(folder)
        self._mistakes = Mistakes(folder)
        self._feed = feed
        self._health = health
        self._mute = mute
        self._events = events
        self._log = log
        self._clock = clock

    def follow(
        self, settings: Settings, bundle: Bundle, ears: Sequence[tuple[Source, Ear]]
    ) -> None:
        """Go on with others; see `__init__`."""
        self._settings, self._bundle, self._ears = settings, bundle, tuple(ears)
        self._feed.follow(ears)

    def requests(self) -> Mapping[str, Request]:
        """Every request by its name."""
        return {
            "subscribe": Request(model=NoData, act=self._subscribe),
            "describe": Request(model=NoData, act=self._describe),
            "status": Request(model=NoData, act=self._status),
            "suppressed": Request(model=NoData, act=self._suppressed),
            "log": Request(model=NoData, act=self._tail),
            "clip": Request(model=EventData, act=self._clip),
            "note_mistake": Request(model=MistakeData, act=self._note_mistake),
            "mistakes": Request(model=NoData, act=self._list_mistakes),
        }

    def _subscribe(self, _: NoData, _by: str) -> Data:
        self._feed.subscribe()
        return {}

    def _describe(self, _: NoData, _by: str) -> Data:
        return described(self._settings, self._bundle, self._ears)

    def _status(self, _: NoData, _by: str) -> Data:
        return {
            "health": asdict(self._health.payload()),
            "broker_connected": self._health.is_broker_connected,
            "mute": asdict(self._mute.payload()),
        }

    def _suppressed(self, _: NoData, _by: str) -> Data:
        found = [
            (began_s, source.name, each)
            for source, ear in self._ears
            for each, began_s in ear.recently_suppressed()
        ]
        found.sort(key=lambda each: -each[0])
        return {
            "suppressed": [
                {
                    "source": source,
                    "node": each.node,
                    "path": self._bundle.heard_ontology.path(each.node),
                    "at": rfc3339(began_s),
                    "duration_s": round(each.gone_s - each.onset_s, 1),
                    "peak": round(each.peak, 4),
                    "cause": each.cause,
                    "reason": each.reason,
                }
                for began_s, source, each in found[:MOST_SUPPRESSED]
            ]
        }

    def _tail(self, _: NoData, _by: str) -> Data:
        return {"lines": self._log.lines()}

    def _clip(self, wanted: EventData, _by: str) -> Data:
        path = self._clips.find(wanted.event_id)
        if path is None:
            raise RequestError("of this event there is no clip")
        event = self._events.of(wanted.event_id) or {}
        return {
            "path": str(path),
            "settings": str(self._where),
            "bundle": str(self._bundle.path),
            "at_s": self._moment_s(event),
        }

    def _moment_s(self, event: Mapping[str, Any]) -> float:
        """When in its clip something was recognised."""
        before_s = 0.0 if self._settings.clips is None else self._settings.clips.before_s
        try:
            began, known = (
                datetime.fromisoformat(event[name]) for name in ("started_at", "detected_at")
            )
        except (KeyError, TypeError, ValueError):
            return before_s
        return before_s + max(0.0, (known - began).total_seconds())

    def _note_mistake(self, wanted: MistakeData, by: str) -> Data:
        if wanted.label is not None:
            self._bundle.heard_ontology.node(wanted.label)
        event: dict[str, Any] = {}
        if wanted.event_id is not None:
            found = self._events.of(wanted.event_id)
            if found is None:
                raise RequestError("there is no such event, or it is remembered no more")
            event = found
        clip = None if wanted.event_id is None else self._clips.find(wanted.event_id)
        source = wanted.source or event.get("source")
        names = [each.name for each, _ in self._ears]
        if wanted.source is not None and wanted.source not in names:
            raise RequestError(f"source: wanted one of {', '.join(names)}, found another")
        at = event.get("started_at") if wanted.at is None else rfc3339(wanted.at)
        self._mistakes.note(
            {
                "path": None if clip is None else f"{clip.parent.name}/{clip.name}",
                "label": wanted.label,
                "split": "train",
                "use": "research",
                "source": f"home:{self._settings.node}",
                "group": f"home:{self._settings.node}:{source}",
                "licence": "own recording",
                "duration_s": event.get("duration_s"),
                "kind": wanted.kind,
                "event_id": wanted.event_id,
                "heard": event.get("path"),
                "score": event.get("score"),
                "at": at,
                "noted_at": rfc3339(self._clock.wall_s()),
                "note": wanted.note,
                "by": by,
            }
        )
        return {"has_clip": clip is not None}

    def _list_mistakes(self, _: NoData, _by: str) -> Data:
        names = ("kind", "event_id", "label", "at", "noted_at")
        rows = self._mistakes.read()[-500:]
        return {"mistakes": [{name: row.get(name) for name in names} for row in rows]}
