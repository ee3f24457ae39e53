"""The five questions of `aed init`: answered by arguments, a person, or defaults."""

import argparse
import getpass
import ipaddress
import re
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

import ontology
from aed.commands.init import PASSWORD_NAME
from daemon.settings.draft import Answers
from daemon.settings.models import (
    CommandSettings,
    FileSettings,
    MicrophoneSettings,
    MqttSettings,
    Name,
    RtspSettings,
    SourceSettings,
    TlsSettings,
)
from daemon.sources.devices import DeviceProblemError, list_devices, load_portaudio
from ontology.spelling import advice

TLS_PORT = 8883

_PASSWORD = "password"  # noqa: S105 - the word

_Answer = TypeVar("_Answer")


class NoAnswerError(Exception):
    """What was given is no answer; the text says what would be one, and shows no secret."""


def gather(arguments: argparse.Namespace, *, folder: Path) -> tuple[Answers, str | None]:
    """Find the answers to all questions.

    Args:
        arguments: what was given on the command line.
        folder: where the settings will lie.

    Returns:
        The answers, and the password to write beside the settings, if one was given.

    Raises:
        NoAnswerError: an argument is no answer.
        EOFError: the terminal was closed before the last answer.
    """
    person = _Person(is_there=sys.stdin.isatty() and not arguments.password_stdin)
    node = person.ask("Name of this machine on MQTT", arguments.node, _host_slug(), parse_node)
    source = _ask_source(person, arguments)
    host, port = person.ask("MQTT broker, host or host:port", arguments.broker, "127.0.0.1",
                            parse_broker)  # fmt: skip
    username = person.ask(
        "User of the broker (none: log in without)", arguments.username, "", lambda given: given
    )
    password = _ask_password(person, arguments, username)
    classes = person.ask(
        "Sounds with topics of their own (ids of `aed ontology show`, or all that can alert)",
        arguments.classes,
        "all",
        parse_classes,
    )
    tls = None
    if arguments.tls or arguments.ca_file or port == TLS_PORT:
        ca_file = None if arguments.ca_file is None else Path(arguments.ca_file).absolute()
        tls = TlsSettings(ca_file=ca_file)
    has_password = password is not None or (folder / PASSWORD_NAME).is_file()
    mqtt = MqttSettings(
        host=host,
        port=port,
        username=username or None,
        password_file=PASSWORD_NAME if username and has_password else None,
        tls=tls,
    )
    return Answers(node=node, mqtt=mqtt, source=source, classes=classes), password


class _Person:
    """Somebody at a terminal, or nobody."""

    def __init__(self, *, is_there: bool) -> None:
        self.is_there = is_there

    def ask(
        self, question: str, given: str | None, default: str, parse: Callable[[str], _Answer]
    ) -> _Answer:
        """Get an answer; a person is asked again until it is one."""
        if given is not None or not self.is_there:
            return parse(default if given is None else given.strip())
        while True:
            try:
                return parse(input(f"{question} [{default or 'none'}]: ").strip() or default)
            except NoAnswerError as error:
                print(f"  {error}")


def parse_node(given: str) -> str:
    """A node's name.

    Raises:
        NoAnswerError: it is none.
    """
    try:
        return TypeAdapter(Name).validate_python(given)
    except ValidationError:
        raise NoAnswerError(
            f"wanted a name of at most 64 letters, digits, - and _, found {given[:60]!r}"
        ) from None


def parse_broker(given: str) -> tuple[str, int]:
    """Host and port, 1883 if none is given; an IPv6 address with a port stands in brackets.

    Raises:
        NoAnswerError: it is none.
    """
    host, port = given, ""
    if bracketed := re.fullmatch(r"\[(.*)\](?::(.*))?", given):
        host, port = bracketed[1], bracketed[2] or ""
    elif given.count(":") == 1:
        host, port = given.split(":")
    try:
        if ":" in host:
            ipaddress.IPv6Address(host)
        settings = MqttSettings(host=host, port=int(port or 1883))
    except ValueError:
        raise NoAnswerError(
            f"wanted a host such as homeassistant.local or 192.168.1.2:1883, found {given[:60]!r}"
        ) from None
    return settings.host, settings.port


def parse_classes(given: str) -> tuple[str, ...] | None:
    """Ids of nodes, separated by commas or spaces; None for `all`.

    Raises:
        NoAnswerError: one is unknown; says what may have been meant.
    """
    if given == "all":
        return None
    names = tuple(dict.fromkeys(re.split(r"[,\s]+", given.strip(", "))))
    known = [node.id for node in ontology.home().nodes]
    for name in names:
        if name not in known:
            remedy = advice(name, known, "`aed ontology show` lists them")
            raise NoAnswerError(f"there is no sound {name[:60]!r}; {remedy}")
    return names


def parse_source(
    given: str, *, devices: Sequence[str] = (), rate_hz: int = 16_000
) -> SourceSettings:
    """A source by what it looks like: a number in a list, a camera's address, a command, a name.

    Args:
        given: the words.
        devices: what the numbers stand for, from 1.
        rate_hz: at which a command writes.

    Raises:
        NoAnswerError: it is none of these.
    """
    if given.isdecimal() and len(given) < 4 and 1 <= int(given) <= len(devices):  # noqa: PLR2004
        return microphone(devices[int(given) - 1])
    if given.lower().startswith(("rtsp:", "rtsps:")):
        return camera(given)
    if " " in given and given not in devices:
        return command(given, rate_hz=rate_hz)
    return microphone(given)


def microphone(name: str) -> SourceSettings:
    """A microphone of a stable name."""
    return _valid(
        lambda: MicrophoneSettings(kind="microphone", name="mic", device=name),
        "the name of a microphone as `aed devices` prints it",
    )


def camera(url: str) -> SourceSettings:
    """A camera at an address, which may be secret and is not shown."""
    return _valid(
        lambda: RtspSettings(kind="rtsp", name="porch", url=url),
        "an address such as rtsp://user:password@camera/stream",
    )


def command(line: str, *, rate_hz: int) -> SourceSettings:
    """A program and its arguments."""
    document = {"kind": "command", "name": "hall", "command": line, "sample_rate_hz": rate_hz}
    return _valid(
        lambda: CommandSettings.model_validate(document),
        "a command line that writes PCM, and its rate from 8000 to 192000 Hz",
    )


def _valid(make: Callable[[], SourceSettings], wanted: str) -> SourceSettings:
    try:
        return make()
    except ValidationError:
        raise NoAnswerError(f"wanted {wanted}, found something else") from None


def _ask_source(person: _Person, arguments: argparse.Namespace) -> SourceSettings:
    if arguments.camera is not None:
        return camera(arguments.camera)
    if arguments.line is not None:
        return command(arguments.line, rate_hz=arguments.rate)
    if arguments.recording is not None:
        path = Path(arguments.recording).absolute()
        return FileSettings(kind="file", name="recording", path=path)
    if arguments.device is not None or not person.is_there:
        return microphone(arguments.device or "default")
    devices = _microphones()
    for number, name in enumerate(devices, start=1):
        print(f"  {number}  {name}")
    return person.ask(
        "Microphone (number or name), camera (rtsp://…) or a command that writes PCM",
        None,
        devices[0] if devices else "default",
        lambda given: parse_source(given, devices=devices, rate_hz=arguments.rate),
    )


def _microphones() -> list[str]:
    try:
        return [device.stable_name for device in list_devices(load_portaudio())]
    except DeviceProblemError as error:
        print(f"  no microphone can be listed: {error}")
        return []


def _ask_password(person: _Person, arguments: argparse.Namespace, username: str) -> str | None:
    """The password of a user; None for none, or for the one that lies there already."""
    if not username:
        if arguments.password_stdin:
            raise NoAnswerError(f"a {_PASSWORD} needs a --username beside it")
        return None
    if arguments.password_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif person.is_there:
        given = getpass.getpass(f"{_PASSWORD.capitalize()} of {username} (is not shown): ")
    else:
        return None
    return given or None


def _host_slug() -> str:
    """This machine's name as far as it can be a node's."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname().split(".")[0]).strip("-_")
    return plain[:64] or "home"
