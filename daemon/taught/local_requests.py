"""Requests that only the control socket brings: what is taught here, and the sound of a source.

Neither is for the network: whoever may read the control socket may read the microphone too.
"""

import base64
import logging
from collections.abc import Mapping, Sequence

from pydantic import Field, StrictBool

from aed.bundle import Bundle
from aed.taught.learning import Lesson
from daemon.ears.ear import Ear
from daemon.errors import RequestError
from daemon.requests.handler import Data, Request
from daemon.settings.models import Name, NodeId
from daemon.settings.part import SettingsPart
from daemon.sources.source import Source
from daemon.taught.store import TaughtStore, Wish
from ontology.spelling import advice

_logger = logging.getLogger(__name__)

LONGEST_NAME = 100


class NothingMore(SettingsPart):
    """Of `taught`: nothing."""


class TeachData(SettingsPart):
    """Of `teach`: a sound whose recordings lie prepared in the state directory."""

    id: NodeId = Field(description="an id of small letters, digits and _")
    name: str = Field(
        strict=True,
        min_length=1,
        max_length=LONGEST_NAME,
        description=f"a name of 1 to {LONGEST_NAME} characters",
    )
    under: NodeId = Field(description="the id of a node (`aed ontology show` lists them)")
    alert: StrictBool = Field(default=True, description="true, or false for events alone")
    raised_by: float = Field(
        default=0.0, strict=True, ge=0, le=2, description="a cosine from 0 to 2"
    )


class ForgetData(SettingsPart):
    """Of `forget`."""

    id: NodeId = Field(description="the id of a taught sound")


class SoundData(SettingsPart):
    """Of `sound`."""

    source: Name | None = Field(
        default=None, description="the name of a source, or null for the only one"
    )
    since: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=2**53,
        description="the sample after the last one that was given, or null to begin",
    )


class LocalRequests:
    """Does what is asked for on this machine."""

    def __init__(
        self, store: TaughtStore, bundle: Bundle, ears: Sequence[tuple[Source, Ear]]
    ) -> None:
        """Take the parts.

        Args:
            store: the taught sounds.
            bundle: the one in use.
            ears: each source with the ear that hears it.
        """
        self._store = store
        self.follow(bundle, ears)

    def follow(self, bundle: Bundle, ears: Sequence[tuple[Source, Ear]]) -> None:
        """Go on with others; see `__init__`."""
        self._bundle, self._ears = bundle, tuple(ears)

    def requests(self) -> Mapping[str, Request]:
        """Every request by its name."""
        return {
            "taught": Request(model=NothingMore, act=self._taught),
            "teach": Request(model=TeachData, act=self._teach),
            "forget": Request(model=ForgetData, act=self._forget),
            "sound": Request(model=SoundData, act=self._sound),
        }

    def _taught(self, _: NothingMore, _by: str) -> Data:
        return {
            "state": str(self._store.folder.path.parent.absolute()),
            "bundle": str(self._bundle.path.absolute()),
            "sounds": [listed(each.model_dump()) for each in self._store.entries],
        }

    def _teach(self, wanted: TeachData, _by: str) -> Data:
        wish = Wish(
            id=wanted.id,
            name=wanted.name,
            under=wanted.under,
            is_alert=wanted.alert,
            raised_by=wanted.raised_by,
        )
        return {"id": wanted.id, **told(self._store.teach(wish, self._bundle))}

    def _forget(self, wanted: ForgetData, _by: str) -> Data:
        self._store.forget(wanted.id)
        return {"id": wanted.id}

    def _sound(self, wanted: SoundData, by: str) -> Data:
        ears = {source.name: (source, ear) for source, ear in self._ears}
        names = ", ".join(ears)
        if wanted.source is None and len(ears) > 1:
            raise RequestError(f"source: there are several, name one of {names}")
        name = next(iter(ears)) if wanted.source is None else wanted.source
        if name not in ears:
            raise RequestError(
                f"source: there is no {name!r}; {advice(name, ears, f'there are {names}')}"
            )
        source, ear = ears[name]
        if wanted.since is None:
            _logger.warning("%s asks for the sound of source %s, to record it", by, name)
        tapped = ear.tap.read(wanted.since)
        return {
            "source": name,
            "state": source.state,
            "begin": tapped.begin_sample,
            "end": tapped.begin_sample + len(tapped.samples),
            "pcm": base64.b64encode(tapped.samples.astype("<i2").tobytes()).decode(),
        }


def told(lesson: Lesson) -> Data:
    """A lesson for whoever gave it."""
    return {
        "threshold": round(lesson.threshold, 3),
        "margin": round(lesson.margin, 3),
        "cosines": [round(each, 3) for each in lesson.cosines],
    }


def listed(entry: Mapping[str, object]) -> Data:
    """A taught sound for a list: all of it but its numbers that tell nobody anything."""
    return {key: value for key, value in entry.items() if key != "prototype"}
