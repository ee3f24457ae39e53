"""Settings for a new home: the example with its comments, a few answers filled in.

The example is the only text there is, so that what it explains cannot drift from what is written.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from daemon.settings.models import (
    CommandSettings,
    FileSettings,
    MicrophoneSettings,
    MqttSettings,
    RtspSettings,
    SourceSettings,
)

_PLACES = (
    Path(__file__).parents[1] / "settings.example.yaml",
    Path(__file__).parents[2] / "systemd" / "settings.example.yaml",
)
"""Where the example lies: in what is installed, and in a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What nobody but the user knows; all of it validated.

    Attributes:
        node: name of the machine on MQTT.
        mqtt: where the broker is, and as whom to log in; paths as they shall be written.
        source: what to listen to.
        classes: nodes with topics of their own; None for all that can alert.
    """

    node: str
    mqtt: MqttSettings
    source: SourceSettings
    classes: tuple[str, ...] | None = None


def example() -> str:
    """The example settings with all their comments."""
    return next(path for path in _PLACES if path.is_file()).read_text(encoding="utf-8")


def draft(answers: Answers) -> str:
    """Write settings.

    Args:
        answers: what to fill in.

    Returns:
        YAML: the example, in which the keys that the answers are about have their values.
    """
    page = _Page(example())
    page.put("", "node", answers.node)
    mqtt = answers.mqtt
    page.put("mqtt", "host", mqtt.host)
    for key in ("port", "username", "password_file"):
        value = getattr(mqtt, key)
        if value != MqttSettings.model_fields[key].default:
            page.put("mqtt", key, value)
    if mqtt.tls is not None:
        page.uncomment("mqtt", r"tls:")
        for key, path in mqtt.tls:
            if path is not None:
                page.put("mqtt", key, str(path))
    _put_source(page, answers.source)
    if answers.classes is not None:
        page.put("", "classes", list(answers.classes))
    return page.text


def _put_source(page: "_Page", source: SourceSettings) -> None:
    if isinstance(source, MicrophoneSettings):
        page.put("sources", "device", source.device)
        return
    page.comment("sources", r"- name: mic$")
    if isinstance(source, CommandSettings):
        page.uncomment("sources", r"- name: hall$")
        page.put("sources", "command", shlex.join(source.command))
        page.put("sources", "sample_rate_hz", source.sample_rate_hz, after="command")
    elif isinstance(source, RtspSettings):
        page.uncomment("sources", r"- name: porch$")
        page.put("sources", "url", source.url)
    elif isinstance(source, FileSettings):
        page.uncomment("sources", r"- name: recording$")
        page.put("sources", "path", str(source.path))


class _Page:
    """Lines of the example; every change fails if the example is not as it is expected to be."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def put(self, section: str, key: str, value: object, *, after: str = "") -> None:
        """Give a key a value, whether it stands there or is commented out.

        Args:
            section: the key at the left margin below which it stands; empty for the margin itself.
            key: the key.
            value: the value.
            after: a key that must stand before it; else the first one of its name that is no
                comment, or the first.
        """
        begin, end = self._bounds(section)
        if after:
            begin = self._find(begin, end, rf"^ *{after}:")
        pattern = rf"^( *){{}}({re.escape(key)}):(?: |$)"
        try:
            number = self._find(begin, end, pattern.format(""))
        except LookupError:
            number = self._find(begin, end, pattern.format("#"))
        line = self._lines[number]
        indent = line[: len(line) - len(line.lstrip(" "))]
        self._lines[number] = f"{indent}{key}: {_scalar(value)}"

    def uncomment(self, section: str, first: str) -> None:
        """Bring to life the commented block whose first line matches."""
        begin, end = self._bounds(section)
        number = self._find(begin, end, rf"^ *#{first}")
        column = self._lines[number].index("#")
        while number < end and self._lines[number][column : column + 1] == "#":
            line = self._lines[number]
            # What is a comment within the block stays one.
            self._lines[number] = line[:column] + line[column + 1 :]
            number += 1
            if number < end and not re.match(r" *#  ", self._lines[number]):
                break

    def comment(self, section: str, first: str) -> None:
        """Make a comment of the block, up to an empty line, whose first line matches."""
        begin, end = self._bounds(section)
        number = self._find(begin, end, rf"^ *{first}")
        column = self._lines[number].index("-")
        while number < end and self._lines[number].strip():
            line = self._lines[number]
            self._lines[number] = f"{line[:column]}#{line[column:]}"
            number += 1

    def _bounds(self, section: str) -> tuple[int, int]:
        """Lines of a section, from the one after its key to the next key at the margin."""
        if not section:
            return 0, len(self._lines)
        begin = self._find(0, len(self._lines), rf"^{section}:$") + 1
        end = next(
            (n for n in range(begin, len(self._lines)) if re.match(r"[^ ]", self._lines[n])),
            len(self._lines),
        )
        return begin, end

    def _find(self, begin: int, end: int, pattern: str) -> int:
        for number in range(begin, end):
            if re.search(pattern, self._lines[number]):
                return number
        raise LookupError(f"the example settings have no line {pattern!r}")


def _scalar(value: object) -> str:
    """A value on one line."""
    text = _dumped(value, None)
    return text if text.isprintable() else _dumped(value, '"')


def _dumped(value: object, style: str | None) -> str:
    text: str = yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, default_style=style, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...")
