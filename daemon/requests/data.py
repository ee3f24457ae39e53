"""What each request takes, as strict models; descriptions complete "wanted …, found …"."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from daemon.requests.mute import LONGEST_S
from daemon.settings.models import Name, NodeId
from daemon.settings.part import SettingsPart

MAX_EVENTS = 100
LEAST_ON, MOST_ON = 0.05, 0.99
"""Bounds of any threshold that is asked for: beyond them everything sounds, or nothing."""

_A_NODE = "the id of a node (`aed ontology show` lists them)"
_A_SOURCE = "the name of a source"
_A_TIME = "a time such as 2026-11-22T18:30:16Z"


def _wall_s(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic wants this error
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("without its offset from UTC")
    return moment.timestamp()


WallTime = Annotated[float, BeforeValidator(_wall_s)]
"""RFC 3339 as it is asked for, seconds since the epoch as it is used."""


class NoData(SettingsPart):
    """Of `ping`, `self_test`, `reload` and `snapshot`: nothing."""


class MuteData(SettingsPart):
    """Of `mute`."""

    for_s: float = Field(
        strict=True, ge=0, le=LONGEST_S, description=f"a number of seconds from 0 to {LONGEST_S:g}"
    )


class RecentEventsData(SettingsPart):
    """Of `recent_events`: which of them; what is left out does not matter."""

    limit: int = Field(
        default=20,
        strict=True,
        ge=1,
        le=MAX_EVENTS,
        description=f"a whole number from 1 to {MAX_EVENTS}",
    )
    node: NodeId | None = Field(default=None, description=f"{_A_NODE}, or null")
    source: Name | None = Field(default=None, description=f"{_A_SOURCE}, or null")
    since: WallTime | None = Field(default=None, description=f"{_A_TIME}, or null")
    until: WallTime | None = Field(default=None, description=f"{_A_TIME}, or null")
    critical: StrictBool | None = Field(default=None, description="true, false or null")


class DeleteClipData(SettingsPart):
    """Of `delete_clip`."""

    event_id: str = Field(
        strict=True, max_length=100, description="the event_id of an event, as its messages have it"
    )


class SetThresholdData(SettingsPart):
    """Of `set_threshold`."""

    node: NodeId = Field(description=_A_NODE)
    on: float | None = Field(
        strict=True,
        ge=LEAST_ON,
        le=MOST_ON,
        description=f"a number from {LEAST_ON} to {MOST_ON}, or null to take back what was set",
    )
    off: float | None = Field(
        default=None,
        strict=True,
        ge=LEAST_ON / 2,
        le=MOST_ON,
        description=f"a number from {LEAST_ON / 2} to {MOST_ON}, or null",
    )
    source: Name | None = Field(default=None, description=f"{_A_SOURCE}, or null for all of them")

    @model_validator(mode="after")
    def _off_goes_with_on(self) -> "SetThresholdData":
        if self.off is not None and self.on is None:
            raise ValueError("off needs its on beside it; on: null takes both back")
        if self.on is not None and self.off is not None and self.off > self.on:
            raise ValueError(f"off must not be above on, found off {self.off} and on {self.on}")
        return self
