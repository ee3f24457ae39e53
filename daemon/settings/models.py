"""Settings of `aed run` as validated, immutable values.

A secret is never part of them: `password_file` names where one lies (see
`daemon.settings.credentials`).
Each description completes the sentence "wanted …, found …" of a fault.
"""

import shlex
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from daemon.settings.clips import ClipSettings
from daemon.settings.heartbeat import HeartbeatSettings
from daemon.settings.home_assistant import HomeAssistantSettings
from daemon.settings.metrics import MetricsSettings
from daemon.settings.part import SettingsPart
from daemon.settings.requests import MuteSettings, RequestSettings
from daemon.settings.thresholds import ThresholdSettings
from daemon.settings.web import WebSettings
from daemon.sources.rtsp import is_camera_url

MAX_SOURCES = 16

Name = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"),
]
NodeId = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=4096, pattern=r"^[^\x00]*$")
]


def _without_nul(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("wanted a path, found one with a NUL in it")
    return path


FilePath = Annotated[Path, AfterValidator(_without_nul)]


class TlsSettings(SettingsPart):
    """Encryption of the connection to the broker; an empty mapping turns it on."""

    ca_file: FilePath | None = Field(
        default=None, description="the path of a PEM file (null: the system's authorities)"
    )
    certificate_file: FilePath | None = Field(
        default=None, description="the path of a PEM file, or null"
    )
    key_file: FilePath | None = Field(default=None, description="the path of a PEM file, or null")

    @model_validator(mode="after")
    def _key_belongs_to_a_certificate(self) -> "TlsSettings":
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file needs its certificate_file beside it")
        return self


class MqttSettings(SettingsPart):
    """Where the broker is, and as whom to log in."""

    host: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253)] = Field(
        description="the broker's host name or address"
    )
    port: int = Field(
        default=1883, strict=True, ge=1, le=65535, description="a whole number from 1 to 65535"
    )
    username: Text | None = Field(default=None, description="a name, or null to log in without one")
    password_file: Text | None = Field(
        default=None, description="the path of a file, or the name of a systemd credential, or null"
    )
    tls: TlsSettings | None = Field(
        default=None, description="a mapping with ca_file, certificate_file, key_file, or null"
    )
    keepalive_s: int = Field(
        default=30,
        strict=True,
        ge=5,
        le=3600,
        description="a whole number of seconds from 5 to 3600",
    )

    @field_validator("host")
    @classmethod
    def _host_can_be_looked_up(cls, host: str) -> str:
        try:
            host.encode("idna")
        except UnicodeError:
            host = ""
        if not host or any(character.isspace() or character in "/@" for character in host):
            raise ValueError("wanted the broker's host name or address alone")
        return host

    @model_validator(mode="after")
    def _password_belongs_to_a_name(self) -> "MqttSettings":
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username beside it")
        return self


class _SourceSettings(SettingsPart):
    name: Name = Field(
        description="a name of letters, digits, - and _ (it becomes part of MQTT topics)"
    )
    channels: int = Field(
        default=1, strict=True, ge=1, le=8, description="how many channels to record, from 1 to 8"
    )
    channel: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=7,
        description="the number of the one channel to listen to, from 0, or null for their mean",
    )

    @model_validator(mode="after")
    def _channel_is_one_of_the_channels(self) -> "_SourceSettings":
        if self.channel is not None and self.channel >= self.channels:
            raise ValueError(
                f"channel counts from 0, so with channels: {self.channels} it is at most "
                f"{self.channels - 1}, found {self.channel}"
            )
        return self


class MicrophoneSettings(_SourceSettings):
    """A sound device of this machine, recorded by PortAudio."""

    kind: Literal["microphone"]
    device: Text = Field(default="default", description="a stable name as `aed devices` prints it")
    sample_rate_hz: int | None = Field(
        default=None,
        strict=True,
        ge=8000,
        le=192_000,
        description="a rate from 8000 to 192000 Hz, or null for the device's own",
    )


class CommandSettings(_SourceSettings):
    """Any program that writes raw signed 16-bit little-endian PCM to its standard output."""

    kind: Literal["command"]
    command: Annotated[
        tuple[Text, ...],
        BeforeValidator(lambda given: _split(given) if isinstance(given, str) else given),
        Field(min_length=1),
    ] = Field(description="a command line, or a list of its words")
    sample_rate_hz: int = Field(
        strict=True,
        ge=8000,
        le=192_000,
        description="the rate at which the command writes, from 8000 to 192000 Hz",
    )


class RtspSettings(_SourceSettings):
    """A network camera, whose sound ffmpeg brings."""

    kind: Literal["rtsp"]
    url: Text = Field(description="an address such as rtsp://user:password@camera/stream")

    @field_validator("url")
    @classmethod
    def _url_names_a_camera(cls, url: str) -> str:
        if not is_camera_url(url):
            raise ValueError("wanted an address such as rtsp://camera/stream, found something else")
        return url


class FileSettings(SettingsPart):
    """A recording, played as if it were being heard; to try things out."""

    kind: Literal["file"]
    name: Name = Field(
        description="a name of letters, digits, - and _ (it becomes part of MQTT topics)"
    )
    path: FilePath = Field(description="the path of a sound file")
    pace: Literal["realtime", "fast"] = Field(default="realtime", description="realtime or fast")
    repeat: StrictBool = Field(default=False, description="true to begin again at its end")


SourceSettings = Annotated[
    MicrophoneSettings | CommandSettings | RtspSettings | FileSettings, Field(discriminator="kind")
]


class Settings(SettingsPart):
    """Everything `aed run` is told."""

    node: Name = Field(
        description="a name of letters, digits, - and _ (topics begin with aed/<node>)"
    )
    bundle: FilePath | None = Field(
        default=None,
        description="the path of a bundle folder, or null for the installed or shipped one",
    )
    mqtt: MqttSettings = Field(description="a mapping with at least host")
    sources: tuple[SourceSettings, ...] = Field(
        min_length=1, max_length=MAX_SOURCES, description=f"a list of 1 to {MAX_SOURCES} sources"
    )
    thresholds: dict[NodeId, ThresholdSettings] = Field(
        default_factory=dict, description="a mapping from node ids to on, off, dwell_s, hold_s"
    )
    classes: tuple[NodeId, ...] | None = Field(
        default=None, description="a list of node ids, or null for every node with an alert policy"
    )
    taught_classes: tuple[NodeId, ...] = Field(
        default=(), description="a list of ids of taught sounds"
    )
    second_look: StrictBool = Field(
        default=True,
        description="true, or false to report critical sounds without the model's second look",
    )
    heartbeat: HeartbeatSettings | None = Field(
        default=None, description="a mapping with url and every_s, or null for none"
    )
    metrics: MetricsSettings | None = Field(
        default=None, description="a mapping with port and address, or null for none"
    )
    clips: ClipSettings | None = Field(
        default=None,
        description="a mapping (empty: the defaults) with before_s, after_s, longest_s, max_mb, "
        "max_age_days and speech, or null to record nothing",
    )
    mute: MuteSettings = Field(default=MuteSettings(), description="a mapping with critical")
    requests: RequestSettings = Field(
        default=RequestSettings(), description="a mapping with set_threshold"
    )
    home_assistant: HomeAssistantSettings = Field(
        default=HomeAssistantSettings(),
        description="a mapping with enabled, prefix, birth_topic, language",
    )
    web: WebSettings | None = Field(
        default=None,
        description="a mapping (empty: the defaults) with port, address and password_file, or null "
        "for no page",
    )
    runtime_directory: FilePath | None = Field(
        default=None,
        description="the path of a folder for the control socket, or null for systemd's",
    )
    state_directory: FilePath | None = Field(
        default=None, description="the path of a folder, or null for systemd's, else /var/lib/aed"
    )

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each source needs its own name, found twice: {', '.join(twice)}")
        return sources

    def threshold_layer(self) -> dict[str, dict[str, float]]:
        """Thresholds that are set here, as `aed.thresholds.resolve` takes them."""
        return {
            node: numbers.model_dump(exclude_none=True) for node, numbers in self.thresholds.items()
        }


def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError as error:  # an open quote
        raise ValueError(f"wanted a command line, found one that does not end: {error}") from error
