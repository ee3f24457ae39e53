"""What Home Assistant was told of this aed, in a file of the state directory.

What is there no more has to be taken back by its name; a broker may have forgotten it while Home
Assistant has not.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from daemon.discovery.payload import sound_platforms
from daemon.state_file import read_state, write_state

_logger = logging.getLogger(__name__)

FILE_NAME = "discovery.json"

MAX_GONE = 200
"""The newest that were taken back; Home Assistant may have been away then."""


class DiscoveryMemory:
    """Platforms by their keys: of what is described on a topic, and of what was."""

    def __init__(self, folder: Path) -> None:
        """Read what former runs have told; a file that cannot be read told nothing.

        Args:
            folder: the state directory.
        """
        self._path = folder / FILE_NAME
        self._topic = ""
        self._told: dict[str, str] = {}
        self._gone: dict[str, str] = {}
        try:
            stored = read_state(self._path)
        except (OSError, ValueError) as error:
            _logger.warning("%s cannot be read: %s", self._path, error)
            return
        self._topic = str(stored.get("topic", ""))
        self._told = sound_platforms(stored.get("told"))
        self._gone = sound_platforms(stored.get("gone"))

    def platforms_at(self, topic: str) -> dict[str, str]:
        """Platform, by its key, of what is described on a topic or once was, the oldest first."""
        return {**self._gone, **self._told} if topic == self._topic else {}

    def note_found(self, topic: str, platforms: Mapping[str, str]) -> bool:
        """Take into account what a broker still has.

        Args:
            topic: where it was found.
            platforms: platform of each component by its key.

        Returns:
            Whether anything in it was unknown.
        """
        known = self.platforms_at(topic)
        unknown = {key: name for key, name in platforms.items() if key not in known}
        if unknown:
            self._keep(topic, self._told if topic == self._topic else {}, {**known, **unknown})
        return bool(unknown)

    def note_told(self, topic: str, platforms: Mapping[str, str]) -> None:
        """Remember what is described from now on, before anybody can read it.

        Args:
            topic: where.
            platforms: platform of each entity by its key.
        """
        self._keep(topic, dict(platforms), self.platforms_at(topic))

    def has_gone(self, topic: str) -> bool:
        """Whether anything that was described on a topic is there no more."""
        return topic == self._topic and bool(self._gone)

    def forget_gone(self) -> None:
        """Forget what is there no more: nobody has it any longer."""
        self._keep(self._topic, self._told, {})

    def _keep(self, topic: str, told: dict[str, str], once: dict[str, str]) -> None:
        gone = [(key, name) for key, name in once.items() if key not in told]
        before = (self._topic, self._told, self._gone)
        self._topic, self._told, self._gone = topic, told, dict(gone[-MAX_GONE:])
        if (self._topic, self._told, self._gone) != before:
            self._save()

    def _save(self) -> None:
        content = {"topic": self._topic, "told": self._told, "gone": self._gone}
        try:
            write_state(self._path, content)
        except OSError as error:
            _logger.warning("%s cannot be written: %s", self._path, error.strerror)
