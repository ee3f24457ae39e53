"""Settings of Home Assistant's discovery."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from daemon.settings.part import SettingsPart

MAX_TOPIC_CHARACTERS = 256

_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def _is_topic(topic: str) -> str:
    """Check that it can be published to, and is none of the broker's own."""
    if any(character in "#+" or not character.isprintable() for character in topic):
        raise ValueError("wanted a topic without #, + and control characters, found one with them")
    if topic.startswith(("/", "$")) or topic.endswith("/"):
        raise ValueError("wanted a topic that begins with neither / nor $ and ends without /")
    return topic


Topic = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_TOPIC_CHARACTERS),
    AfterValidator(_is_topic),
]


class HomeAssistantSettings(SettingsPart):
    """What to tell Home Assistant of this aed, so that it makes entities by itself."""

    enabled: StrictBool = Field(
        default=True, description="true, or false to take this aed out of Home Assistant"
    )
    prefix: Topic = Field(
        default="homeassistant",
        description="Home Assistant's discovery prefix, a topic such as homeassistant",
    )
    birth_topic: Topic = Field(
        default="homeassistant/status",
        description="Home Assistant's birth topic, such as homeassistant/status",
    )
    language: Annotated[str, StringConstraints(strict=True, pattern=_LANGUAGE)] = Field(
        default="en", description="a language tag such as en or de"
    )
