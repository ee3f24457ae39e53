"""What the requests take that are there for the local page; see `daemon.requests.data`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from daemon.requests.data import WallTime
from daemon.settings.models import Name, NodeId
from daemon.settings.part import SettingsPart

_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

EventId = Annotated[str, StringConstraints(strict=True, pattern=_ID)]


class EventData(SettingsPart):
    """Of `clip`: one event."""

    event_id: EventId = Field(description="the id of an event")


class MistakeData(SettingsPart):
    """Of `note_mistake`: what was wrong, and what was right."""

    kind: Literal["false_alarm", "missed"] = Field(description="false_alarm or missed")
    event_id: EventId | None = Field(
        default=None, description="the id of the event that was false, or null"
    )
    label: NodeId | None = Field(
        default=None, description="the id of the node that it was in truth, or null if unknown"
    )
    source: Name | None = Field(default=None, description="the name of a source, or null")
    at: WallTime | None = Field(
        default=None, description="when it was missed, as 2026-11-22T18:30:16Z, or null"
    )
    note: Annotated[str, StringConstraints(strict=True, max_length=500)] = Field(
        default="", description="a text of at most 500 characters"
    )

    @model_validator(mode="after")
    def _says_what_was_wrong(self) -> "MistakeData":
        if self.kind == "false_alarm" and self.event_id is None:
            raise ValueError("a false_alarm needs its event_id")
        if self.kind == "missed" and (self.label is None or self.at is None):
            raise ValueError("a missed sound needs its label and at: what it was, and when")
        return self
